//! Placeholders in the text of a query, such as `:email`, and the values in their place.

use std::fmt;

use zcrm_core::{ApiVersion, Error, escaped};

use super::scan::{Piece, pieces};
use crate::condition::{Operand, most_values, write_literal};

/// Values for the placeholders of a query.
#[derive(Clone, Default)]
pub(super) struct Bindings(Vec<(String, Bound)>);

#[derive(Clone)]
struct Bound {
    values: Vec<Operand>,
    /// Whether the values are written in brackets, for `in`.
    list: bool,
}

impl Bindings {
    /// Adds the value of a placeholder.
    pub(super) fn bind(&mut self, name: &str, value: Operand) -> Result<(), Error> {
        self.add(name, Bound { values: vec![value], list: false })
    }

    /// Adds the values of a placeholder after `in`.
    pub(super) fn bind_list(
        &mut self,
        name: &str,
        values: Vec<Operand>,
        version: ApiVersion,
    ) -> Result<(), Error> {
        let most = most_values(version);
        if values.len() > most {
            let count = values.len();
            return Err(wrong(
                name,
                &format!(
                    "has {count} values, and Zoho takes at most {most} in {version}: split the query"
                ),
            ));
        }
        if values.is_empty() {
            return Err(wrong(
                name,
                "has an empty list: give it a value, or leave the condition out",
            ));
        }
        self.add(name, Bound { values, list: true })
    }

    fn add(&mut self, name: &str, bound: Bound) -> Result<(), Error> {
        if !is_name(name) {
            return Err(Error::input(format!(
                "invalid placeholder name `{}`: write a letter, then letters, digits and `_`, without the colon",
                escaped(name)
            )));
        }
        if self.0.iter().any(|(known, _)| known == name) {
            return Err(wrong(name, "is bound twice: leave one of the values out"));
        }
        if let Some(mistake) = bound.values.iter().find_map(Operand::mistake) {
            return Err(wrong(name, &format!("has {mistake}")));
        }
        self.0.push((name.to_owned(), bound));
        Ok(())
    }

    /// Writes the values in place of the placeholders of `text`.
    ///
    /// # Errors
    /// Returns an error of kind [`Input`](zcrm_core::ErrorKind::Input) if a placeholder has no value,
    /// a value has no placeholder, or a placeholder touches other text, with which its value would
    /// become one word or one string.
    pub(super) fn fill(&self, text: &str) -> Result<String, Error> {
        let pieces = pieces(text)?;
        let mut filled = String::with_capacity(text.len());
        let mut used = vec![false; self.0.len()];
        let mut rest = pieces.iter().map(|(_, piece)| *piece).peekable();
        let mut before = None;
        while let Some(piece) = rest.next() {
            let name = match (piece, rest.peek()) {
                (Piece::Other(':'), Some(Piece::Word(name))) if is_name(name) => *name,
                _ => {
                    match piece {
                        Piece::Word(part) | Piece::Text(part) => filled.push_str(part),
                        Piece::Other(character) => filled.push(character),
                    }
                    before = Some(piece);
                    continue;
                }
            };
            rest.next();
            let at = self.0.iter().position(|(known, _)| known == name);
            let (bound, used) = at
                .and_then(|at| self.0.get(at).zip(used.get_mut(at)))
                .ok_or_else(|| wrong(name, "has no value: add `.bind(…)`"))?;
            *used = true;
            if !(may_precede(before) && may_follow(rest.peek())) {
                return Err(wrong(
                    name,
                    "touches other text, with which its value would become one word or one string: put \
                     a space between them",
                ));
            }
            bound.1.write(&mut filled);
            before = Some(Piece::Text(name));
        }
        let unused = self.0.iter().zip(used).find(|(_, used)| !used);
        match unused {
            Some(((name, _), _)) => Err(wrong(
                name,
                "is bound, but not in the query; a colon inside quotes is text, so bind the whole string",
            )),
            None => Ok(filled),
        }
    }
}

impl Bound {
    fn write(&self, out: &mut String) {
        if self.list {
            out.push('(');
        }
        for (index, value) in self.values.iter().enumerate() {
            if index > 0 {
                out.push_str(", ");
            }
            write_literal(value, out);
        }
        if self.list {
            out.push(')');
        }
    }
}

/// A name begins with a letter, so a colon before a digit (`17:05:12`) does not begin a placeholder.
fn is_name(name: &str) -> bool {
    name.starts_with(|first: char| first.is_ascii_alphabetic())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

/// Returns `true` if a value can begin after this part of the text.
fn may_precede(piece: Option<Piece<'_>>) -> bool {
    match piece {
        None => true,
        Some(Piece::Other(character)) => character.is_whitespace() || "(,=<>#".contains(character),
        Some(_) => false,
    }
}

/// Returns `true` if a value can end before this part of the text.
fn may_follow(piece: Option<&Piece<'_>>) -> bool {
    match piece {
        None => true,
        Some(Piece::Other(character)) => character.is_whitespace() || "),;".contains(*character),
        Some(_) => false,
    }
}

fn wrong(name: &str, what: &str) -> Error {
    Error::input(format!("the placeholder `:{}` {what}", escaped(name)))
}

/// Shows the names only: the values may be personal data.
impl fmt::Debug for Bindings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.iter().map(|(name, _)| name)).finish()
    }
}

#[cfg(test)]
mod tests {
    use zcrm_core::ApiVersion;

    use super::Bindings;

    #[test]
    fn writes_values_in_place_of_placeholders() {
        let mut bindings = Bindings::default();
        bindings.bind("name", "O'Brien".into()).unwrap();
        bindings.bind_list("ids", vec![7.into(), 8.into()], ApiVersion::V8).unwrap();
        let text = "where (a = :name and b in :ids) or c = ':name 17:05' and d=:name";
        let expected =
            "where (a = 'O''Brien' and b in (7, 8)) or c = ':name 17:05' and d='O''Brien'";
        assert_eq!(bindings.fill(text).unwrap(), expected);
    }

    #[test]
    fn keeps_colons_that_are_not_placeholders() {
        let text = "where a = 17:05:12 and b = : and c = :_x";
        assert_eq!(Bindings::default().fill(text).unwrap(), text);
    }

    #[test]
    fn never_reads_a_value_as_a_placeholder() {
        let mut bindings = Bindings::default();
        bindings.bind("a", ":b".into()).unwrap();
        bindings.bind("b", "' or id is not null or x = '".into()).unwrap();
        let expected = "x = ':b' and y = ''' or id is not null or x = '''";
        assert_eq!(bindings.fill("x = :a and y = :b").unwrap(), expected);
    }

    #[test]
    fn refuses_a_placeholder_that_touches_other_text() {
        let mut bindings = Bindings::default();
        bindings.bind("a", "x".into()).unwrap();
        for text in
            ["b = :a'c'", "b = 'c':a", "b = :a:a", "b = -:a", "b = 5:a", "b = c.:a", "b=:a.c"]
        {
            let message = bindings.fill(text).unwrap_err().to_string();
            assert!(message.contains("`:a` touches other text"), "{text}: {message}");
        }
        assert_eq!(bindings.fill("(b=:a,:a)").unwrap(), "(b='x','x')");
        assert_eq!(bindings.fill("b\n>\n:a\n").unwrap(), "b\n>\n'x'\n");
    }

    #[test]
    fn refuses_missing_unused_double_and_invalid_bindings() {
        let mut bindings = Bindings::default();
        let message = bindings.fill("x = :email").unwrap_err().to_string();
        assert!(message.contains("`:email` has no value"), "{message}");
        bindings.bind("email", 7.into()).unwrap();
        let message = bindings.fill("x = 1").unwrap_err().to_string();
        assert!(message.contains("`:email` is bound, but not in the query"), "{message}");
        let message = bindings.bind("email", 8.into()).unwrap_err().to_string();
        assert!(message.contains("bound twice"), "{message}");
        for name in ["", ":a", "7a", "a b", "ä", "_a"] {
            assert!(bindings.bind(name, 7.into()).is_err(), "{name}");
        }
        assert!(bindings.bind_list("none", Vec::new(), ApiVersion::V8).is_err());
        let many = |count: i32| (0..count).map(Into::into).collect::<Vec<_>>();
        assert!(bindings.bind_list("many", many(101), ApiVersion::V8).is_err());
        assert!(bindings.bind_list("many", many(51), ApiVersion::V6).is_err());
        assert!(bindings.bind_list("many", many(100), ApiVersion::V8).is_ok());
        assert!(bindings.bind("empty", "".into()).is_err());
        assert!(!format!("{bindings:?}").contains('7'));
    }
}
