//! Collects the shown texts, and searches them for secrets.

use std::{
    collections::HashMap,
    error::Error as StdError,
    fmt::{self, Write as _},
};

use zcrm::{oauth::ExposeSecret, stores::StoredToken};
use zcrm_test_kit::Logs;

use crate::forms::{Form, forms};

/// Collects shown and logged texts, and the secrets that must not occur in them.
pub(crate) struct SecretScanner {
    logs: Logs,
    shown: String,
    secrets: Vec<String>,
}

impl SecretScanner {
    /// Captures the logs of the process from now on.
    pub(crate) fn begin() -> Self {
        Self { logs: Logs::of_process(), shown: String::new(), secrets: Vec::new() }
    }

    /// Adds a secret.
    pub(crate) fn secret(&mut self, secret: impl Into<String>) -> String {
        let secret = secret.into();
        assert!(secret.len() >= 6, "too short to be searched for");
        if !self.secrets.contains(&secret) {
            self.secrets.push(secret.clone());
        }
        secret
    }

    /// Adds the secrets of a token, and its debug output.
    pub(crate) fn token(&mut self, token: &StoredToken) {
        self.secret(token.access.expose_secret());
        if let Some(refresh) = &token.refresh {
            self.secret(refresh.expose_secret());
        }
        self.look(token);
    }

    /// Adds the debug output of a value.
    pub(crate) fn look(&mut self, value: &dyn fmt::Debug) {
        let _ = writeln!(self.shown, "{value:?}\n{value:#?}");
    }

    /// Adds the texts of an error and its causes, and returns them.
    pub(crate) fn error(&mut self, error: &(dyn StdError + 'static)) -> String {
        let mut text = String::new();
        let mut cause = Some(error);
        while let Some(error) = cause {
            let _ = writeln!(text, "{error}\n{error:#}\n{error:?}\n{error:#?}");
            cause = error.source();
        }
        self.shown.push_str(&text);
        text
    }

    /// Searches all collected texts.
    pub(crate) fn end(self, logging: &[&str]) {
        let log = self.logs.text();
        for target in logging {
            assert!(log.contains(target), "no log line of `{target}` was captured");
        }
        println!("{} secrets, {} bytes of logs", self.secrets.len(), log.len());
        let forms: Vec<Form> = self.secrets.iter().flat_map(|secret| forms(secret)).collect();
        for (place, text) in [("shown", self.shown.as_str()), ("logged", &log)] {
            if let Some((at, form)) = first_of(&forms, text) {
                let before = text[..at].rfind('\n').map_or(0, |end| end + 1);
                let line = text[before..].lines().next().unwrap_or_default();
                panic!("{place}, {}: {} in: {line}", form.name, form.text);
            }
        }
    }
}

/// Finds the first of many texts in one pass, because there are thousands of them.
pub(crate) fn first_of<'a>(forms: &'a [Form], text: &str) -> Option<(usize, &'a Form)> {
    const BEGINNING: usize = 6;
    let mut by_beginning: HashMap<&[u8], Vec<&Form>> = HashMap::new();
    for form in forms {
        by_beginning.entry(&form.text.as_bytes()[..BEGINNING]).or_default().push(form);
    }
    let pair = |bytes: &[u8]| usize::from(bytes[0]) << 8 | usize::from(bytes[1]);
    let mut pairs = vec![false; 1 << 16];
    by_beginning.keys().for_each(|beginning| pairs[pair(beginning)] = true);
    let bytes = text.as_bytes();
    bytes.windows(BEGINNING).enumerate().filter(|(_, window)| pairs[pair(window)]).find_map(
        |(at, window)| {
            let candidates = by_beginning.get(window)?;
            let found = candidates.iter().find(|it| bytes[at..].starts_with(it.text.as_bytes()));
            found.map(|form| (at, *form))
        },
    )
}
