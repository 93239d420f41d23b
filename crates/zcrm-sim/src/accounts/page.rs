//! The pages shown to users: the consent page and the notices after it.

use hyper::StatusCode;

use crate::environment::Environment;
use crate::http::Answer;

/// A user who may consent.
pub(super) struct Person {
    pub(super) email: String,
    pub(super) name: String,
    pub(super) location: String,
}

/// A page that asks a user for consent.
pub(super) struct Question<'a> {
    /// Hidden form fields, sent back unchanged.
    pub(super) hidden: &'a [(String, String)],
    pub(super) client: &'a str,
    pub(super) scopes: &'a [String],
    pub(super) people: &'a [Person],
    /// The user selected at first.
    pub(super) chosen: Option<&'a str>,
}

/// The form's names of the environments.
const ENVIRONMENTS: [(&str, Environment); 2] =
    [("production", Environment::Production), ("sandbox", Environment::Sandbox)];

/// Parses an environment from the form; production if it is missing.
pub(super) fn environment(text: Option<&str>) -> Option<Environment> {
    let text = text.unwrap_or("production");
    ENVIRONMENTS.iter().find(|(name, _)| *name == text).map(|(_, environment)| *environment)
}

impl Question<'_> {
    pub(super) fn answer(&self) -> Answer {
        let hidden: String = self
            .hidden
            .iter()
            .map(|(name, value)| {
                let (name, value) = (escape(name), escape(value));
                format!("<input type=\"hidden\" name=\"{name}\" value=\"{value}\">\n")
            })
            .collect();
        let scopes: String =
            self.scopes.iter().map(|scope| format!("<li>{}</li>\n", escape(scope))).collect();
        let people: String = self
            .people
            .iter()
            .map(|person| {
                let chosen = self.chosen == Some(person.email.as_str());
                format!(
                    "<option value=\"{}\"{}>{} ({}, {})</option>\n",
                    escape(&person.email),
                    if chosen { " selected" } else { "" },
                    escape(&person.name),
                    escape(&person.email),
                    escape(&person.location),
                )
            })
            .collect();
        let environments: String = ENVIRONMENTS
            .iter()
            .map(|(name, _)| format!("<option value=\"{name}\">{name}</option>\n"))
            .collect();
        page(
            StatusCode::OK,
            "Consent",
            &format!(
                "<p><b>{client}</b> would like to access:</p>\n<ul>\n{scopes}</ul>\n\
                 <form method=\"post\">\n{hidden}\
                 <p><label>Signed in as <select name=\"user\">\n{people}</select></label></p>\n\
                 <p><label>Environment <select name=\"environment\">\n{environments}</select>\
                 </label></p>\n\
                 <p><button name=\"decision\" value=\"accept\">Accept</button>\n\
                 <button name=\"decision\" value=\"refuse\">Refuse</button></p>\n</form>",
                client = escape(self.client),
            ),
        )
    }
}

/// The page that asks for a device's code.
pub(super) fn ask_for_code(unknown: bool) -> Answer {
    let hint = if unknown { "<p>The code is unknown or has expired.</p>\n" } else { "" };
    let status = if unknown { StatusCode::BAD_REQUEST } else { StatusCode::OK };
    page(
        status,
        "Connect a device",
        &format!(
            "{hint}<form method=\"get\">\n<p><label>Code <input name=\"user_code\" required \
             autofocus></label></p>\n<p><button>Verify</button></p>\n</form>"
        ),
    )
}

/// A page with a short notice.
pub(super) fn notice(status: StatusCode, text: &str) -> Answer {
    page(status, "Simulated accounts server", &format!("<p>{}</p>", escape(text)))
}

fn page(status: StatusCode, title: &str, body: &str) -> Answer {
    let text = format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width\">\n<title>{title}</title>\n\
         <style>body {{ font: 1rem/1.5 sans-serif; max-width: 34rem; margin: 4rem auto; }}</style>\n\
         </head>\n<body>\n<h1>{title}</h1>\n{body}\n</body>\n</html>\n"
    );
    Answer::html(status, text)
        .with_header("cache-control", "no-store")
        .with_header("x-frame-options", "DENY")
        .with_header(
            "content-security-policy",
            "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
        )
}

/// Escapes text for HTML content and attributes.
fn escape(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            other => safe.push(other),
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::escape;

    #[test]
    fn escapes_markup_and_quotes() {
        assert_eq!(escape("a<b>&\"c'"), "a&lt;b&gt;&amp;&quot;c&#39;");
    }
}
