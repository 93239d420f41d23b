//! Parses and checks the values of settings: durations, numbers, booleans and others.
//!
//! Every value is text, because the dictionaries of the Ruby SDK contain text: `'true'`, `'3306'`.

use std::{num::NonZeroUsize, path::Path, time::Duration};

use zcrm_core::{Error, escaped};

/// The longest duration that a setting may have: a day.
const LONGEST: Duration = Duration::from_secs(86_400);

pub(super) fn anything(_: &str) -> Result<(), Error> {
    Ok(())
}

pub(super) fn boolean(text: &str) -> Result<bool, Error> {
    match text {
        "true" => Ok(true),
        "false" => Ok(false),
        _ => Err(invalid("boolean", text, "expected `true` or `false`")),
    }
}

pub(super) fn port(text: &str) -> Result<u16, Error> {
    match text.parse() {
        Ok(port) if port > 0 => Ok(port),
        _ => Err(invalid("port", text, "expected a number from 1 to 65535, usually 3306")),
    }
}

/// Parses a whole number of at least 1.
pub(super) fn count(text: &str) -> Result<usize, Error> {
    text.parse().map(NonZeroUsize::get).map_err(|_| {
        invalid("number", text, "expected digits that form a whole number of at least 1")
    })
}

/// Parses a duration in seconds (`30`, `2.5`, `30s`) or milliseconds (`500ms`).
pub(super) fn duration(text: &str) -> Result<Duration, Error> {
    let (number, in_a_second) = match text.strip_suffix("ms") {
        Some(number) => (number, 1000.0),
        None => (text.strip_suffix('s').unwrap_or(text), 1.0),
    };
    let seconds = number.trim_end().parse::<f64>().map(|number| number / in_a_second).ok();
    seconds
        .and_then(|seconds| Duration::try_from_secs_f64(seconds).ok())
        .filter(|time| !time.is_zero() && *time <= LONGEST)
        .ok_or_else(|| {
            invalid(
                "duration",
                text,
                "expected seconds, such as `30` or `2.5`, or milliseconds, such as `500ms`, up to \
                 a day",
            )
        })
}

/// Parses scopes, separated by commas or spaces.
pub(super) fn scopes(text: &str) -> Result<Vec<String>, Error> {
    let parts = text.split([',', ' ', '\t', '\n', '\r']).filter(|scope| !scope.is_empty());
    parts
        .map(|scope| {
            let words: Vec<&str> = scope.split('.').collect();
            let word = |word: &&str| {
                !word.is_empty() && word.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
            };
            if words.len() >= 2 && words.iter().all(word) {
                Ok(scope.to_owned())
            } else {
                Err(invalid("scope", scope, "expected a text like `ZohoCRM.modules.ALL`"))
            }
        })
        .collect()
}

pub(super) fn access_type(text: &str) -> Result<(), Error> {
    if text == "offline" {
        return Ok(());
    }
    Err(invalid(
        "access type",
        text,
        "expected `offline`, because only that returns the refresh token; without it, the login \
         ends when its first access token expires, after an hour",
    ))
}

/// The largest file that is read; settings and certificates are smaller.
const LARGEST: u64 = 16 * 1024 * 1024;

/// Reads a file.
pub(super) fn file(path: &str) -> Result<Vec<u8>, Error> {
    read(Path::new(path))
        .map_err(|error| Error::config(format!("`{}` cannot be read: {error}", escaped(path))))
}

/// Checks that a text contains a certificate in PEM.
pub(super) fn pem(text: &str) -> Result<(), Error> {
    if text.contains("-----BEGIN CERTIFICATE-----") {
        return Ok(());
    }
    Err(Error::config(
        "it does not contain a certificate: expected a text with `-----BEGIN CERTIFICATE-----` (to name \
         a file, use `ca_file`)",
    ))
}

/// Reads a regular file.
pub(super) fn read(path: &Path) -> std::io::Result<Vec<u8>> {
    zcrm_http::read_file(path, LARGEST)
}

/// Checks that logs can be written to a file, which may not exist yet.
pub(super) fn log_file(path: &str) -> Result<(), Error> {
    with_logging()?;
    let path = Path::new(path);
    let shown = |path: &Path| escaped(&path.to_string_lossy()).to_string();
    if path.is_dir() {
        return Err(Error::config(format!("`{}` is a folder: name a file in it", shown(path))));
    }
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() && !folder.is_dir() => {
            Err(Error::config(format!("the folder `{}` does not exist", shown(folder))))
        }
        _ => Ok(()),
    }
}

pub(super) fn log_in_console(text: &str) -> Result<(), Error> {
    if boolean(text)? { with_logging() } else { Ok(()) }
}

/// Returns an error that says what to do if the feature `logging` is off.
fn with_logging() -> Result<(), Error> {
    if cfg!(feature = "logging") {
        return Ok(());
    }
    Err(Error::config(
        "it needs the feature `logging` of the crate `zcrm` and a call of \
         `zcrm::logging::install(&config)` at the start of the program; or remove this setting and \
         install your own `tracing` subscriber",
    ))
}

fn invalid(kind: &str, text: &str, expected: &str) -> Error {
    Error::config(format!("invalid {kind} `{}`: {expected}", escaped(text)))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{boolean, count, duration, port, scopes};

    #[test]
    fn reads_times_in_seconds_by_default() {
        for (text, milliseconds) in
            [("30", 30_000), ("2.5", 2_500), ("30s", 30_000), ("500ms", 500), ("86400", 86_400_000)]
        {
            assert_eq!(duration(text).unwrap(), Duration::from_millis(milliseconds), "{text}");
        }
        for text in ["0", "0.0", "-1", "inf", "NaN", "1e300", "86401", "ms", "s", "30 m", "1,5"] {
            assert!(duration(text).is_err(), "{text}");
        }
    }

    #[test]
    fn accepts_whole_numbers_from_one() {
        assert_eq!((count("1").unwrap(), port("65535").unwrap()), (1, 65_535));
        for text in ["0", "-1", "1.0", "1_000", "port_number", "99999999999999999999999"] {
            assert!(count(text).is_err() && port(text).is_err(), "{text}");
        }
        assert!(port("65536").is_err());
    }

    #[test]
    fn accepts_true_and_false_only() {
        assert!(boolean("true").unwrap() && !boolean("false").unwrap());
        for text in ["True", "1", "yes", "on"] {
            assert!(boolean(text).is_err(), "{text}");
        }
    }

    #[test]
    fn splits_scopes_at_commas_and_spaces() {
        let two = ["ZohoCRM.modules.ALL", "aaaserver.profile.READ"];
        assert_eq!(scopes("ZohoCRM.modules.ALL, aaaserver.profile.READ").unwrap(), two);
        assert_eq!(scopes("ZohoCRM.modules.ALL aaaserver.profile.READ").unwrap(), two);
        for text in ["ZohoCRM", "ZohoCRM.", "ZohoCRM..ALL", "ZohoCRM.modules.ALL;x.y", "a.b&c"] {
            assert!(scopes(text).is_err(), "{text}");
        }
    }
}
