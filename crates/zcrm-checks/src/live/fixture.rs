//! The environment of the checks: a simulator or a sandbox of Zoho, and the records written there.

use std::{
    collections::BTreeMap,
    ffi::OsString,
    fmt,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use bytes::Bytes;
use http::{HeaderValue, Request, header::AUTHORIZATION};
use serde_json::json;
use zcrm::{
    ApiVersion, Client, ClientBuilder, Config, DataCenter, Environment,
    http::{Clock as _, RetryPolicy, TokioClock},
    operations::{Base, BodyShape, Operation},
    request::{self, Api},
};
use zcrm_core::BoxError;
use zcrm_http::{Authorizer as _, Connector, ReqBody, Stack, StaticAuthorizer, Transport};
use zcrm_sim::{FieldKind, FieldSpec, Simulator};

use crate::{
    answer::Answer,
    steps::{Call, Caller, Payload, Values},
};

/// The versions of the API that the checks use.
const VERSIONS: [ApiVersion; 5] =
    [ApiVersion::V2, ApiVersion::V3, ApiVersion::V4, ApiVersion::V5, ApiVersion::V8];

/// The environment variable with the grant token for the first run on a sandbox.
const GRANT: &str = "LIVE_CHECK_GRANT_TOKEN";

/// A read whose URL is set later.
const PLAIN: Operation = Operation::get("/").base(Base::Root);

/// The simulator or sandbox of the checks.
pub struct Fixture {
    clients: Vec<Client>,
    accounts: Transport,
    accounts_url: String,
    client_id: String,
    client_secret: String,
    simulator: Option<Simulator>,
    mark: String,
    /// Module and id of every created record.
    written: Mutex<Vec<(String, String)>>,
    _tokens: Option<tempfile::TempDir>,
}

impl fmt::Debug for Fixture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Fixture").field("mark", &self.mark).finish_non_exhaustive()
    }
}

/// Starts a simulator for the checks.
///
/// # Errors
/// Returns an error if its sockets cannot be opened.
pub async fn simulator() -> Result<Simulator, BoxError> {
    let external = FieldSpec::new("External_Key", FieldKind::Text).external();
    let file = FieldSpec::new("Papers", FieldKind::File);
    let builder = Simulator::builder().plain_http();
    Ok(builder.field("Leads", external).field("Leads", file).start().await?)
}

impl Fixture {
    /// Logs in at a simulator, in its production environment.
    ///
    /// # Errors
    /// Returns an error if the login fails.
    pub async fn simulated(simulator: Simulator) -> Result<Self, BoxError> {
        let folder = tempfile::tempdir()?;
        let settings = Config::from_map(simulator.settings())?;
        let base = || Client::builder().config(settings.clone()).token_path(folder.path());
        let clients = clients(base).await?;
        first(&clients)?.tokens().exchange(simulator.grant_token()).await?;
        // like an organisation that has used tags
        let tag = Payload::Json(json!({ "tags": [{ "name": "live-check" }] }));
        let tag = written(first(&clients)?, "POST", "settings/tags?module=Leads", tag)?;
        tag.send().await?;
        Ok(Self {
            clients,
            accounts: accounts()?,
            accounts_url: simulator.accounts_url(),
            client_id: simulator.client_id(),
            client_secret: simulator.client_secret(),
            simulator: Some(simulator),
            mark: mark(),
            written: Mutex::default(),
            _tokens: Some(folder),
        })
    }

    /// Logs in at the sandbox in these variables, which are read as by `Config::from_env`.
    ///
    /// # Errors
    /// Returns an error if the variables do not select `sandbox`, before anything is sent, or if
    /// the login fails.
    pub async fn sandbox(variables: BTreeMap<OsString, OsString>) -> Result<Self, BoxError> {
        let config = Config::from_vars(variables.clone())?;
        let said = |name: &str| variables.get(&OsString::from(name)).and_then(|it| it.to_str());
        let base = || Client::builder().config(config.clone());
        let clients = clients(base).await?;
        let tokens = first(&clients)?.tokens();
        if tokens.key().environment() != Environment::Sandbox {
            return Err("--live writes records and so only runs in a sandbox: set \
                        ZCRM_ENVIRONMENT=sandbox, with a login of that sandbox"
                .into());
        }
        let stored = match (tokens.stored().await?, said(GRANT)) {
            (Some(stored), _) => stored,
            (None, Some(grant)) => tokens.exchange(grant).await?,
            (None, None) => return Err(format!("there is no login: set {GRANT}").into()),
        };
        let accounts_url = match (said("ZCRM_ACCOUNTS_URL"), stored.accounts_server) {
            (Some(url), _) => url.to_owned(),
            (None, Some(url)) => url,
            (None, None) => {
                let named = said("ZCRM_DATA_CENTER").unwrap_or("us");
                named.parse::<DataCenter>()?.accounts_origin().to_string()
            }
        };
        Ok(Self {
            clients,
            accounts: accounts()?,
            accounts_url,
            client_id: said("ZCRM_CLIENT_ID").unwrap_or_default().to_owned(),
            client_secret: said("ZCRM_CLIENT_SECRET").unwrap_or_default().to_owned(),
            simulator: None,
            mark: mark(),
            written: Mutex::default(),
            _tokens: None,
        })
    }

    /// Returns the simulator, if the checks run on one.
    pub(super) fn simulator(&self) -> Option<&Simulator> {
        self.simulator.as_ref()
    }

    /// Returns the values that every check starts with.
    pub(super) fn values(&self) -> Values {
        Values::default()
            .with("mark", self.mark.as_str())
            .with("client_id", self.client_id.as_str())
            .with("client_secret", self.client_secret.as_str())
    }

    /// Returns the client for a version.
    fn client(&self, version: ApiVersion) -> Result<&Client, BoxError> {
        let found = self.clients.iter().find(|client| client.version() == version);
        found.ok_or_else(|| format!("no client uses {version}").into())
    }

    /// Returns the client with the login that all clients share.
    pub(super) fn login(&self) -> Result<&Client, BoxError> {
        first(&self.clients)
    }

    /// Sends a read of the API with another token.
    pub(super) async fn with_token(&self, token: &str) -> Result<Answer, BoxError> {
        let client = self.client(ApiVersion::V8)?;
        let origin = client.tokens().authorize().await?.origin().clone();
        let api = client.authorized_by(Arc::new(StaticAuthorizer::zoho(token, origin)?));
        Ok(written(&api, "GET", "org", Payload::None)?.send().await?.into())
    }

    /// Sends a read, of v8 unless the target names a version.
    pub(super) async fn get(&self, target: &str) -> Result<Answer, BoxError> {
        self.send(Call { method: "GET".into(), target: target.into(), ..Call::default() }).await
    }

    /// Records the created records of a call, so that they are deleted at the end.
    fn remember(&self, path: &str, answer: &Answer) {
        let mut written = self.written.lock().unwrap_or_else(PoisonError::into_inner);
        let mut made = |module: &str, place: &str| {
            for value in answer.at(place) {
                if let Some(id) = value.get("id").unwrap_or(value).as_str() {
                    written.push((module.to_owned(), id.to_owned()));
                }
            }
        };
        match path.split('/').collect::<Vec<_>>().as_slice() {
            [module] | [module, "upsert"] if module.starts_with(char::is_uppercase) => {
                made(module, "/data/*/details/id");
            }
            [_, _, "Notes"] => made("Notes", "/data/*/details/id"),
            [_, _, "actions", "convert"] => {
                for module in ["Accounts", "Contacts", "Deals"] {
                    made(module, &format!("/data/*/{module}"));
                    made(module, &format!("/data/*/details/{module}"));
                }
            }
            _ => {}
        }
    }

    /// Sends a call to the accounts server.
    async fn accounts(
        &self,
        path: &str,
        form: Option<&[(String, String)]>,
    ) -> Result<Answer, BoxError> {
        const POST: Operation =
            Operation::post("/oauth/v2/token").base(Base::Root).body(BodyShape::Form);
        let request = match form {
            Some(form) => {
                let form: Vec<_> = form.iter().map(|(name, text)| (&**name, &**text)).collect();
                POST.request(ApiVersion::V8).form(&form).build()?
            }
            None => PLAIN.request(ApiVersion::V8).build()?,
        };
        let url = format!("{}{path}", self.accounts_url);
        self.send_to(request, &url, None).await
    }

    /// Reads the user info with the token of the login.
    pub(super) async fn user_info(&self) -> Result<Answer, BoxError> {
        let authorization = self.login()?.tokens().authorize().await?;
        let url = format!("{}/oauth/user/info", self.accounts_url);
        self.send_to(PLAIN.request(ApiVersion::V8).build()?, &url, Some(authorization.header()))
            .await
    }

    /// Sends a read of the API with the login's token after another prefix than Zoho's.
    pub(super) async fn with_prefix(&self, prefix: &str) -> Result<Answer, BoxError> {
        let authorization = self.login()?.tokens().authorize().await?;
        let token = authorization.header().to_str()?.rsplit(' ').next().unwrap_or_default();
        let header = format!("{prefix} {token}").parse()?;
        let url = format!("{}/crm/v8/org", authorization.origin());
        self.send_to(PLAIN.request(ApiVersion::V8).build()?, &url, Some(&header)).await
    }

    /// Sends a request without the SDK's tokens.
    async fn send_to(
        &self,
        request: Request<Bytes>,
        url: &str,
        authorization: Option<&HeaderValue>,
    ) -> Result<Answer, BoxError> {
        let mut request = request.map(ReqBody::from);
        *request.uri_mut() = url.parse()?;
        if let Some(header) = authorization {
            request.headers_mut().insert(AUTHORIZATION, header.clone());
        }
        Ok(zcrm_http::send(&self.accounts, request).await?.into())
    }

    /// Deletes the written records, the latest first, and returns those that could not be deleted.
    pub(super) async fn clean(&self) -> Vec<String> {
        let written = {
            let mut written = self.written.lock().unwrap_or_else(PoisonError::into_inner);
            std::mem::take(&mut *written)
        };
        let mut left = Vec::new();
        for (module, id) in written.into_iter().rev() {
            let target = format!("{module}?ids={id}");
            let call = Call { method: "DELETE".into(), target, ..Call::default() };
            match self.send(call).await {
                // or a check has already deleted it
                Ok(answer) if answer.is("200 SUCCESS | INVALID_DATA") => {}
                Ok(answer) => left.push(format!("{module} {id}: {answer}")),
                Err(error) => left.push(format!("{module} {id}: {error}")),
            }
        }
        left
    }
}

async fn clients(base: impl Fn() -> ClientBuilder) -> Result<Vec<Client>, BoxError> {
    let mut clients = Vec::new();
    for version in VERSIONS {
        // a rejected login is the expected answer in some checks
        let policy = RetryPolicy::new(Arc::new(TokioClock::new())).attempts(1);
        clients.push(base().api_version(version).retry(policy).build()?);
    }
    Ok(clients)
}

fn first(clients: &[Client]) -> Result<&Client, BoxError> {
    clients.last().ok_or_else(|| "there is no client".into())
}

fn accounts() -> Result<Transport, BoxError> {
    let stack = Stack::new(Connector::builder().build()?);
    Ok(stack.build_for_accounts(Duration::from_secs(20)))
}

fn mark() -> String {
    format!("zcrm live-check {:016x}", fastrand::u64(..))
}

impl Caller for Fixture {
    async fn send(&self, call: Call) -> Result<Answer, BoxError> {
        let Call { method, target, headers, payload, wait } = call;
        if target.starts_with('/') {
            let form =
                if let Payload::Form(form) = &payload { Some(form.as_slice()) } else { None };
            return self.accounts(&target, form).await;
        }
        let version = target.split_once('/').and_then(|(version, _)| version.parse().ok());
        let target =
            target.split_once('/').filter(|_| version.is_some()).map_or(&*target, |it| it.1);
        let api: &Api = self.client(version.unwrap_or(ApiVersion::V8))?;
        let call = written(api, &method, target, payload)?;
        let call = headers.iter().fold(call, |call, (name, value)| call.header(name, value));
        let mut answer: Answer = call.clone().send().await?.into();
        // wait as long as Zoho's search index may need; the simulator needs no time
        let clock = TokioClock::new();
        for _ in 0..24 {
            if !wait || answer.status != 204 || self.simulator.is_some() {
                break;
            }
            clock.sleep(Duration::from_secs(5)).await;
            answer = call.clone().send().await?.into();
        }
        if method == "POST" {
            self.remember(target.split('?').next().unwrap_or_default(), &answer);
        }
        Ok(answer)
    }
}

/// Converts a written call to a request: `target` is a path below the version, with its query.
fn written(
    api: &Api,
    method: &str,
    target: &str,
    payload: Payload,
) -> Result<request::Call, BoxError> {
    const TEMPLATES: [&str; 5] =
        ["/{a}", "/{a}/{b}", "/{a}/{b}/{c}", "/{a}/{b}/{c}/{d}", "/{a}/{b}/{c}/{d}/{e}"];
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let (base, path) = match path.strip_prefix("bulk/") {
        Some(path) => (Base::Bulk, path),
        None => (Base::Crm, path),
    };
    let segments: Vec<&str> = path.split('/').collect();
    let template = TEMPLATES.get(segments.len() - 1).ok_or("a path with too many parts")?;
    let operation = match method {
        "POST" => Operation::post(template),
        "PUT" => Operation::put(template),
        "PATCH" => Operation::patch(template),
        "DELETE" => Operation::delete(template),
        _ => Operation::get(template),
    };
    let mut call = api.call(&operation.base(base).body(payload.shape()));
    for (name, value) in ["a", "b", "c", "d", "e"].into_iter().zip(segments) {
        call = call.path(name, value);
    }
    for (name, value) in query.split('&').filter_map(|pair| pair.split_once('=')) {
        call = call.param_unchecked(name, value);
    }
    Ok(payload.add_to(call, "data"))
}
