//! The web application: a button, the way to Zoho and back, and a page with the person's leads.

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

/// What the application asks people for: their leads, and who they are.
const SCOPES: [&str; 2] = ["ZohoCRM.modules.leads.READ", "AaaServer.profile.READ"];

/// How many leads the page shows.
const SHOWN: usize = 20;

/// A lead, as the page shows it.
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

/// The application's state: its clients, and who sits at which browser.
struct App {
    clients: Clients,
    /// The users by the session's id; `None` before the login.
    sessions: Mutex<HashMap<String, Option<String>>>,
}

impl App {
    fn sessions(&self) -> MutexGuard<'_, HashMap<String, Option<String>>> {
        self.sessions.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Opens a session under an id that nobody can guess.
    fn open(&self, user: Option<String>) -> String {
        let id = uuid::Uuid::new_v4().to_string();
        self.sessions().insert(id.clone(), user);
        id
    }

    /// The user of the browser's session.
    fn user(&self, headers: &HeaderMap) -> Option<String> {
        self.sessions().get(session(headers)?)?.clone()
    }
}

/// The routes of the application.
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

/// Sends the browser to Zoho. The URL's `state` is bound to the browser's session, which begins here.
async fn login(State(app): State<Arc<App>>) -> Response {
    let session = app.open(None);
    match app.clients.authorize_url(&SCOPES).for_session(&session) {
        Ok(url) => with_session(&session, Redirect::to(&url)),
        Err(error) => failed(&error),
    }
}

/// Where Zoho sends the browser back to.
async fn callback(
    State(app): State<Arc<App>>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    let session = session(&headers).unwrap_or_default();
    let login = async {
        // the `state` first, before anything else of the redirect is believed
        let redirect = app.clients.accept(session, &query.unwrap_or_default())?;
        app.clients.login(redirect).await
    };
    match login.await {
        Ok(client) => {
            app.sessions().remove(session);
            // a new id, so that nobody can have known it before the login
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

/// The person's leads, read with the person's own tokens.
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

/// The id in the browser's cookie.
fn session(headers: &HeaderMap) -> Option<&str> {
    let cookies =
        headers.get_all(header::COOKIE).iter().filter_map(|cookies| cookies.to_str().ok());
    cookies
        .flat_map(|cookies| cookies.split(';'))
        .find_map(|cookie| cookie.trim().strip_prefix("session="))
}

/// An application that is served over HTTPS adds `Secure`.
fn with_session(id: &str, response: impl IntoResponse) -> Response {
    let cookie = format!("session={id}; Path=/; HttpOnly; SameSite=Lax");
    ([(header::SET_COOKIE, cookie)], response).into_response()
}

/// What went wrong, for the person; the log has the rest.
fn failed(error: &zcrm::Error) -> Response {
    let (status, text) = match TokenFault::of(error) {
        Some(TokenFault::AccessDenied) => {
            (StatusCode::OK, "You did not give access, so nothing is shown.")
        }
        Some(TokenFault::StateMismatch) => {
            (StatusCode::BAD_REQUEST, "This login was not begun here, or took too long.")
        }
        _ => (StatusCode::BAD_GATEWAY, "Zoho could not be asked just now."),
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

/// Text as it may stand in HTML.
fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
