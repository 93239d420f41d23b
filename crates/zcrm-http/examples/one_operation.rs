//! A separate library that needs one operation of Zoho's API. It uses `zcrm-http`, but neither
//! `zcrm-oauth` nor `zcrm-api`.
//!
//! The library manages its own tokens. The crate provides the connection pool, retries, limits,
//! deadlines and errors.
//!
//! It calls the embedded simulator, over real sockets and TLS:
//!
//! ```text
//! cargo run -p zcrm-http --example one_operation
//! ```
#![allow(clippy::print_stdout, reason = "an example prints its results")]

use std::{error::Error, time::Duration};

use zcrm_sim::Simulator;

/// The library: reads the active users of an organisation.
mod people {
    use std::sync::{Arc, Mutex, PoisonError};

    use async_trait::async_trait;
    use http::{HeaderMap, HeaderValue, header::USER_AGENT};
    use serde::Deserialize;
    use zcrm_core::{
        ApiVersion, Base, BodyShape, BoxError, Error, Id, Operation, Origin, ResponseShape,
    };
    use zcrm_http::{
        Authorization, AuthorizedBy, Authorizer, Connector, Limits, ReqBody, Stack, Transport, send,
    };

    const USERS: Operation = Operation::get("/users")
        .id("users.list")
        .query(&["type", "page", "per_page"])
        .returns(ResponseShape::List("users"));

    const TOKEN: Operation = Operation::post("/oauth/v2/token")
        .id("oauth.token")
        .base(Base::Root)
        .body(BodyShape::Form)
        .returns(ResponseShape::Bare);

    /// A user.
    #[derive(Debug, Deserialize)]
    pub(crate) struct Person {
        pub(crate) id: Id,
        pub(crate) full_name: String,
        pub(crate) email: String,
    }

    /// The servers of the organisation, and the application's id, secret and redirect URI.
    pub(crate) struct Settings {
        pub(crate) accounts: Origin,
        pub(crate) api: Origin,
        pub(crate) root_pem: String,
        pub(crate) client: [String; 3],
    }

    /// A client for the operation.
    pub(crate) struct People {
        transport: Transport,
        tokens: Arc<dyn Authorizer>,
    }

    impl People {
        /// Creates a client with a grant token, which the first call exchanges.
        pub(crate) fn new(settings: Settings, grant: String) -> Result<Self, Error> {
            let connector = Connector::builder().root_pem(settings.root_pem.as_str()).build()?;
            let agent = HeaderValue::from_static("people/1.0");
            let stack = Stack::new(connector)
                .limits(Limits::default().with_concurrent(5))
                .headers(HeaderMap::from_iter([(USER_AGENT, agent)]))?;
            let accounts = stack.build_for_accounts(super::ACCOUNTS_DEADLINE);
            let state = Mutex::new(TokenState { login: Login::Grant(grant), access: None });
            let tokens = Arc::new(Tokens { accounts, settings, state });
            Ok(Self { transport: stack.build(), tokens })
        }

        /// Returns the active users of the organisation, up to 200.
        pub(crate) async fn active(&self) -> Result<Vec<Person>, Error> {
            let request = USERS.request(ApiVersion::V8).query("type", "ActiveUsers");
            let mut request = request.query("per_page", "200").build()?.map(ReqBody::from);
            request.extensions_mut().insert(AuthorizedBy(Arc::clone(&self.tokens)));
            let page = send(&self.transport, request).await?.page::<Person>("users")?;
            page.items.into_iter().map(|one| one.map_err(Error::from_record)).collect()
        }
    }

    /// The credentials for an access token.
    #[derive(Clone)]
    enum Login {
        Grant(String),
        Refresh(String),
    }

    struct TokenState {
        login: Login,
        access: Option<Authorization>,
    }

    /// The library's tokens, in memory. (`zcrm-oauth` does much more: it has stores, refreshes once
    /// for all callers, and keeps Zoho's limits.)
    struct Tokens {
        accounts: Transport,
        settings: Settings,
        state: Mutex<TokenState>,
    }

    #[derive(Deserialize)]
    struct Answer {
        access_token: String,
        refresh_token: Option<String>,
    }

    impl Tokens {
        fn state(&self) -> std::sync::MutexGuard<'_, TokenState> {
            self.state.lock().unwrap_or_else(PoisonError::into_inner)
        }
    }

    #[async_trait]
    impl Authorizer for Tokens {
        fn cached(&self) -> Option<Authorization> {
            self.state().access.clone()
        }

        async fn authorize(&self) -> Result<Authorization, BoxError> {
            let login = self.state().login.clone();
            let (kind, name, value) = match &login {
                Login::Grant(grant) => ("authorization_code", "code", grant),
                Login::Refresh(token) => ("refresh_token", "refresh_token", token),
            };
            let [id, secret, redirect] = &self.settings.client;
            let form = [
                ("grant_type", kind),
                (name, value),
                ("client_id", id),
                ("client_secret", secret),
                ("redirect_uri", redirect),
            ];
            let mut request = TOKEN.request(ApiVersion::V8).form(&form).build()?.map(ReqBody::from);
            *request.uri_mut() = format!("{}/oauth/v2/token", self.settings.accounts).parse()?;
            let answer: Answer = send(&self.accounts, request).await?.json()?;
            let access = Authorization::zoho(&answer.access_token, self.settings.api.clone())?;
            let mut state = self.state();
            if let Some(refresh) = answer.refresh_token {
                state.login = Login::Refresh(refresh);
            }
            state.access = Some(access.clone());
            Ok(access)
        }

        async fn reject(&self, refused: &Authorization) {
            // unless another call has replaced it meanwhile
            self.state().access.take_if(|access| access == refused);
        }
    }

    impl std::fmt::Debug for Tokens {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("Tokens")
        }
    }
}

/// The time limit of a call to the accounts server.
const ACCOUNTS_DEADLINE: Duration = Duration::from_secs(20);

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let sim = Simulator::start().await?;
    let settings = people::Settings {
        accounts: sim.accounts_url().parse()?,
        api: sim.api_url().parse()?,
        root_pem: sim.ca_pem().to_owned(),
        client: [sim.client_id(), sim.client_secret(), sim.redirect_uri()],
    };
    let people = people::People::new(settings, sim.grant_token())?;

    for person in people.active().await? {
        println!("{} {} <{}>", person.id, person.full_name, person.email);
    }

    // the token expires and a request fails, and the client handles both
    sim.expire_access_tokens();
    sim.faults().on_path_prefix("/crm/").status(502);
    let again = people.active().await?;
    let journal = sim.journal();
    println!(
        "{} again, after {} refresh; {} requests in all",
        again.len(),
        journal.refreshes(),
        journal.requests()
    );
    // an exchange, a list; a 502, a stale token, a refresh, a list
    if (journal.exchanges(), journal.refreshes(), journal.requests()) != (1, 1, 6) {
        return Err("the client sent unexpected requests".into());
    }
    sim.stop().await;
    Ok(())
}
