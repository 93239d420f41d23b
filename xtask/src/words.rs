//! `cargo xtask words`: searches the files of the repository for the words and phrases of
//! `words.toml`.

use anyhow::{Context as _, Result, ensure};
use regex::{Regex, RegexBuilder};
use serde::Deserialize;
use xshell::cmd;

use crate::shell::Workspace;

const LIST: &str = "xtask/words.toml";

/// The files that quote other texts, or whose text is data.
const LEFT_OUT: [&str; 7] = [
    "Cargo.lock",
    "LICENSE",
    "/generated/",
    ".json",
    "ruby-requests.txt",
    LIST,
    "xtask/src/words.rs",
];

#[derive(Deserialize)]
struct List {
    word: Vec<Entry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    not: String,
    say: String,
    #[serde(default)]
    except: String,
    #[serde(default)]
    starts: bool,
}

/// An entry of the list, compiled.
struct Word {
    not: Regex,
    except: Option<Regex>,
    say: String,
    starts: bool,
}

/// Searches every tracked file.
pub(crate) fn run(workspace: &Workspace) -> Result<()> {
    let sh = &workspace.sh;
    let words = compile(&sh.read_file(LIST)?)?;
    let mut found = Vec::new();
    for path in cmd!(sh, "git ls-files").quiet().read()?.lines() {
        if LEFT_OUT.iter().any(|part| path.contains(part)) {
            continue;
        }
        found.extend(check(&words, path, "").into_iter().map(|what| format!("{path}: {what}")));
        // A file that is not text has no prose; one that was deleted is not committed yet.
        if let Ok(text) = sh.read_file(path) {
            found.extend(search(&words, path, &text));
        }
    }
    found.iter().for_each(|what| eprintln!("error: {what}"));
    ensure!(found.is_empty(), "{} words or phrases of {LIST}", found.len());
    println!("words: the files use none of the words in {LIST}");
    Ok(())
}

fn compile(list: &str) -> Result<Vec<Word>> {
    let List { word } = toml::from_str(list).context(LIST)?;
    let compiled = word.into_iter().map(|Entry { not, say, except, starts }| {
        let whole = |pattern: &str| {
            let pattern = format!(r"\b(?:{pattern})\b");
            RegexBuilder::new(&pattern).case_insensitive(!starts).build()
        };
        let except = (!except.is_empty()).then(|| whole(&except)).transpose()?;
        Ok(Word { not: whole(&not)?, except, say, starts })
    });
    compiled.collect()
}

/// Returns the findings in a text, each with its place.
fn search(words: &[Word], path: &str, text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut before = "";
    for (number, line) in (1..).zip(text.lines()) {
        let place = |what| format!("{path}:{number}: {what}");
        found.extend(check(words, line, before).into_iter().map(place));
        before = line;
    }
    found
}

/// Returns the findings in a line; `before` is the line before it.
fn check(words: &[Word], line: &str, before: &str) -> Vec<String> {
    let opens = start(line).filter(|_| start(before).is_none_or(str::is_empty));
    let find = |word: &Word| {
        let text = match (word.starts, opens) {
            (true, Some(first)) => first,
            (true, None) => return None,
            (false, _) => line,
        };
        let text = match &word.except {
            Some(except) => except.replace_all(text, "…"),
            None => text.into(),
        }
        .replace('_', " ");
        let hit = word.not.find(&text).filter(|hit| !word.starts || hit.start() == 0)?;
        Some(format!("`{}`: write {}", hit.as_str(), word.say))
    };
    words.iter().filter_map(find).collect()
}

/// Returns the text of a line of documentation, or of a heading.
fn start(line: &str) -> Option<&str> {
    let line = line.trim_start();
    let text = line.strip_prefix("///").or_else(|| line.strip_prefix("//!"));
    text.or_else(|| line.strip_prefix('#')?.trim_start_matches('#').strip_prefix(' '))
        .map(str::trim)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Vec<String> {
        search(&compile(include_str!("../words.toml")).unwrap(), "a.rs", text)
    }

    #[test]
    fn finds_words_in_prose_strings_and_names() {
        for text in [
            "/// The value that stands for it.",
            "let text = \"nobody is logged in\";",
            "fn a_call_that_is_none_is_refused() {}",
            "// Unless told otherwise.",
            "| alone |",
            "- Whatever is sent",
        ] {
            assert!(!found(text).is_empty(), "{text}");
        }
        assert_eq!(found("a\nis told")[0], "a.rs:2: `told`: write reports, returns, says");
    }

    #[test]
    fn accepts_exceptions_and_parts_of_words() {
        for text in [
            "There is no such record, and it is no longer sent.",
            "if value.is_none() || other.is_none_or(|x| x)",
            "one of Zoho's servers",
            "a standard, an outstanding call, standalone",
        ] {
            assert!(found(text).is_empty(), "{text}: {:?}", found(text));
        }
    }

    #[test]
    fn finds_questions_only_at_the_start_of_documentation() {
        assert_eq!(found("/// What was sent.").len(), 1);
        assert_eq!(found("# Where to look").len(), 1);
        assert!(found("/// Returns the name.\n/// Where it is missing, an error.").is_empty());
        assert!(found("// Where this is read").is_empty());
    }
}
