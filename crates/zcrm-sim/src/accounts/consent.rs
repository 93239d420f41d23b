//! The consent page: a user signs in, sees the scopes, and accepts or refuses.

use chrono::{DateTime, Utc};
use hyper::StatusCode;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use super::context::{Context, done};
use super::page::Question;
use super::people::{home_of, people, user_by_email};
use crate::accounts::page;
use crate::http::{Answer, origin};
use crate::state::{PendingGrant, State};

/// Answers requests for the page and submissions of its form.
///
/// The page includes the sign-in, so it is shown even if Zoho would remember the consent. `prompt`
/// only decides whether a refresh token is issued.
pub(super) fn answer(cx: &mut Context<'_>, decided: bool) -> Answer {
    let scopes = match check(cx) {
        Ok(scopes) => scopes,
        Err((text, code)) => {
            return page::notice(StatusCode::BAD_REQUEST, text).with_code(code);
        }
    };
    let hint = cx.form.get("login_hint");
    let decision = match (decided, cx.config.auto_consent) {
        (true, _) => {
            if let Some(refused) = origin::refusal(cx.call) {
                return refused;
            }
            cx.form.get("decision").unwrap_or_default()
        }
        (false, true) => "accept",
        (false, false) => {
            return done(
                Question {
                    hidden: &[],
                    client: &cx.state.client.id,
                    scopes: &scopes,
                    people: &people(cx),
                    chosen: hint,
                }
                .answer(),
            );
        }
    };
    match decision {
        "accept" => {
            let first = cx.state.users.first().map(|user| user.email.clone());
            let email = cx.form.get("user").or(hint).map(String::from).or(first);
            accept(cx, &email.unwrap_or_default(), scopes)
        }
        "refuse" => done(back(cx, &[("error", "access_denied")])).with_code("access_denied"),
        _ => {
            page::notice(StatusCode::BAD_REQUEST, "Accept or refuse.").with_code("invalid_decision")
        }
    }
}

/// Returns the requested scopes if the request is valid. Otherwise returns the text of the page and
/// the code for the journal.
fn check(cx: &Context<'_>) -> Result<Vec<String>, (&'static str, &'static str)> {
    if cx.form.get("client_id") != Some(&cx.state.client.id) {
        return Err(("Invalid Client ID", "invalid_client"));
    }
    if cx.form.get("redirect_uri") != Some(&cx.state.client.redirect_uri) {
        return Err(("Invalid Redirect Uri", "invalid_redirect_uri"));
    }
    if cx.form.get("response_type") != Some("code") {
        return Err(("Invalid response type", "invalid_response_type"));
    }
    cx.form.scopes().ok_or(("Scope does not exist", "invalid_scope"))
}

fn accept(cx: &mut Context<'_>, email: &str, scopes: Vec<String>) -> Answer {
    let Some(environment) = page::environment(cx.form.get("environment")) else {
        return page::notice(StatusCode::BAD_REQUEST, "Unknown environment")
            .with_code("invalid_environment");
    };
    let known = user_by_email(cx.state, email).is_some() || home_of(cx.others, email).is_some();
    if known && cx.config.grant_limit && !cx.state.accounts.count_grant(cx.now) {
        // It is not known what Zoho shows here. The words are those of its other throttle.
        let text =
            "You have made too many requests continuously. Please try again after some time.";
        return page::notice(StatusCode::BAD_REQUEST, text).with_code("Access Denied");
    }
    let lasting = cx.form.lasting();
    let grant = |state: &mut State, now: DateTime<Utc>| {
        let user = user_by_email(state, email)?.id.clone();
        let grant =
            PendingGrant::new(user, environment, scopes, now).by_redirect().lasting(lasting);
        Some(state.accounts.new_grant(&mut state.rng, grant))
    };
    let (code, home) = if user_by_email(cx.state, email).is_some() {
        (grant(cx.state, cx.now), Some(cx.config))
    } else if let Some(other) = home_of(cx.others, email) {
        (grant(&mut other.state(), other.clock.now()), Some(&other.config))
    } else {
        (None, None)
    };
    let Some((code, home)) = code.zip(home) else {
        return page::notice(StatusCode::BAD_REQUEST, "Unknown user").with_code("access_denied");
    };
    let pairs = [
        ("code", code.as_str()),
        ("location", home.data_center.as_str()),
        ("accounts-server", home.accounts_url.as_str()),
    ];
    done(back(cx, &pairs))
}

/// Redirects the browser to the application.
fn back(cx: &Context<'_>, pairs: &[(&str, &str)]) -> Answer {
    let mut to = cx.state.client.redirect_uri.clone();
    let state = cx.form.get("state").map(|given| ("state", given));
    for (name, value) in pairs.iter().copied().chain(state) {
        to.push(if to.contains('?') { '&' } else { '?' });
        // The dots of a token are not escaped, as in Zoho's redirects.
        let value = if name == "code" {
            value.to_owned()
        } else {
            utf8_percent_encode(value, NON_ALPHANUMERIC).to_string()
        };
        to.push_str(&format!("{name}={value}"));
    }
    Answer::empty(StatusCode::FOUND).with_header("location", &to)
}
