//! The rules of serde's `rename_all` for fields.

/// The rules that serde knows.
pub(crate) const RULES: [&str; 8] = [
    "lowercase",
    "UPPERCASE",
    "PascalCase",
    "camelCase",
    "snake_case",
    "SCREAMING_SNAKE_CASE",
    "kebab-case",
    "SCREAMING-KEBAB-CASE",
];

/// Returns a field's name under a rule, or `None` if there is no such rule.
pub(crate) fn renamed(rule: &str, field: &str) -> Option<String> {
    Some(match rule {
        "lowercase" | "snake_case" => field.to_owned(),
        "UPPERCASE" | "SCREAMING_SNAKE_CASE" => field.to_ascii_uppercase(),
        "PascalCase" => pascal(field),
        "camelCase" => {
            let pascal = pascal(field);
            let mut rest = pascal.chars();
            let first = rest.next().map(|first| first.to_ascii_lowercase());
            first.into_iter().chain(rest).collect()
        }
        "kebab-case" => field.replace('_', "-"),
        "SCREAMING-KEBAB-CASE" => field.to_ascii_uppercase().replace('_', "-"),
        _ => return None,
    })
}

/// Converts to upper case the first letter of each word, and removes underscores.
fn pascal(field: &str) -> String {
    let mut upper = true;
    let mut name = String::with_capacity(field.len());
    for letter in field.chars() {
        match letter {
            '_' => upper = true,
            letter if upper => {
                name.push(letter.to_ascii_uppercase());
                upper = false;
            }
            letter => name.push(letter),
        }
    }
    name
}

#[cfg(test)]
mod tests {
    use super::{RULES, renamed};

    #[test]
    fn renames_fields_by_each_rule_as_serde_does() {
        let names = RULES.map(|rule| renamed(rule, "last_name").unwrap());
        let wanted = [
            "last_name",
            "LAST_NAME",
            "LastName",
            "lastName",
            "last_name",
            "LAST_NAME",
            "last-name",
            "LAST-NAME",
        ];
        assert_eq!(names, wanted);
        assert_eq!(renamed("Title Case", "x"), None);
    }
}
