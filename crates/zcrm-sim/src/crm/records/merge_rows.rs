//! The rows of a subform after a write.

use serde_json::Value;

use crate::json::mentioned_id;
use crate::rng::Rng;
use crate::version::Version;

/// Returns the rows of a field after a write.
///
/// An empty list clears the field. From v5 on, a row with `_delete` is removed. A row with a known
/// id is updated; other rows are added. Rows that are not mentioned are kept from v5 on and removed
/// in v2. The versions between are not documented; they are simulated as v2.
pub(crate) fn merge(
    version: Version,
    rng: &mut Rng,
    old: Vec<Value>,
    new: Vec<Value>,
) -> Vec<Value> {
    if new.is_empty() {
        return new;
    }
    let id_of = |row: &Value| row.get("id").and_then(mentioned_id);
    let mentioned: Vec<String> = new.iter().filter_map(id_of).collect();
    let is_mentioned = |row: &Value| id_of(row).is_some_and(|id| mentioned.contains(&id));
    let keep = version >= Version::V5;
    let mut rows: Vec<Value> = old.into_iter().filter(|row| keep || is_mentioned(row)).collect();
    for row in new {
        let known = id_of(&row)
            .and_then(|id| rows.iter().position(|old| id_of(old).as_deref() == Some(id.as_str())));
        match known {
            Some(place) if row.get("_delete").is_some() => {
                rows.remove(place);
            }
            Some(place) => {
                let stored = rows.get_mut(place).and_then(Value::as_object_mut);
                if let (Some(stored), Value::Object(changes)) = (stored, row) {
                    stored.extend(changes);
                }
            }
            None => {
                if let Value::Object(mut row) = row {
                    row.remove("_delete");
                    row.insert("id".into(), rng.next_id().to_string().into());
                    rows.push(Value::Object(row));
                }
            }
        }
    }
    rows
}
