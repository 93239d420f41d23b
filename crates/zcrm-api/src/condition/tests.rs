use chrono::NaiveDate;
use proptest::prelude::*;
use serde_json::json;
use zcrm_core::{ApiVersion, Decimal, Id};

use super::{Condition, MOST_TESTS, field};

fn coql(condition: &Condition) -> String {
    condition.to_coql(ApiVersion::V8).unwrap()
}

fn refusal(result: Result<impl std::fmt::Debug, zcrm_core::Error>) -> String {
    let error = result.unwrap_err();
    assert_eq!(error.kind(), zcrm_core::ErrorKind::Input);
    error.to_string()
}

#[test]
fn writes_dates_times_and_booleans_in_zohos_formats() {
    let date = NaiveDate::from_ymd_opt(2026, 5, 24).unwrap();
    let time = date.and_hms_milli_opt(11, 35, 12, 345).unwrap().and_utc();
    let condition = field("Closing_Date")
        .lt(date)
        .and(field("Modified_Time").ge(time))
        .and(field("Active").eq(true));
    assert_eq!(
        condition.to_search().unwrap(),
        "(((Closing_Date:less_than:2026-05-24)and(Modified_Time:greater_equal:\
         2026-05-24T11:35:12+00:00))and(Active:equals:true))"
    );
    assert_eq!(
        coql(&condition),
        "((Closing_Date < '2026-05-24' and Modified_Time >= '2026-05-24T11:35:12+00:00') \
         and Active = true)"
    );
    assert_eq!(
        condition.to_bulk(ApiVersion::V8).unwrap(),
        json!({"group_operator": "and", "group": [
            {"field": {"api_name": "Closing_Date"}, "comparator": "less_than", "value": "2026-05-24"},
            {"field": {"api_name": "Modified_Time"}, "comparator": "greater_equal",
             "value": "2026-05-24T11:35:12+00:00"},
            {"field": {"api_name": "Active"}, "comparator": "equal", "value": true},
        ]})
    );
}

#[test]
fn escapes_every_part_of_a_search() {
    for (condition, text) in [
        (field("A)or(B").eq("1"), r"(A\)or\(B:equals:1)"),
        (field("A").ne("a,b"), r"(A:not_equal:a\,b)"),
        (field("A").between("1,0", r"2\"), r"(A:between:1\,0,2\\)"),
        (field("A").is_in(["x,y", "(z)"]), r"(A:in:x\,y,\(z\))"),
        (field("A").ge(1).and(field("A").lt(2.5)), "((A:greater_equal:1)and(A:less_than:2.5))"),
    ] {
        assert_eq!(condition.to_search().unwrap(), text);
    }
}

#[test]
fn writes_every_comparison_in_coql() {
    let id = || Id::from("554023000000238121");
    for (condition, text) in [
        (field("A").eq("O'Brien"), "A = 'O''Brien'"),
        (field("A").ne(7), "A != 7"),
        (field("A").gt(Decimal::from(3)), "A > 3"),
        (field("A").le(-2.5), "A <= -2.5"),
        (field("A").between(1, 2), "A between 1 and 2"),
        (field("A").not_between("x", "y"), "A not between 'x' and 'y'"),
        (field("Owner").is_in([id()]), "Owner in ('554023000000238121')"),
        (field("A").not_in([1, 2]), "A not in (1, 2)"),
        (field("A").starts_with("x"), "A like 'x%'"),
        (field("A").ends_with("x"), "A like '%x'"),
        (field("A").contains("'"), "A like '%''%'"),
        (field("A").not_contains("x"), "A not like '%x%'"),
        (field("A").like("x%"), "A like 'x%'"),
        (field("A").not_like("%x%"), "A not like '%x%'"),
        (field("Account_Name.Owner").is_null(), "Account_Name.Owner is null"),
        (field("$converted").is_not_null(), "$converted is not null"),
    ] {
        assert_eq!(coql(&condition), text);
    }
}

#[test]
fn brackets_conditions_in_pairs() {
    let [a, b, c, d] = ["A", "B", "C", "D"].map(|name| field(name).eq(1));
    let all = a.clone().and(b.clone()).and(c.clone()).and(d.clone());
    assert_eq!(coql(&all), "(((A = 1 and B = 1) and C = 1) and D = 1)");
    let mixed = a.and(b).or(c.and(d));
    assert_eq!(coql(&mixed), "((A = 1 and B = 1) or (C = 1 and D = 1))");
    assert_eq!(
        mixed.to_search().unwrap(),
        "(((A:equals:1)and(B:equals:1))or((C:equals:1)and(D:equals:1)))"
    );
}

#[test]
fn writes_the_criteria_of_bulk_reads() {
    let bulk = |condition: Condition| condition.to_bulk(ApiVersion::V8).unwrap();
    assert_eq!(
        bulk(field("A").is_null()),
        json!({"field": {"api_name": "A"}, "comparator": "equal", "value": "${EMPTY}"})
    );
    assert_eq!(
        bulk(field("A").not_in(["x", "y"])),
        json!({"field": {"api_name": "A"}, "comparator": "not_in", "value": ["x", "y"]})
    );
    assert_eq!(
        bulk(field("A").not_between(1, 5)),
        json!({"group_operator": "or", "group": [
            {"field": {"api_name": "A"}, "comparator": "less_than", "value": "1"},
            {"field": {"api_name": "A"}, "comparator": "greater_than", "value": "5"},
        ]})
    );
    assert_eq!(
        field("A").eq("x").to_bulk(ApiVersion::V2).unwrap(),
        json!({"api_name": "A", "comparator": "equal", "value": "x"})
    );
}

#[test]
fn refuses_a_comparison_that_the_target_does_not_support() {
    for (condition, method) in [
        (field("City").ends_with("x"), "`ends_with`"),
        (field("City").contains("x"), "`contains`"),
        (field("City").not_contains("x"), "`not_contains`"),
        (field("City").not_in(["x"]), "`not_in`"),
        (field("City").not_between(1, 2), "`not_between`"),
        (field("City").is_null(), "`is_null`"),
        (field("City").is_not_null(), "`is_not_null`"),
        (field("City").like("x%"), "`like`"),
        (field("City").not_like("x%"), "`not_like`"),
    ] {
        let text = refusal(condition.to_search());
        assert!(
            text.contains(method) && text.contains("`City`") && text.contains("search"),
            "{text}"
        );
    }
    for condition in [field("City").like("x%"), field("City").not_like("x%"), Condition::raw("x")] {
        assert!(refusal(condition.to_bulk(ApiVersion::V8)).contains("bulk read"));
    }
}

#[test]
fn refuses_empty_values_in_every_target() {
    for (condition, word) in [
        (field("Email").eq(""), "`Email`"),
        (field("Email").ne("  "), "`Email`"),
        (field("City").is_in(["Pune", ""]), "`City`"),
        (field("City").is_in(Vec::<String>::new()), "no value"),
        (field(" ").eq("x"), "no field"),
        (field("A").eq(1).and(field("B").eq("")), "`B`"),
        (field("A").eq(f64::NAN), "NaN"),
        (Condition::raw(" ").or(field("A").eq(1)), "raw"),
    ] {
        assert!(refusal(condition.to_search()).contains(word));
        assert!(refusal(condition.to_coql(ApiVersion::V8)).contains(word));
        assert!(refusal(condition.to_bulk(ApiVersion::V8)).contains(word));
    }
}

#[test]
fn refuses_more_comparisons_than_the_target_takes() {
    let many = |count: usize| {
        (1..count).fold(field("A").eq(0), |all, number| all.or(field("A").eq(number as u64)))
    };
    assert!(many(10).to_search().is_ok() && many(25).to_coql(ApiVersion::V8).is_ok());
    assert!(many(25).to_bulk(ApiVersion::V8).is_ok());
    assert!(refusal(many(11).to_search()).contains("11 comparisons"));
    assert!(refusal(many(26).to_coql(ApiVersion::V8)).contains("26 comparisons"));
    assert!(refusal(many(26).to_bulk(ApiVersion::V8)).contains("26 comparisons"));
    // `between` of numbers becomes two comparisons in a bulk read.
    let ranges = many(24).and(field("B").between(1, 2));
    assert!(ranges.to_coql(ApiVersion::V8).is_ok());
    assert!(refusal(ranges.to_bulk(ApiVersion::V8)).contains("26 comparisons"));

    let values = |count: u64| field("A").is_in(0..count);
    assert!(
        values(50).to_coql(ApiVersion::V6).is_ok() && values(100).to_coql(ApiVersion::V7).is_ok()
    );
    assert!(refusal(values(51).to_coql(ApiVersion::V6)).contains("51 values"));
    assert!(refusal(values(101).to_coql(ApiVersion::V8)).contains("101 values"));
    assert!(values(200).to_bulk(ApiVersion::V8).is_ok());
    assert!(refusal(values(201).to_bulk(ApiVersion::V8)).contains("201 values"));
    let long = "é".repeat(256);
    assert!(refusal(field("A").eq(&long).to_bulk(ApiVersion::V8)).contains("256 characters"));
    assert!(field("A").eq(&long).to_coql(ApiVersion::V8).is_ok());
}

#[test]
fn refuses_columns_and_wildcards_that_coql_would_misread() {
    for name in ["A B", "A = 1 or B", "A.", ".A", "A..B", "A'", "a-b"] {
        assert!(refusal(field(name).eq(1).to_coql(ApiVersion::V8)).contains("API name"));
    }
    assert!(refusal(field("A").starts_with("50%").to_coql(ApiVersion::V8)).contains("wildcard"));
}

#[test]
fn bounds_the_size_of_a_condition() {
    let mut condition = field("A").eq(0);
    for number in 0..200_000_u32 {
        // Alternating, so that each step would nest one level deeper.
        condition = match number % 2 {
            0 => condition.and(field("A").eq(number)),
            _ => condition.or(field("A").eq(number)),
        };
    }
    assert!(condition.tests > MOST_TESTS);
    assert!(refusal(condition.to_coql(ApiVersion::V8)).contains("200001 comparisons"));
    let mut raw = Condition::raw("A = 0");
    for number in 0..200_000_u32 {
        raw = match number % 2 {
            0 => raw.and(Condition::raw("A = 1")),
            _ => raw.or(Condition::raw("A = 1")),
        };
    }
    assert!(refusal(raw.to_coql(ApiVersion::V8)).contains("200001 comparisons"));
    assert!(refusal(raw.to_search()).contains("200001 comparisons"));
}

#[test]
fn shows_no_value_in_debug() {
    let condition = field("Email").eq("kim@example.com");
    assert_eq!(format!("{condition:?}"), "Condition { comparisons: 1, .. }");
    assert_eq!(format!("{:?}", super::Operand::from("secret")), "Operand { .. }");
}

proptest! {
    /// A COQL string ends at its own quote, for any text.
    #[test]
    fn keeps_any_text_inside_its_quotes(text in "\\PC*[^\\s]\\PC*") {
        let written = coql(&field("A").eq(&text));
        let inner = written.strip_prefix("A = '").and_then(|rest| rest.strip_suffix('\'')).unwrap();
        prop_assert_eq!(inner.replace("''", "\u{0}").matches('\'').count(), 0);
        prop_assert_eq!(inner.replace("''", "'"), text);
    }

    /// The brackets and commas of a text are escaped in a search.
    #[test]
    fn keeps_any_text_inside_its_comparison_of_a_search(text in "\\PC*[^\\s]\\PC*") {
        let written = field("A").eq(&text).to_search().unwrap();
        let inner = written.strip_prefix("(A:equals:").and_then(|rest| rest.strip_suffix(')')).unwrap();
        let mut plain = String::new();
        let mut characters = inner.chars();
        while let Some(character) = characters.next() {
            prop_assert!(!matches!(character, '(' | ')' | ','));
            plain.push(if character == '\\' { characters.next().unwrap() } else { character });
        }
        prop_assert_eq!(plain, text);
    }
}
