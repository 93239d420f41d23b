//! The web application: a login button, the redirect to Zoho and back, and a page with the user's
//! leads.

use std::{
    collections::HashMap,
    fmt::Write as _,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use axum::{
    Router,
    extract::{RawQuery, State},
    http::{HeaderMap, StatusCode, header},
    response::{Html, IntoResponse, Redirect, Response},
    routing::{get, post},
};
use serde::Deserialize;
use zcrm::{Clients, oauth::TokenFault, prelude::*};

/// The scopes that the application asks for: the user's leads, and the user's profile.
const SCOPES: [&str; 2] = ["ZohoCRM.modules.leads.READ", "AaaServer.profile.READ"];

/// The number of leads on the page.
const SHOWN: usize = 20;

/// A lead, with the fields that the page shows.
#[derive(Deserialize)]
struct Lead {
    #[serde(rename = "Last_Name")]
    last_name: String,
    #[serde(rename = "Company")]
    company: Option<String>,
}

impl Module for Lead {
    const API_NAME: &'static str = "Leads";
    const FIELDS: &'static [&'static str] = &["Last_Name", "Company"];
}

/// The application's state: its clients, and the users of the browser sessions.
struct App {
    clients: Clients,
    /// The users by the id of the session; `None` before the login.
    sessions: Mutex<HashMap<String, Option<String>>>,
}

impl App {
    fn sessions(&self) -> MutexGuard<'_, HashMap<String, Option<String>>> {
        self.sessions.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Opens a session with a random id.
    fn open(&self, user: Option<String>) -> String {
        let id = uuid::Uuid::new_v4().to_string();
        self.sessions().insert(id.clone(), user);
        id
    }

    /// Returns the user of the browser's session.
    fn user(&self, headers: &HeaderMap) -> Option<String> {
        self.sessions().get(session(headers)?)?.clone()
    }
}

/// Returns the routes of the application.
pub(crate) fn app(clients: Clients) -> Router {
    Router::new()
        .route("/", get(start))
        .route("/login", post(login))
        .route("/callback", get(callback))
        .route("/leads", get(leads))
        .route("/logout", post(logout))
        .with_state(Arc::new(App { clients, sessions: Mutex::default() }))
}

async fn start() -> Html<String> {
    page("Leads", "", BUTTON)
}

/// Sends the browser to Zoho. The URL's `state` is bound to the browser's session, which starts
/// here.
async fn login(State(app): State<Arc<App>>) -> Response {
    let session = app.open(None);
    match app.clients.authorize_url(&SCOPES).for_session(&session) {
        Ok(url) => with_session(&session, Redirect::to(&url)),
        Err(error) => failed(&error),
    }
}

/// Handles the redirect from Zoho at the end of a login.
async fn callback(
    State(app): State<Arc<App>>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    let session = session(&headers).unwrap_or_default();
    let login = async {
        // check the `state` before using the rest of the redirect
        let redirect = app.clients.accept(session, &query.unwrap_or_default())?;
        app.clients.login(redirect).await
    };
    match login.await {
        Ok(client) => {
            app.sessions().remove(session);
            // use a new id, so that an id known before the login is useless
            let session = app.open(Some(client.tokens().key().user().to_owned()));
            with_session(&session, Redirect::to("/leads"))
        }
        Err(error) => failed(&error),
    }
}

async fn leads(State(app): State<Arc<App>>, headers: HeaderMap) -> Response {
    let Some(user) = app.user(&headers) else {
        return Redirect::to("/").into_response();
    };
    match list(&app.clients, &user).await {
        Ok(list) => page("Leads", &format!("Logged in as {user}"), &list).into_response(),
        Err(error) => failed(&error),
    }
}

/// Returns the user's leads, read with the user's own tokens.
async fn list(clients: &Clients, user: &str) -> zcrm::Result<String> {
    let mut leads = clients.user(user)?.records_of::<Lead>().list().stream();
    let mut rows = String::new();
    for _ in 0..SHOWN {
        let Some(lead) = leads.next().await else { break };
        let Lead { last_name, company } = lead?;
        let (name, company) = (escape(&last_name), escape(&company.unwrap_or_default()));
        let _ = writeln!(rows, "<li>{name} <small>{company}</small></li>");
    }
    Ok(format!(
        "<ul id=\"leads\">\n{rows}</ul>\n<form method=\"post\" action=\"/logout\">\
         <button id=\"logout\">Log out</button></form>"
    ))
}

async fn logout(State(app): State<Arc<App>>, headers: HeaderMap) -> Redirect {
    if let Some(id) = session(&headers) {
        app.sessions().remove(id);
    }
    Redirect::to("/")
}

const BUTTON: &str =
    "<form method=\"post\" action=\"/login\"><button id=\"login\">Login with Zoho</button></form>";

/// Returns the session id in the browser's cookie.
fn session(headers: &HeaderMap) -> Option<&str> {
    let cookies =
        headers.get_all(header::COOKIE).iter().filter_map(|cookies| cookies.to_str().ok());
    cookies
        .flat_map(|cookies| cookies.split(';'))
        .find_map(|cookie| cookie.trim().strip_prefix("session="))
}

/// Sets the session cookie. An application that is served over HTTPS should add `Secure`.
fn with_session(id: &str, response: impl IntoResponse) -> Response {
    let cookie = format!("session={id}; Path=/; HttpOnly; SameSite=Lax");
    ([(header::SET_COOKIE, cookie)], response).into_response()
}

/// Shows the user a short message; the log has the details.
fn failed(error: &zcrm::Error) -> Response {
    let (status, text) = match TokenFault::of(error) {
        Some(TokenFault::AccessDenied) => {
            (StatusCode::OK, "You did not give access, so nothing is shown.")
        }
        Some(TokenFault::StateMismatch) => {
            (StatusCode::BAD_REQUEST, "This login did not start in this browser, or took too long.")
        }
        _ => (StatusCode::BAD_GATEWAY, "Zoho cannot be reached at the moment."),
    };
    tracing::warn!(%error, "a request failed");
    (status, page("Leads", text, BUTTON)).into_response()
}

fn page(title: &str, message: &str, body: &str) -> Html<String> {
    let message = escape(message);
    Html(format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <title>{title}</title>\n</head>\n<body>\n<h1>{title}</h1>\n<p id=\"message\">{message}</p>\n\
         {body}\n</body>\n</html>\n"
    ))
}

/// Escapes a text for HTML.
fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
