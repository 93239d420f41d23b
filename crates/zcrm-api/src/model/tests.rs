//! Tests of the reading and writing of models, with a model made for the tests.

use proptest::prelude::*;
use serde_json::{Value, json, value::RawValue};
use zcrm_core::{ErrorKind, Id, Timestamp};

use super::{Extra, MetaRef, RawJson, model};

model! {
    /// A setting with a field of every type.
    Setting {
        /// The id of the setting.
        id: Option<Id> = "id";
        /// The API name of the setting.
        api_name, with_api_name: String = "api_name";
        /// A number.
        count: Option<i64> = "count";
        /// A boolean with an older name.
        hidden, with_hidden: Option<bool> = "hidden" or "is_hidden";
        /// A value of any shape.
        rule: Option<RawJson> = "rule";
        /// A reference.
        owner, with_owner: Option<MetaRef> = "owner";
        /// A time.
        changed: Option<Timestamp> = "changed";
        /// Nested settings.
        inner: Vec<Setting> = "inner";
        /// References.
        fields, with_fields: Vec<MetaRef> = "fields";
    }
}

fn read(json: &str) -> Setting {
    serde_json::from_str(json).unwrap()
}

fn written(setting: &Setting) -> String {
    serde_json::to_string(setting).unwrap()
}

#[test]
fn reads_known_members_into_fields() {
    let json = concat!(
        r#"{"id":"7","api_name":"Lead_Rule","count":12,"hidden":true,"rule":[1.10],"#,
        r#""owner":{"id":"9","name":"P"},"changed":"2026-05-24T17:05:12+05:30","#,
        r#""inner":[{"id":"8"}],"fields":["A","B"]}"#,
    );
    let setting = read(json);
    assert_eq!(setting.id, Some("7".into()));
    assert_eq!(setting.api_name, "Lead_Rule");
    assert_eq!((setting.count, setting.hidden), (Some(12), Some(true)));
    assert_eq!(setting.rule.as_ref().unwrap().raw(), "[1.10]");
    assert_eq!(setting.owner.as_ref().unwrap().id, Some("9".into()));
    assert_eq!(setting.changed.unwrap().to_string(), "2026-05-24T17:05:12+05:30");
    assert_eq!(setting.inner[0].id, Some("8".into()));
    assert_eq!(setting.fields, [MetaRef::named("A"), MetaRef::named("B")]);
    assert!(setting.extra.is_empty());
    assert_eq!(written(&setting), json);
}

#[test]
fn keeps_order_and_digits_of_unknown_members() {
    let json =
        r#"{"z":1.10,"a":12345678901234567890.10,"$m":{"b":1E5 , "c":[]},"\u006e":"\u00e9"}"#;
    let setting = read(json);
    assert_eq!(setting.extra.names().collect::<Vec<_>>(), ["z", "a", "$m", "n"]);
    assert_eq!(setting.extra.raw("z"), Some("1.10"));
    assert_eq!(setting.extra.raw("$m"), Some(r#"{"b":1E5 , "c":[]}"#));
    assert_eq!(setting.extra.get::<String>("n").unwrap().as_deref(), Some("é"));
    assert!(!setting.extra.contains("b"));
    assert_eq!(written(&setting), json.replace(r"\u006e", "n"));
}

#[test]
fn keeps_members_of_another_shape_in_extra() {
    for (name, odd) in [
        ("id", "{}"),
        ("id", "[1]"),
        ("api_name", "5"),
        ("count", r#""12""#),
        ("count", "1.5"),
        ("count", "99999999999999999999"),
        ("hidden", r#""yes""#),
        ("is_hidden", "2"),
        ("owner", "[]"),
        ("owner", "17"),
        ("changed", r#""yesterday""#),
        ("inner", r#"{"id":"8"}"#),
        ("inner", r#"[{"id":"8"},5]"#),
        ("inner", r#"[["8","x"]]"#),
        ("fields", r#"["A",1]"#),
    ] {
        let json = format!(r#"{{"api_name":"B","{name}":{odd},"z":1}}"#);
        let setting = read(&json);
        assert_eq!(setting.extra.raw(name), Some(odd), "{json}");
        assert_eq!(setting.extra.raw("z"), Some("1"));
        let again: Value = serde_json::from_str(&written(&setting)).unwrap();
        assert_eq!(again[name], serde_json::from_str::<Value>(odd).unwrap(), "{json}");
        // other items of the list are read
        let list: Vec<Setting> =
            serde_json::from_str(&format!(r#"[{json},{{"id":"1"}}]"#)).unwrap();
        assert_eq!(list[1].id, Some("1".into()));
    }
}

#[test]
fn reads_null_and_empty_as_none_and_writes_them_back() {
    let json = r#"{"api_name":"","count":null,"owner":{ },"rule":{},"inner":null,"fields":[]}"#;
    let setting = read(json);
    assert_eq!((setting.count, &setting.owner, &setting.rule), (None, &None, &None));
    assert!(setting.api_name.is_empty() && setting.inner.is_empty() && setting.fields.is_empty());
    assert_eq!(written(&setting), json);
    // a field that is set replaces the null or empty member
    let setting = Setting { count: Some(3), ..setting.with_api_name("A").with_owner("O") };
    let sent =
        r#"{"api_name":"A","count":3,"owner":{"api_name":"O"},"rule":{},"inner":null,"fields":[]}"#;
    assert_eq!(written(&setting), sent);
}

#[test]
fn refuses_values_that_are_not_objects() {
    // arrays are not read by position
    for wrong in [r#"["7","Lead_Rule",12,true]"#, "[]", "null", "1", r#""x""#] {
        let error = serde_json::from_str::<Setting>(wrong).unwrap_err().to_string();
        assert!(error.contains("not an object"), "{error}");
    }
}

#[test]
fn fills_only_an_empty_field_by_an_older_name() {
    let older = read(r#"{"is_hidden":true}"#);
    assert_eq!(older.hidden, Some(true));
    // the field is written under the name under which it was read
    assert_eq!(written(&older.clone().with_hidden(false)), r#"{"is_hidden":false}"#);
    assert_eq!(older, Setting::default().with_hidden(true));
    for both in [r#"{"is_hidden":true,"hidden":false}"#, r#"{"hidden":false,"is_hidden":true}"#] {
        let setting = read(both);
        assert_eq!(setting.hidden, Some(false));
        assert_eq!(written(&setting), r#"{"hidden":false,"is_hidden":true}"#);
    }
    let empty = read(r#"{"hidden":null,"is_hidden":true}"#);
    assert_eq!(empty.hidden, Some(true));
    // a null under the other name would contradict the value
    assert_eq!(written(&empty), r#"{"is_hidden":true}"#);
}

#[test]
fn setters_set_their_fields() {
    let setting = Setting::default().with_api_name("A").with_fields(["B"]).with_owner("C");
    let sent = r#"{"api_name":"A","owner":{"api_name":"C"},"fields":[{"api_name":"B"}]}"#;
    assert_eq!(written(&setting), sent);
}

#[test]
fn reads_the_last_of_repeated_members() {
    assert_eq!(read(r#"{"count":1,"count":2}"#).count, Some(2));
    let null = read(r#"{"count":1,"count":null}"#);
    assert_eq!((null.count, null.extra.raw("count")), (None, Some("null")));
    let odd = read(r#"{"count":1,"count":"x","z":1,"z":2}"#);
    assert_eq!((odd.count, odd.extra.raw("count")), (None, Some(r#""x""#)));
    assert_eq!(odd.extra.get::<u8>("z").unwrap(), Some(2));
    assert_eq!(odd.with("z", 3).extra.iter().filter(|(name, _)| *name == "z").count(), 1);
}

#[test]
fn gets_and_sets_any_member_by_its_name() {
    let mut setting = read(r#"{"count":12,"is_hidden":true,"z":"1","rule":5}"#);
    assert_eq!(setting.get::<u8>("count").unwrap(), Some(12));
    assert_eq!(setting.get::<bool>("is_hidden").unwrap(), Some(true));
    assert_eq!(setting.get::<bool>("hidden").unwrap(), Some(true));
    assert_eq!(setting.get::<String>("z").unwrap().as_deref(), Some("1"));
    assert_eq!(setting.get::<u8>("absent").unwrap(), None);
    let error = setting.get::<u8>("z").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Decode);
    assert!(error.to_string().contains("`z`"), "{error}");

    setting.set("count", 13).unwrap();
    setting.set("hidden", false).unwrap();
    setting.set("new", [1, 2]).unwrap();
    assert_eq!((setting.count, setting.hidden), (Some(13), Some(false)));
    assert_eq!(written(&setting), r#"{"count":13,"hidden":false,"rule":5,"z":"1","new":[1,2]}"#);
    // a value that does not fit its field is sent nevertheless
    setting.set("count", "many").unwrap();
    assert_eq!(setting.count, None);
    assert_eq!(setting.get::<String>("count").unwrap().as_deref(), Some("many"));
}

#[test]
fn writes_null_to_clear_a_member() {
    let setting = read(r#"{"id":"7","count":12}"#).with("count", None::<()>);
    assert_eq!(setting.count, None);
    assert_eq!(written(&setting), r#"{"id":"7","count":null}"#);
    assert_eq!(written(&Setting { count: Some(1), ..setting }), r#"{"id":"7","count":1}"#);
    assert_eq!(written(&Setting::default()), "{}");
}

#[test]
fn reports_an_unwritable_value_when_the_model_is_written() {
    let odd = std::collections::BTreeMap::from([(vec![1], 2)]);
    let mut setting = Setting::default();
    let error = setting.set("z", &odd).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Input);
    assert!(error.to_string().contains("`z`"), "{error}");
    let error = serde_json::to_string(&setting.with("y", &odd)).unwrap_err().to_string();
    assert!(error.contains("`y`"), "{error}");
}

#[test]
fn debug_shows_member_names_without_values() {
    let setting =
        read(r#"{"id":"77","api_name":"Boyle","is_hidden":true,"rule":"x@y","z":"Zylker"}"#);
    let shown = format!("{setting:?} {:?} {:?}", setting.extra, setting.rule);
    assert!(
        shown.starts_with(r#"Setting {"id", "api_name", "is_hidden", "rule", "z"} {"z"}"#),
        "{shown}"
    );
    for value in ["77", "Boyle", "x@y", "Zylker", "true"] {
        assert!(!shown.contains(value), "{shown}");
    }
}

#[test]
fn reads_from_a_serde_json_value() {
    let value = json!({ "id": 7, "z": [1], "inner": [{ "count": 1 }] });
    let setting: Setting = serde_json::from_value(value.clone()).unwrap();
    assert_eq!((setting.id, setting.inner[0].count), (Some("7".into()), Some(1)));
    assert_eq!(setting.extra.raw("z"), Some("[1]"));
}

#[test]
fn keeps_too_deeply_nested_members_as_text() {
    let deep = 100_000;
    let json = format!("{}{}{}", r#"{"inner":["#.repeat(deep), r#"{"id":"1"}"#, "]}".repeat(deep));
    let setting = read(&json);
    assert_eq!(written(&setting), json);
    let mut depth = 0;
    let mut inside = &setting;
    while let Some(next) = inside.inner.first() {
        (depth, inside) = (depth + 1, next);
    }
    assert!((10..100).contains(&depth), "{depth}");
    assert!(inside.extra.contains("inner"));
    // the nesting counter is reset after reading
    assert_eq!(read(r#"{"inner":[{"id":"1"}]}"#).inner.len(), 1);
}

#[test]
fn empty_extra_has_the_size_of_a_pointer() {
    assert_eq!(size_of::<Extra>(), size_of::<usize>());
}

/// Generates JSON as Zoho may write it: with spaces, long numbers and escapes.
fn any_json() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        Just("null".to_owned()),
        any::<bool>().prop_map(|truth| truth.to_string()),
        "-?(0|[1-9][0-9]{0,24})(\\.[0-9]{1,20})?([eE][+-]?[0-9]{1,2})?",
        ".{0,12}".prop_map(|text| Value::from(text).to_string()),
        Just(r#""\u00e9\/\ud83d\ude00""#.to_owned()),
    ];
    leaf.prop_recursive(3, 24, 4, |inner| {
        let member = (".{0,6}", inner.clone())
            .prop_map(|(name, value)| format!("{} : {value}", Value::from(name)));
        prop_oneof![
            prop::collection::vec(inner, 0..4).prop_map(|all| format!("[{}]", all.join(" , "))),
            prop::collection::vec(member, 0..4).prop_map(|all| format!("{{{}}}", all.join(","))),
        ]
    })
}

fn member_name() -> impl Strategy<Value = String> {
    let known =
        ["id", "api_name", "count", "hidden", "rule", "owner", "changed", "inner", "fields"];
    prop_oneof![3 => ".{0,8}", 1 => prop::sample::select(known.to_vec()).prop_map(str::to_owned)]
}

proptest! {
    #[test]
    fn round_trip_keeps_every_member_and_digit(
        members in prop::collection::hash_map(member_name(), any_json(), 0..10),
    ) {
        let parts: Vec<String> = members
            .iter()
            .map(|(name, value)| format!("{}:\t{value} ", Value::from(name.as_str())))
            .collect();
        let setting: Setting = serde_json::from_str(&format!("{{ {}}}", parts.join(" ,"))).unwrap();
        let json = written(&setting);
        prop_assert_eq!(&read(&json), &setting);
        let again: std::collections::HashMap<String, Box<RawValue>> = serde_json::from_str(&json).unwrap();
        prop_assert_eq!(again.len(), members.len());
        for (name, value) in &members {
            let raw = again[name].get();
            if setting.extra.contains(name) {
                prop_assert_eq!(raw, value);
            } else if !["id", "inner", "owner", "fields"].contains(&name.as_str()) {
                // a field writes an equal value
                let (one, two): (Value, Value) = (serde_json::from_str(raw).unwrap(), serde_json::from_str(value).unwrap());
                prop_assert_eq!(one, two);
            }
        }
        let order: Vec<_> = members.keys().filter(|name| setting.extra.contains(name)).collect();
        prop_assert_eq!(setting.extra.names().collect::<Vec<_>>(), order);
    }
}
