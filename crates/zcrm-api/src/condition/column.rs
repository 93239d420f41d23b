//! Columns of COQL.

/// The name of a column, checked: API names joined by dots.
///
/// A name may begin with `$` or `!`. A lookup that leads to several modules names one of them after an
/// arrow: `What_Id->Leads.Last_Name`.
#[derive(Clone, Copy)]
pub(crate) struct Column<'a> {
    name: &'a str,
    /// The number of dots, and the position of the last one.
    dots: usize,
    last_dot: usize,
    /// Whether Zoho takes it in quotes only.
    is_quoted: bool,
}

impl<'a> Column<'a> {
    /// Returns the column with this name, or `None` if it is not one.
    pub(crate) fn new(name: &'a str) -> Option<Self> {
        // most names have one part, so they are judged without branches
        let is_plain = name.bytes().fold(true, |plain, byte| plain & is_of_a_name(byte));
        if is_plain && !name.is_empty() {
            return Some(Self { name, dots: 0, last_dot: 0, is_quoted: is_word_of_sql(name) });
        }
        let (mut dots, mut last_dot, mut arrow) = (0, 0, false);
        let mut rest = name;
        loop {
            let part = rest.strip_prefix(['$', '!']).unwrap_or(rest);
            let length = part.bytes().take_while(|byte| is_of_a_name(*byte)).count();
            let (_, after) = part.split_at_checked(length).filter(|_| length > 0)?;
            rest = match after.as_bytes() {
                [] => break,
                [b'.', ..] => {
                    (dots, last_dot) = (dots + 1, name.len() - after.len());
                    after.get(1..)?
                }
                [b'-', b'>', ..] if !arrow => {
                    arrow = true;
                    after.get(2..)?
                }
                _ => return None,
            };
        }
        Some(Self { name, dots, last_dot, is_quoted: arrow })
    }

    /// Returns the relations that lead to the field, if it is one of a related record.
    pub(crate) fn relation(&self) -> Option<&'a str> {
        if self.dots == 0 { None } else { self.name.get(..self.last_dot) }
    }

    /// Returns the number of relations that lead to the field.
    pub(crate) fn depth(&self) -> usize {
        self.dots
    }

    /// Returns the name.
    pub(crate) fn name(&self) -> &'a str {
        self.name
    }

    /// Writes the column. One with an arrow, or with the name of a keyword, is in quotes.
    pub(crate) fn write(&self, out: &mut String) {
        if self.is_quoted {
            out.push('\'');
        }
        out.push_str(self.name);
        if self.is_quoted {
            out.push('\'');
        }
    }
}

macro_rules! words_of_sql {
    ($($word:literal)*) => {
        #[cfg(test)]
        const WORDS_OF_SQL: &[&[u8]] = &[$($word),*];

        /// Returns `true` for a word of SQL in lower case.
        fn is_lower_word_of_sql(lower: &[u8]) -> bool {
            matches!(lower, $($word)|*)
        }
    };
}

// Zoho takes a column with the name of a word of SQL in quotes only, and takes any column in quotes.
// Source: <https://help.zoho.com/portal/en/community/topic/kaizen-171-faqs-on-coql-api>.
words_of_sql! {
    b"add" b"all" b"alter" b"and" b"any" b"as" b"asc" b"avg" b"between" b"by" b"case" b"check"
    b"column" b"constraint" b"count" b"create" b"cross" b"current" b"database" b"default"
    b"delete" b"desc" b"distinct" b"drop" b"else" b"end" b"except" b"exists" b"external" b"fetch"
    b"for" b"foreign" b"from" b"full" b"grant" b"group" b"having" b"in" b"index" b"inner"
    b"insert" b"intersect" b"into" b"is" b"join" b"key" b"left" b"like" b"limit" b"max" b"min"
    b"natural" b"not" b"null" b"offset" b"on" b"or" b"order" b"outer" b"primary" b"right"
    b"select" b"set" b"sum" b"table" b"then" b"to" b"union" b"unique" b"update" b"values" b"when"
    b"where"
}

/// The number of letters of the longest word.
const LONGEST_WORD: usize = 10;

/// Whether each byte can be in a name.
#[allow(clippy::indexing_slicing, reason = "a wrong index would not compile")]
const OF_A_NAME: [bool; 256] = {
    let mut table = [false; 256];
    let mut byte = 0_u8;
    while byte < 128 {
        table[byte as usize] = byte.is_ascii_alphanumeric() || byte == b'_';
        byte += 1;
    }
    table
};

fn is_of_a_name(byte: u8) -> bool {
    OF_A_NAME.get(usize::from(byte)).is_some_and(|of_a_name| *of_a_name)
}

fn is_word_of_sql(name: &str) -> bool {
    let mut lower = [0; LONGEST_WORD];
    let Some(lower) = lower.get_mut(..name.len()) else { return false };
    lower.copy_from_slice(name.as_bytes());
    lower.make_ascii_lowercase();
    is_lower_word_of_sql(lower)
}

#[cfg(test)]
mod tests {
    use super::{Column, LONGEST_WORD, WORDS_OF_SQL};

    fn written(name: &str) -> Option<String> {
        let mut text = String::new();
        Column::new(name)?.write(&mut text);
        Some(text)
    }

    #[test]
    fn accepts_names_joined_by_dots() {
        for name in ["a", "_", "A1_b", "$x", "!y", "A.B", "$a.!b.c", "1.2"] {
            assert_eq!(written(name).as_deref(), Some(name));
        }
        let arrow = "What_Id->Leads.Last_Name";
        assert_eq!(written(arrow).unwrap(), format!("'{arrow}'"));
        assert!(written("a.$b->$c.d").is_some());
        for name in [
            "", ".", "a.", ".a", "a..b", "$", "a.$", "$$a", "$!a", "a$", "a!", "a b", "é", "a-b",
            "a-", "a>b", "->a", "a->", "a->.b", "a.->b", "a->b->c", "a-->b", "a'b", "a\0", "a,b",
            "a;",
        ] {
            assert!(written(name).is_none(), "{name}");
        }
    }

    #[test]
    fn finds_the_relations_of_a_column() {
        for (name, relation, depth) in [
            ("City", None, 0),
            ("A.B", Some("A"), 1),
            ("A.B.C", Some("A.B"), 2),
            ("A.B.C.D", Some("A.B.C"), 3),
            ("What_Id->Leads", None, 0),
            ("What_Id->Leads.City", Some("What_Id->Leads"), 1),
            ("What_Id->Leads.A.City", Some("What_Id->Leads.A"), 2),
        ] {
            let column = Column::new(name).unwrap();
            assert_eq!((column.relation(), column.depth()), (relation, depth), "{name}");
        }
    }

    #[test]
    fn quotes_the_words_of_sql_in_any_case() {
        assert_eq!(WORDS_OF_SQL.iter().map(|word| word.len()).max(), Some(LONGEST_WORD));
        assert_eq!(WORDS_OF_SQL.len(), 73);
        for word in WORDS_OF_SQL {
            let word = std::str::from_utf8(word).unwrap();
            let (first, rest) = word.split_at(1);
            let mixed = format!("{}{rest}", first.to_uppercase());
            for name in [word.to_owned(), word.to_uppercase(), mixed] {
                assert_eq!(written(&name).unwrap(), format!("'{name}'"));
            }
            for name in [format!("{word}s_"), format!("${word}"), format!("A.{word}")] {
                assert_eq!(written(&name).unwrap(), name);
            }
        }
        for name in ["City", "a", "Constraints", "Or1", "x"] {
            assert_eq!(written(name).unwrap(), name);
        }
    }
}
