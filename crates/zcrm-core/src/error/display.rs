//! The texts of an error: one line for users, and a report.

use std::{error::Error as _, fmt};

use super::{Error, Inner, Outcome, text::REFUSED};
use crate::{ApiError, Code, RetryClass, escaped};

/// The beginning of that text if the call may have been executed nevertheless.
const NOT_ONLY_REFUSED: &str = "Zoho answered with an error";

impl Inner {
    fn headline(&self) -> &str {
        match self.outcome {
            Outcome::Unknown | Outcome::Executed if self.message == REFUSED => NOT_ONLY_REFUSED,
            _ => &self.message,
        }
    }

    /// Returns the facts that follow the message: the call, the host, the status and the outcome.
    fn circumstances(&self) -> Vec<String> {
        let mut parts: Vec<String> = Vec::new();
        if let Some(call) = &self.call {
            parts.push(call.to_string());
            let code = self.api.as_ref().map(ApiError::code);
            if let Some(module) = call.module()
                && code == Some(&Code::INVALID_MODULE)
            {
                parts.push(format!("module `{}`", escaped(module)));
            }
            if !call.scopes().is_empty() && code == Some(&Code::OAUTH_SCOPE_MISMATCH) {
                parts.push(format!("needs the scope {}", call.scopes().join(" or ")));
            }
        }
        if let Some(host) = &self.host {
            parts.push(format!("host {}", escaped(host)));
        }
        if let Some(status) = self.status {
            parts.push(format!("status {}", status.as_u16()));
        }
        if self.attempts > 1 {
            parts.push(format!("{} attempts", self.attempts));
        }
        if let Some(wait) = self.retry_after {
            parts.push(format!("try again in {} s", wait.as_secs_f64().ceil()));
        }
        if self.call.as_ref().is_some_and(|call| call.retry_class() != RetryClass::Read) {
            match self.outcome {
                Outcome::Unknown => {
                    parts.push("outcome unknown: the call may have been executed".to_owned());
                }
                Outcome::Executed => {
                    parts.push(
                        "the call was executed: check the data before writing again".to_owned(),
                    );
                }
                Outcome::NotSent | Outcome::Refused | Outcome::Local => {}
            }
        }
        parts
    }
}

/// Writes one line: the message, then the operation, host, status, attempts and outcome in
/// brackets.
impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let inner = &*self.0;
        if let Some(context) = &inner.context {
            write!(f, "{context}: ")?;
        }
        write!(f, "{}", escaped(inner.headline()).in_full())?;
        if let Some(api) = &inner.api {
            write!(f, ": {api}")?;
        }
        if let Some(record) = &inner.record {
            write!(f, ": {record}")?;
        }
        let parts = inner.circumstances();
        if parts.is_empty() { Ok(()) } else { write!(f, " ({})", parts.join(", ")) }
    }
}

/// Writes a report: the text, then each cause on a separate line. `{:#?}` writes the fields
/// instead.
impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if f.alternate() {
            return f
                .debug_struct("Error")
                .field("kind", &self.0.kind)
                .field("outcome", &self.0.outcome)
                .field("text", &self.to_string())
                .field("source", &self.0.source)
                .finish();
        }
        write!(f, "{self}")?;
        let mut next = self.source();
        while let Some(cause) = next {
            write!(f, "\n  caused by: {}", escaped(&cause.to_string()).in_full())?;
            next = cause.source();
        }
        Ok(())
    }
}
