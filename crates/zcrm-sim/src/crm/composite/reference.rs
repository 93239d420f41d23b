//! References to the answers of other parts: `@{id:JSONPath}`.

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Map, Value};
use serde_json_path::JsonPath;

/// The maximum length of a reference, in bytes, as in Zoho's description of the call.
const LENGTH: usize = 200;
/// The maximum number of brackets of a path that are open at the same time. The parser of paths
/// calls itself for each of them.
const DEPTH: usize = 8;

/// A reference to a value in the answer of another part.
#[derive(Debug)]
pub(super) struct Reference {
    /// The id of the part.
    pub(super) id: String,
    path: JsonPath,
}

impl Reference {
    /// Parses the text between the braces.
    fn parse(text: &str) -> Option<Self> {
        let (id, path) = text.split_once(':')?;
        if text.len() > LENGTH || depth(path) > DEPTH {
            return None;
        }
        Some(Self { id: id.to_owned(), path: JsonPath::parse(path).ok()? })
    }

    /// Returns the value that the path finds; `None` unless it finds exactly one that is not null.
    pub(super) fn value<'b>(&self, body: &'b Value) -> Option<&'b Value> {
        self.path.query(body).exactly_one().ok().filter(|value| !value.is_null())
    }
}

/// Returns how many brackets are open at the same time.
fn depth(path: &str) -> usize {
    let (mut open, mut deepest) = (0_usize, 0);
    for c in path.chars() {
        match c {
            '(' | '[' => open += 1,
            ')' | ']' => open = open.saturating_sub(1),
            _ => {}
        }
        deepest = deepest.max(open);
    }
    deepest
}

/// A piece of a text with references.
enum Piece<'t> {
    Text(&'t str),
    /// A reference with its text; `None` if it cannot be parsed.
    Reference(&'t str, Option<Reference>),
}

/// Splits a text into its pieces.
fn pieces(text: &str) -> Vec<Piece<'_>> {
    let mut pieces = Vec::new();
    let mut rest = text;
    while let Some((before, from)) =
        rest.find("@{").and_then(|start| Some((rest.get(..start)?, rest.get(start..)?)))
    {
        if !before.is_empty() {
            pieces.push(Piece::Text(before));
        }
        let end = end(from).unwrap_or(from.len());
        let (reference, after) = from.split_at_checked(end).unwrap_or((from, ""));
        let inner = reference.strip_prefix("@{").and_then(|inner| inner.strip_suffix('}'));
        pieces.push(Piece::Reference(reference, inner.and_then(Reference::parse)));
        rest = after;
    }
    if !rest.is_empty() {
        pieces.push(Piece::Text(rest));
    }
    pieces
}

/// Returns the end of the reference at the start of the text: after the first brace that closes it
/// outside of quotes.
fn end(text: &str) -> Option<usize> {
    let mut quote = None;
    let mut escaped = false;
    for (at, c) in text.char_indices() {
        match (quote, c) {
            _ if escaped => escaped = false,
            (Some(_), '\\') => escaped = true,
            (Some(open), c) if c == open => quote = None,
            (None, '\'' | '"') => quote = Some(c),
            (None, '}') => return Some(at + 1),
            _ => {}
        }
    }
    None
}

/// The member with an invalid reference.
#[derive(Debug)]
pub(super) struct WrongReference {
    pub(super) api_name: String,
    pub(super) json_path: String,
    /// The reference with its braces.
    pub(super) reference: String,
}

/// A member of a part: its name, and its path in the body of the composite call.
#[derive(Debug, Clone)]
pub(super) struct Member {
    pub(super) name: String,
    pub(super) path: String,
}

impl Member {
    fn below(&self, name: &str) -> Self {
        Self { name: name.to_owned(), path: format!("{}.{name}", self.path) }
    }

    fn item(&self, index: usize) -> Self {
        Self { name: self.name.clone(), path: format!("{}[{index}]", self.path) }
    }

    fn wrong(&self, reference: &str) -> WrongReference {
        WrongReference {
            api_name: self.name.clone(),
            json_path: self.path.clone(),
            reference: reference.to_owned(),
        }
    }
}

/// Finds the value of a reference; `None` if it has none.
pub(super) type Lookup<'l> = &'l dyn Fn(&Reference) -> Option<Value>;

/// Replaces the references in an address. Their values are percent-encoded.
pub(super) fn resolve_address(
    text: &str,
    member: &Member,
    lookup: Lookup<'_>,
) -> Result<String, WrongReference> {
    let encode = |value: &str| utf8_percent_encode(value, NON_ALPHANUMERIC).to_string();
    resolve_text(text, member, lookup, &encode)
}

fn resolve_text(
    text: &str,
    member: &Member,
    lookup: Lookup<'_>,
    encode: &dyn Fn(&str) -> String,
) -> Result<String, WrongReference> {
    let mut resolved = String::with_capacity(text.len());
    for piece in pieces(text) {
        match piece {
            Piece::Text(text) => resolved.push_str(text),
            Piece::Reference(text, reference) => {
                let value = reference.and_then(|reference| lookup(&reference));
                let value = value.ok_or_else(|| member.wrong(text))?;
                match value.as_str() {
                    Some(text) => resolved.push_str(&encode(text)),
                    None => resolved.push_str(&encode(&value.to_string())),
                }
            }
        }
    }
    Ok(resolved)
}

/// Replaces the references in all texts of a value. A text that consists of one reference becomes
/// the value of the reference, with its type.
pub(super) fn resolve(
    value: &Value,
    member: &Member,
    lookup: Lookup<'_>,
) -> Result<Value, WrongReference> {
    Ok(match value {
        Value::String(text) => match pieces(text).as_slice() {
            [Piece::Reference(text, reference)] => {
                reference.as_ref().and_then(lookup).ok_or_else(|| member.wrong(text))?
            }
            _ => resolve_text(text, member, lookup, &str::to_owned)?.into(),
        },
        Value::Array(items) => {
            let items = items.iter().enumerate();
            let items = items.map(|(index, item)| resolve(item, &member.item(index), lookup));
            Value::Array(items.collect::<Result<_, _>>()?)
        }
        Value::Object(map) => {
            let members = map.iter().map(|(name, value)| {
                Ok((name.clone(), resolve(value, &member.below(name), lookup)?))
            });
            Value::Object(members.collect::<Result<Map<_, _>, WrongReference>>()?)
        }
        other => other.clone(),
    })
}

/// Adds the ids of the parts that the texts of a value refer to.
pub(super) fn collect_ids(value: &Value, ids: &mut Vec<String>) {
    match value {
        Value::String(text) => {
            for piece in pieces(text) {
                if let Piece::Reference(_, Some(reference)) = piece
                    && !ids.contains(&reference.id)
                {
                    ids.push(reference.id);
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| collect_ids(item, ids)),
        Value::Object(map) => map.values().for_each(|value| collect_ids(value, ids)),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn at(value: &Value) -> Result<Value, String> {
        let body =
            json!({ "data": [{ "details": { "id": "17", "n": 5, "none": null } }], "a}b": "x y" });
        let lookup = |reference: &Reference| {
            (reference.id == "1").then(|| reference.value(&body).cloned()).flatten()
        };
        let member = Member { name: "body".into(), path: "$.body".into() };
        resolve(value, &member, &lookup).map_err(|wrong| wrong.json_path)
    }

    #[test]
    fn replaces_references_and_keeps_the_type_of_a_whole_text() {
        assert_eq!(at(&json!("@{1:$.data[0].details.id}")), Ok(json!("17")));
        assert_eq!(at(&json!("@{1:$.data[0].details.n}")), Ok(json!(5)));
        assert_eq!(at(&json!("<@{1:$.data[0].details.n}>")), Ok(json!("<5>")));
        assert_eq!(at(&json!("@{1:$['a}b']}!")), Ok(json!("x y!")));
        assert_eq!(at(&json!({ "a": ["@", "{", "}"] })), Ok(json!({ "a": ["@", "{", "}"] })));
    }

    #[test]
    fn reports_the_place_of_an_invalid_reference() {
        for text in [
            "@{1}",
            "@{1:}",
            "@{1:data}",
            "@{1:$.data[0].details.none}",
            "@{1:$.data[0].*}, @{1:$..id",
            "@{1:$..*}",
            "@{2:$.data}",
            &format!("@{{1:$[?{}@.a{}]}}", "(".repeat(70), ")".repeat(70)),
            &format!("@{{1:$.{}}}", "a".repeat(300)),
        ] {
            assert_eq!(at(&json!({ "a": [1, text] })), Err("$.body.a[1]".into()), "{text}");
        }
    }

    #[test]
    fn encodes_values_in_an_address() {
        let member = Member { name: "uri".into(), path: "$.uri".into() };
        let lookup = |_: &Reference| Some(json!("a/b?c"));
        let resolved = resolve_address("/crm/v8/Leads/@{1:$.a}", &member, &lookup);
        assert_eq!(resolved.unwrap(), "/crm/v8/Leads/a%2Fb%3Fc");
    }
}
