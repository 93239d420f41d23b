//! Splits the text of a query into words, strings and other characters.

use zcrm_core::Error;

/// A part of a query's text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Piece<'a> {
    /// Letters, digits, `_` and `$`.
    Word(&'a str),
    /// A string in single or double quotes, with its quotes.
    Text(&'a str),
    /// White space, a bracket, an operator.
    Other(char),
}

/// Splits a text into its pieces, each with the position of its first byte.
///
/// # Errors
/// Returns an error of kind [`Input`](zcrm_core::ErrorKind::Input) if a string has no closing quote.
pub(super) fn pieces(text: &str) -> Result<Vec<(usize, Piece<'_>)>, Error> {
    let mut pieces = Vec::new();
    let mut at = 0;
    while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
        let word = rest.len() - rest.trim_start_matches(is_word).len();
        let first = rest.chars().next().unwrap_or(' ');
        let piece = match first {
            '\'' | '"' => Piece::Text(string(rest, first)?),
            _ => match rest.get(..word).filter(|word| !word.is_empty()) {
                Some(word) => Piece::Word(word),
                None => Piece::Other(first),
            },
        };
        pieces.push((at, piece));
        at = at.saturating_add(match piece {
            Piece::Word(part) | Piece::Text(part) => part.len(),
            Piece::Other(character) => character.len_utf8(),
        });
    }
    Ok(pieces)
}

fn is_word(character: char) -> bool {
    character.is_alphanumeric() || matches!(character, '_' | '$')
}

/// Returns the string at the start of a text. A doubled quote is part of the string.
fn string(text: &str, quote: char) -> Result<&str, Error> {
    let mut quotes =
        text.char_indices().skip(1).filter(|(_, character)| *character == quote).peekable();
    while let Some((at, _)) = quotes.next() {
        if quotes.next_if(|(next, _)| *next == at.saturating_add(1)).is_none() {
            return Ok(text.get(..=at).unwrap_or(text));
        }
    }
    Err(Error::input(format!(
        "the query has a string without a closing {quote}: close it, and double each {quote} inside a string"
    )))
}

#[cfg(test)]
mod tests {
    use super::{Piece, pieces};

    #[test]
    fn splits_words_strings_and_other_characters() {
        let found: Vec<_> =
            pieces("a>='it''s' b.c").unwrap().into_iter().map(|(_, piece)| piece).collect();
        let expected = [
            Piece::Word("a"),
            Piece::Other('>'),
            Piece::Other('='),
            Piece::Text("'it''s'"),
            Piece::Other(' '),
            Piece::Word("b"),
            Piece::Other('.'),
            Piece::Word("c"),
        ];
        assert_eq!(found, expected);
    }

    #[test]
    fn keeps_the_other_kind_of_quote_inside_a_string() {
        assert_eq!(pieces(r#""it's""#).unwrap(), [(0, Piece::Text(r#""it's""#))]);
        assert_eq!(pieces("''").unwrap(), [(0, Piece::Text("''"))]);
    }

    #[test]
    fn refuses_a_string_without_a_closing_quote() {
        for text in ["'", "'''", "a = 'b", "\"x'"] {
            let message = pieces(text).unwrap_err().to_string();
            assert!(message.contains("without a closing"), "{text}: {message}");
        }
    }
}
