//! The arguments of a check: `--name value` and `--flag`.

use std::{collections::BTreeMap, str::FromStr};

use lexopt::{Arg, Parser, ValueExt as _};

use zcrm_core::BoxError;

/// The command-line arguments of a check.
#[derive(Debug)]
pub struct Arguments(BTreeMap<String, Vec<String>>);

impl Arguments {
    /// Parses `arguments`: those in `named` take a value, those in `flags` do not.
    ///
    /// ```
    /// use zcrm_checks::Arguments;
    ///
    /// let given = ["--kills", "7"].map(std::ffi::OsString::from);
    /// let arguments = Arguments::parse(given, &["kills", "seed"], &["slow"])?;
    /// assert_eq!(arguments.number("kills", 100)?, 7);
    /// assert_eq!(arguments.number("seed", 1)?, 1);
    /// assert!(!arguments.flag("slow"));
    /// # Ok::<(), zcrm_checks::BoxError>(())
    /// ```
    ///
    /// # Errors
    /// Returns an error that names the first argument that is unknown or lacks its value.
    pub fn parse(
        arguments: impl IntoIterator<Item = std::ffi::OsString>,
        named: &[&str],
        flags: &[&str],
    ) -> Result<Self, BoxError> {
        let mut parser = Parser::from_args(arguments);
        let mut found: BTreeMap<String, Vec<String>> = BTreeMap::new();
        while let Some(argument) = parser.next()? {
            match argument {
                Arg::Long(name) if named.contains(&name) => {
                    let name = name.to_owned();
                    found.entry(name).or_default().push(parser.value()?.string()?);
                }
                Arg::Long(name) if flags.contains(&name) => {
                    found.entry(name.to_owned()).or_default();
                }
                other => return Err(other.unexpected().into()),
            }
        }
        Ok(Self(found))
    }

    /// Returns the text given as `--name`, the last one if there are several.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<&str> {
        self.texts(name).last().map(String::as_str)
    }

    /// Returns all texts given as `--name`.
    #[must_use]
    pub fn texts(&self, name: &str) -> &[String] {
        self.0.get(name).map(Vec::as_slice).unwrap_or_default()
    }

    /// Returns the number given as `--name`, or `default`.
    ///
    /// # Errors
    /// Returns an error if the text is not a number of this type.
    pub fn number<T: FromStr>(&self, name: &str, default: T) -> Result<T, BoxError> {
        match self.text(name) {
            Some(text) => {
                text.parse().map_err(|_| format!("invalid number `{text}` for --{name}").into())
            }
            None => Ok(default),
        }
    }

    /// Returns whether `--name` was given.
    #[must_use]
    pub fn flag(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }
}
