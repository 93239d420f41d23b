//! Random conditions find the same records as a filter in Rust.

use proptest::prelude::{Just, Strategy, prop_oneof};
use proptest::test_runner::{Config, TestRunner};
use serde_json::{Value, json};
use zcrm_sim::Simulator;

use crate::client::Http;

/// A condition on the leads.
#[derive(Debug, Clone)]
enum Condition {
    Text(&'static str, TextTest),
    Number(&'static str, NumberTest),
    Flag(bool),
    And(Box<Condition>, Box<Condition>),
    Or(Box<Condition>, Box<Condition>),
}

#[derive(Debug, Clone)]
enum TextTest {
    Equal(bool, String),
    Among(bool, Vec<String>),
    Starts(String),
    Ends(String),
    Contains(bool, String),
    Null(bool),
}

#[derive(Debug, Clone)]
enum NumberTest {
    Compare(&'static str, i64),
    Between(bool, i64, i64),
    Among(bool, Vec<i64>),
    Null(bool),
}

fn not(negated: bool) -> &'static str {
    if negated { "not " } else { "" }
}

fn quote(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

fn join<T>(all: &[T], one: impl Fn(&T) -> String) -> String {
    all.iter().map(one).collect::<Vec<_>>().join(", ")
}

impl Condition {
    fn text(&self) -> String {
        match self {
            Self::And(left, right) => format!("({} and {})", left.text(), right.text()),
            Self::Or(left, right) => format!("({} or {})", left.text(), right.text()),
            Self::Flag(flag) => format!("Email_Opt_Out = {flag}"),
            Self::Text(column, test) => match test {
                TextTest::Equal(negated, text) => {
                    format!("{column} {} {}", if *negated { "!=" } else { "=" }, quote(text))
                }
                TextTest::Among(negated, all) => {
                    format!("{column} {}in ({})", not(*negated), join(all, |text| quote(text)))
                }
                TextTest::Starts(text) => format!("{column} like {}", quote(&format!("{text}%"))),
                TextTest::Ends(text) => format!("{column} like {}", quote(&format!("%{text}"))),
                TextTest::Contains(negated, text) => {
                    format!("{column} {}like {}", not(*negated), quote(&format!("%{text}%")))
                }
                TextTest::Null(negated) => format!("{column} is {}null", not(*negated)),
            },
            Self::Number(column, test) => match test {
                NumberTest::Compare(operator, number) => format!("{column} {operator} {number}"),
                NumberTest::Between(negated, low, high) => {
                    format!("{column} {}between {low} and '{high}'", not(*negated))
                }
                NumberTest::Among(negated, all) => {
                    format!("{column} {}in ({})", not(*negated), join(all, i64::to_string))
                }
                NumberTest::Null(negated) => format!("{column} is {}null", not(*negated)),
            },
        }
    }

    /// Returns whether a lead meets the condition. An empty value meets only negations.
    fn holds(&self, lead: &Value) -> bool {
        match self {
            Self::And(left, right) => left.holds(lead) && right.holds(lead),
            Self::Or(left, right) => left.holds(lead) || right.holds(lead),
            Self::Flag(flag) => lead["Email_Opt_Out"] == *flag,
            Self::Text(column, test) => {
                let value = lead[*column].as_str().map(str::to_lowercase);
                let is = |negated: bool, found: &dyn Fn(&str) -> bool| {
                    value.as_deref().map_or(negated, |value| found(value) != negated)
                };
                match test {
                    TextTest::Equal(negated, text) => {
                        is(*negated, &|value| value == text.to_lowercase())
                    }
                    TextTest::Among(negated, all) => {
                        is(*negated, &|value| all.iter().any(|text| value == text.to_lowercase()))
                    }
                    TextTest::Starts(text) => {
                        is(false, &|value| value.starts_with(&text.to_lowercase()))
                    }
                    TextTest::Ends(text) => {
                        is(false, &|value| value.ends_with(&text.to_lowercase()))
                    }
                    TextTest::Contains(negated, text) => {
                        is(*negated, &|value| value.contains(&text.to_lowercase()))
                    }
                    TextTest::Null(negated) => value.is_none() != *negated,
                }
            }
            Self::Number(column, test) => {
                let value = lead[*column].as_i64();
                match test {
                    NumberTest::Compare(operator, number) => match (value, *operator) {
                        (None, operator) => operator == "!=",
                        (Some(value), "=") => value == *number,
                        (Some(value), "!=") => value != *number,
                        (Some(value), ">") => value > *number,
                        (Some(value), ">=") => value >= *number,
                        (Some(value), "<") => value < *number,
                        (Some(value), _) => value <= *number,
                    },
                    NumberTest::Between(negated, low, high) => {
                        value.map_or(*negated, |value| (*low..=*high).contains(&value) != *negated)
                    }
                    NumberTest::Among(negated, all) => {
                        value.map_or(*negated, |value| all.contains(&value) != *negated)
                    }
                    NumberTest::Null(negated) => value.is_none() != *negated,
                }
            }
        }
    }
}

const NAMES: [&str; 6] = ["Ada", "ada", "O'Neil", "Élan", "BoB", "Bo b"];

fn condition() -> impl Strategy<Value = Condition> {
    let flag = proptest::bool::ANY;
    let name = || proptest::sample::select(NAMES.to_vec()).prop_map(String::from);
    let part =
        || proptest::sample::select(vec!["a", "O", "é", "o'", "B", "z"]).prop_map(String::from);
    let number = || -3_i64..12;
    let text = prop_oneof![
        (flag, name()).prop_map(|(negated, text)| TextTest::Equal(negated, text)),
        (flag, proptest::collection::vec(name(), 1..4))
            .prop_map(|(negated, all)| TextTest::Among(negated, all)),
        part().prop_map(TextTest::Starts),
        part().prop_map(TextTest::Ends),
        (flag, part()).prop_map(|(negated, text)| TextTest::Contains(negated, text)),
        flag.prop_map(TextTest::Null),
    ];
    let operator = proptest::sample::select(vec!["=", "!=", ">", ">=", "<", "<="]);
    let compared = prop_oneof![
        (operator, number()).prop_map(|(operator, number)| NumberTest::Compare(operator, number)),
        (flag, number(), number()).prop_map(|(negated, a, b)| NumberTest::Between(negated, a, b)),
        (flag, proptest::collection::vec(number(), 1..4))
            .prop_map(|(negated, all)| NumberTest::Among(negated, all)),
        flag.prop_map(NumberTest::Null),
    ];
    let text_column = prop_oneof![Just("Last_Name"), Just("Company")];
    let number_column = prop_oneof![Just("No_of_Employees"), Just("Annual_Revenue")];
    let test = prop_oneof![
        (text_column, text).prop_map(|(column, test)| Condition::Text(column, test)),
        (number_column, compared).prop_map(|(column, test)| Condition::Number(column, test)),
        flag.prop_map(Condition::Flag),
    ];
    test.prop_recursive(4, 12, 2, move |inner| {
        (flag, inner.clone(), inner).prop_map(|(both, left, right)| {
            let (left, right) = (Box::new(left), Box::new(right));
            if both { Condition::And(left, right) } else { Condition::Or(left, right) }
        })
    })
}

/// The leads, each with another combination of values.
fn leads() -> Vec<Value> {
    let lead = |index: usize| {
        let company = (!index.is_multiple_of(5)).then(|| NAMES[index * 7 % 6]);
        json!({
            "Last_Name": NAMES[index % 6],
            "Company": company,
            "No_of_Employees": (!index.is_multiple_of(3)).then_some(index % 11),
            "Annual_Revenue": (!index.is_multiple_of(4)).then_some(index % 7),
            "Email_Opt_Out": index.is_multiple_of(2),
        })
    };
    (0..90).map(lead).collect()
}

#[test]
fn random_conditions_agree_with_a_plain_filter() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let leads = leads();
    let (http, ids) = runtime.block_on(async {
        let sim = Simulator::start().await.unwrap();
        let http = Http::logged_in(&sim).await;
        let reply = http.post("/crm/v8/Leads", &json!({ "data": leads })).await;
        assert_eq!(reply.status, 201, "{}", reply.text());
        let ids: Vec<String> = (0..leads.len()).map(|index| reply.id(index)).collect();
        (http, ids)
    });
    let found = |query: &str| -> Vec<String> {
        let body = json!({ "select_query": query });
        let reply = runtime.block_on(http.post("/crm/v8/coql", &body));
        if reply.status == 204 {
            return Vec::new();
        }
        assert_eq!(reply.status, 200, "{query}: {}", reply.text());
        reply.rows().iter().map(|row| row["id"].as_str().unwrap().to_owned()).collect()
    };
    let config = Config { cases: 400, failure_persistence: None, ..Config::default() };
    TestRunner::new(config)
        .run(&condition(), |condition| {
            let expected: Vec<&String> = ids
                .iter()
                .zip(&leads)
                .filter(|(_, lead)| condition.holds(lead))
                .map(|(id, _)| id)
                .collect();
            let query = format!("select id from Leads where {}", condition.text());
            assert_eq!(found(&query).iter().collect::<Vec<_>>(), expected, "{query}");
            // in any order, and with the first half skipped
            let half = expected.len() / 2;
            let tail = format!("order by Annual_Revenue desc, id limit 200 offset {half}");
            let mut rest = found(&format!("{query} {tail}"));
            rest.sort_unstable();
            rest.dedup();
            assert_eq!(rest.len(), expected.len() - half, "{query}");
            Ok(())
        })
        .unwrap();
}
