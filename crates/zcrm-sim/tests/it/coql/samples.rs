//! The sample queries of `samples.toml`.

use serde::Deserialize;
use serde_json::Value;

use super::data::Data;
use crate::client::Reply;

#[derive(Deserialize)]
struct Samples {
    sample: Vec<Sample>,
}

#[derive(Deserialize)]
struct Sample {
    source: String,
    query: String,
    version: Option<String>,
    #[serde(flatten)]
    expected: Expected,
}

#[derive(Deserialize)]
#[serde(untagged, deny_unknown_fields)]
enum Expected {
    Column { column: String, values: Vec<String> },
    Rows { rows: String },
    Refused { code: String, details: String },
    Nothing { none: bool },
}

impl Sample {
    /// Returns the answer if it is not the expected one.
    fn judge(&self, data: &Data, reply: &Reply) -> Option<String> {
        let parse = |text: &str| -> Value { serde_json::from_str(&data.fill_in(text)).unwrap() };
        let wrong = || Some(format!("{} {}", reply.status, reply.text()));
        let fits = match &self.expected {
            Expected::Nothing { none } => *none && reply.status == 204 && reply.body.is_empty(),
            Expected::Refused { code, details } => {
                reply.status == 400
                    && reply.code() == *code
                    && reply.json()["details"] == parse(details)
                    && reply.json()["status"] == "error"
            }
            Expected::Column { column, values } => {
                reply.status == 200 && {
                    let found: Vec<Value> =
                        reply.rows().iter().map(|row| row[column].clone()).collect();
                    found == values.iter().map(|one| Value::from(one.as_str())).collect::<Vec<_>>()
                }
            }
            Expected::Rows { rows } => {
                reply.status == 200 && without_ids(reply.rows()) == parse(rows)
            }
        };
        if fits { None } else { wrong() }
    }
}

/// Removes the ids of the rows.
fn without_ids(mut rows: Vec<Value>) -> Value {
    for row in &mut rows {
        row.as_object_mut().unwrap().remove("id");
    }
    rows.into()
}

#[tokio::test]
async fn answers_the_sample_queries_as_their_sources_say() {
    let data = Data::new().await;
    let samples: Samples = toml::from_str(include_str!("samples.toml")).unwrap();
    assert!(samples.sample.len() >= 60);
    let mut wrong = Vec::new();
    for sample in &samples.sample {
        let version = sample.version.as_deref().unwrap_or("v8");
        let reply = data.run(version, &sample.query).await;
        if let Some(answer) = sample.judge(&data, &reply) {
            wrong.push(format!("{} ({version}): {}\n    {answer}", sample.source, sample.query));
        }
    }
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
}
