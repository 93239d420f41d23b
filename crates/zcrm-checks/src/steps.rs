//! Calls that are described as data, and the expected answers. `live-checks.toml` explains the
//! format.

use std::collections::BTreeMap;

use chrono::DateTime;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use zcrm_core::{ApiVersion, BodyShape, BoxError};

use crate::answer::{Answer, is_there};

/// A call with its expected answer.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Step {
    call: String,
    body: Option<Value>,
    row: Option<Value>,
    #[serde(default)]
    form: BTreeMap<String, String>,
    #[serde(default)]
    headers: BTreeMap<String, String>,
    #[serde(default)]
    parts: BTreeMap<String, String>,
    file: Option<String>,
    is: Option<String>,
    #[serde(default)]
    see: BTreeMap<String, Value>,
    #[serde(default)]
    save: BTreeMap<String, String>,
    id: Option<String>,
    lack: Option<String>,
    #[serde(default)]
    holds: bool,
    #[serde(default)]
    wait: bool,
    /// The only version to run this step in, if the steps run in several versions.
    only: Option<String>,
}

/// A step with its placeholders replaced by values.
#[derive(Clone, Debug, Default)]
pub(crate) struct Call {
    pub(crate) method: String,
    pub(crate) target: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) payload: Payload,
    /// Whether to repeat the call until something is found.
    pub(crate) wait: bool,
}

/// The body of a call.
#[derive(Clone, Debug, Default)]
pub(crate) enum Payload {
    #[default]
    None,
    Json(Value),
    /// One row, which is wrapped in the list that the operation takes.
    Row(Value),
    Form(Vec<(String, String)>),
    Parts {
        texts: Vec<(String, String)>,
        file: Option<(String, Vec<u8>)>,
    },
}

impl Payload {
    /// Returns the body shape that an operation must have for this payload.
    pub(crate) fn shape(&self) -> BodyShape {
        match self {
            Self::None => BodyShape::None,
            Self::Json(_) | Self::Row(_) => BodyShape::Json,
            Self::Form(_) => BodyShape::Form,
            Self::Parts { .. } => BodyShape::Multipart("file"),
        }
    }

    /// Adds the payload to a call of the SDK; `key` is the key of the list.
    pub(crate) fn add_to(self, call: zcrm_api::Call, key: &str) -> zcrm_api::Call {
        match self {
            Self::None | Self::Form(_) => call,
            Self::Json(body) => call.body_unchecked(body.to_string()),
            Self::Row(row) => call.body_unchecked(json!({ key: [row] }).to_string()),
            Self::Parts { texts, file } => {
                let call =
                    texts.into_iter().fold(call, |call, (name, text)| call.text_part(&name, text));
                match file {
                    Some((name, content)) if name.ends_with(".gif") => {
                        call.file(&name, "image/gif", content)
                    }
                    Some((name, content)) => call.file(&name, "text/plain", content),
                    None => call,
                }
            }
        }
    }
}

/// A target for calls.
pub(crate) trait Caller {
    async fn send(&self, call: Call) -> Result<Answer, BoxError>;
}

/// The reason why steps ended early.
#[derive(Debug)]
pub(crate) enum Stop {
    /// The answer of a call is not as expected: the call, the answer, and the difference.
    Answer(String, Box<Answer>, String),
    /// The check cannot be decided, with the reason.
    Lack(String),
    Failed(BoxError),
}

impl<E: Into<BoxError>> From<E> for Stop {
    fn from(error: E) -> Self {
        Self::Failed(error.into())
    }
}

impl From<Stop> for String {
    fn from(stop: Stop) -> Self {
        match stop {
            Stop::Answer(call, answer, wrong) => {
                format!("{call} was answered with {answer}{wrong}")
            }
            Stop::Lack(why) => why,
            Stop::Failed(error) => format!("it failed: {error}"),
        }
    }
}

/// A picture of one pixel.
const GIF: &[u8] =
    b"GIF89a\x01\0\x01\0\x80\0\0\0\0\0\xff\xff\xff!\xf9\x04\x01\0\0\0\0,\0\0\0\0\x01\0\
    \x01\0\0\x02\x02D\x01\0;";

/// The values that earlier steps saved.
#[derive(Debug, Default)]
pub(crate) struct Values {
    by_name: BTreeMap<String, Value>,
    /// The content of the file that was sent last.
    sent: Vec<u8>,
}

impl Values {
    pub(crate) fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.by_name.insert(name.to_owned(), value.into());
        self
    }

    /// Makes one call, compares its answer with the expected one, and returns it.
    pub(crate) async fn run(&mut self, step: &Step, caller: &impl Caller) -> Result<Answer, Stop> {
        let call = self.call(step)?;
        let shown =
            format!("{} {}", call.method, step.target().split('?').next().unwrap_or_default());
        let answer = caller.send(call).await?;
        let wrong = |what: String| Stop::Answer(shown.clone(), Box::new(answer.clone()), what);
        match &step.is {
            Some(is) if !answer.is(is) => return Err(wrong(format!(", not with {is}"))),
            None if !answer.is_success() => return Err(wrong(String::new())),
            _ => {}
        }
        if step.holds && answer.bytes != self.sent {
            return Err(wrong(format!(", {} bytes that are not those sent", answer.bytes.len())));
        }
        let id = step.id.iter().map(|name| (name, "/*/0/details/id"));
        for (name, places) in step.save.iter().map(|(name, at)| (name, at.as_str())).chain(id) {
            let places = self.text(places)?;
            let found = places.split(" | ").flat_map(|place| answer.at(place));
            match (found.into_iter().find(|value| is_there(value)), &step.lack) {
                (Some(value), _) => self.by_name.insert(name.clone(), value.clone()),
                (None, Some(lack)) => return Err(Stop::Lack(lack.clone())),
                (None, None) => return Err(wrong(format!(", without {places}"))),
            };
        }
        for (place, wanted) in &step.see {
            let (place, wanted) = (self.text(place)?, self.value(wanted)?);
            if let Err(seen) = shows(&answer, &place, &wanted) {
                return Err(wrong(format!(", where `{place}` is {seen} and not {wanted}")));
            }
        }
        Ok(answer)
    }

    fn call(&mut self, step: &Step) -> Result<Call, BoxError> {
        let texts = |from: &BTreeMap<String, String>| -> Result<Vec<_>, BoxError> {
            from.iter().map(|(name, text)| Ok((name.clone(), self.text(text)?))).collect()
        };
        let payload = match step {
            Step { body: Some(body), .. } => Payload::Json(self.value(body)?),
            Step { row: Some(row), .. } => Payload::Row(self.value(row)?),
            Step { file: None, parts, form, .. } if parts.is_empty() => match form.is_empty() {
                true => Payload::None,
                false => Payload::Form(texts(form)?),
            },
            Step { file, parts, .. } => {
                let texts = texts(parts)?;
                let is_picture = file.as_ref().is_some_and(|name| name.ends_with(".gif"));
                let content = if is_picture { GIF.to_vec() } else { self.text("{mark}")?.into() };
                self.sent.clone_from(&content);
                Payload::Parts { texts, file: file.clone().map(|name| (name, content)) }
            }
        };
        Ok(Call {
            method: step.call.split(' ').next().unwrap_or_default().to_owned(),
            target: self.text(step.target())?,
            headers: step
                .headers
                .iter()
                .map(|(name, text)| Ok((name.clone(), self.text(text)?)))
                .collect::<Result<_, BoxError>>()?,
            payload,
            wait: step.wait,
        })
    }

    /// Replaces the placeholders in a value.
    fn value(&self, value: &Value) -> Result<Value, BoxError> {
        Ok(match value {
            Value::String(text) => match text.strip_prefix('{').and_then(|it| it.strip_suffix('}'))
            {
                Some("null") => Value::Null,
                Some("some" | "none" | "text") => value.clone(),
                Some(name) if self.by_name.contains_key(name) => self.named(name)?,
                _ => self.text(text)?.into(),
            },
            Value::Array(list) => list.iter().map(|it| self.value(it)).collect::<Result<_, _>>()?,
            Value::Object(map) => match (map.get("times").and_then(Value::as_u64), map.get("of")) {
                (Some(times), Some(of)) => {
                    (0..times).map(|_| self.value(of)).collect::<Result<_, _>>()?
                }
                _ => {
                    let fill =
                        |(name, value): (&String, _)| Ok((self.text(name)?, self.value(value)?));
                    map.iter().map(fill).collect::<Result<Map<_, _>, BoxError>>()?.into()
                }
            },
            other => other.clone(),
        })
    }

    /// Replaces the placeholders in a text.
    pub(crate) fn text(&self, text: &str) -> Result<String, BoxError> {
        let Some((before, rest)) = text.split_once('{') else { return Ok(text.to_owned()) };
        let (name, after) =
            rest.split_once('}').ok_or_else(|| format!("`{text}` lacks a closing brace"))?;
        // A reference to another part of a composite call.
        if before.ends_with('@') {
            return Ok(format!("{before}{{{name}}}{}", self.text(after)?));
        }
        let parts: Vec<&str> = name.splitn(3, ' ').collect();
        let value = match parts.as_slice() {
            [times, between, what] => vec![*what; times.parse()?].join(between),
            _ => match self.named(name)? {
                Value::String(text) => text,
                other => other.to_string(),
            },
        };
        Ok(format!("{before}{value}{}", self.text(after)?))
    }

    fn named(&self, name: &str) -> Result<Value, BoxError> {
        self.by_name
            .get(name)
            .cloned()
            .ok_or_else(|| format!("unknown placeholder `{name}`").into())
    }
}

impl Step {
    pub(crate) fn is_of(&self, version: ApiVersion) -> bool {
        self.only.as_ref().is_none_or(|only| *only == version.to_string())
    }

    fn target(&self) -> &str {
        self.call.split_once(' ').map_or("", |(_, target)| target)
    }
}

/// Checks that an answer has a value at a path. The error describes the found value without its
/// text, which may be personal data.
fn shows(answer: &Answer, place: &str, wanted: &Value) -> Result<(), String> {
    if let Some(place) = place.strip_suffix('#') {
        let count = answer.at(place).len();
        return if *wanted == count { Ok(()) } else { Err(count.to_string()) };
    }
    let found = answer.at(place);
    let good = match wanted.as_str() {
        Some("{some}") => found.iter().any(|it| is_there(it)),
        Some("{none}") => !found.iter().any(|it| is_there(it)),
        Some("{text}") => found.iter().any(|it| it.as_str().is_some_and(|text| !text.is_empty())),
        Some(text) if text.starts_with("not ") => {
            !found.is_empty() && found.iter().all(|it| it.as_str() != text.strip_prefix("not "))
        }
        _ => !found.is_empty() && found.iter().all(|it| is_same(it, wanted)),
    };
    let kinds = found.iter().map(|it| match it {
        Value::String(_) => "a text".to_owned(),
        Value::Array(_) => "a list".to_owned(),
        Value::Object(_) => "an object".to_owned(),
        other => other.to_string(),
    });
    let kinds: Vec<String> = kinds.collect();
    match good {
        true => Ok(()),
        false if kinds.is_empty() => Err("nothing".into()),
        false => Err(kinds.join(", ")),
    }
}

/// Compares two values: numbers by value, and times by instant.
fn is_same(one: &Value, other: &Value) -> bool {
    let time = |value: &Value| DateTime::parse_from_rfc3339(value.as_str()?).ok();
    one == other
        || one.as_f64().is_some_and(|number| other.as_f64() == Some(number))
        || time(one).is_some_and(|instant| time(other) == Some(instant))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Answers every call with a row, and shows what was sent.
    struct Echo;

    impl Caller for Echo {
        async fn send(&self, call: Call) -> Result<Answer, BoxError> {
            let Payload::Row(row) = call.payload else { return Err("no row".into()) };
            let rows =
                json!([{ "code": "SUCCESS", "details": { "id": "7" }, "row": row, "no": null }]);
            let text = json!({ "data": rows, "target": call.target }).to_string();
            let body = serde_json::from_str(&text)?;
            Ok(Answer { status: 200, headers: http::HeaderMap::new(), body, bytes: text.into() })
        }
    }

    async fn run(step: &str) -> Result<Values, String> {
        let step: Step = toml::from_str(step).map_err(|error| error.to_string())?;
        let mut values = Values::default().with("mark", "m").with("number", 5);
        values.run(&step, &Echo).await.map_err(String::from)?;
        Ok(values)
    }

    const CALL: &str =
        "call = 'POST Leads?a={mark}&b={3 , x}'\nrow = { n = '{number}', x = '{null}' }\n";

    #[tokio::test]
    async fn fills_in_values_and_saves_those_of_answers() {
        let see = "id = 'lead'\nsave.n = '/none | /data/*/row/n'\nsee = { '/target' = 'Leads?a=m&b=x,x,x', \
                   '/data/0/row/n' = 5.0, '/data/0/row/x' = '{none}', '/data/id=7#' = 0, \
                   '/data/code=SUCCESS#' = 1, '/data/0/code' = 'not FAILED' }";
        let values = run(&format!("{CALL}{see}")).await.unwrap();
        assert_eq!(values.text("{lead} {n}").unwrap(), "7 5");
        assert_eq!(values.text("@{1:$.data[0].id}/{n}").unwrap(), "@{1:$.data[0].id}/5");
        let list = values.value(&json!({ "times": 2, "of": { "{lead}": "{n}" } })).unwrap();
        assert_eq!(list, json!([{ "7": 5 }, { "7": 5 }]));
    }

    #[tokio::test]
    async fn names_the_expectation_that_an_answer_does_not_meet() {
        for (more, wanted) in [
            ("is = '400 | 200 FAILED'", "200 SUCCESS, not with 400 | 200 FAILED"),
            (
                "see = { '/data/0/details/id' = '8' }",
                "`/data/0/details/id` is a text and not \"8\"",
            ),
            ("see = { '/data/0/no' = '{some}' }", "`/data/0/no` is null and not"),
            ("see = { '/data/*#' = 2 }", "`/data/*#` is 1 and not 2"),
            ("see = { '/data/0/code' = 'not SUCCESS' }", "is a text and not \"not SUCCESS\""),
            ("save.x = '/data/0/no'", "without /data/0/no"),
            ("save.x = '/none'\nlack = 'it is missing'", "it is missing"),
            ("holds = true", "bytes that are not those sent"),
            ("see = { '/target' = '{nothing}' }", "unknown placeholder `nothing`"),
            ("odd = 1", "unknown field `odd`"),
        ] {
            let said = run(&format!("{CALL}{more}")).await.unwrap_err();
            assert!(said.contains(wanted), "{more}: {said}");
        }
    }
}
