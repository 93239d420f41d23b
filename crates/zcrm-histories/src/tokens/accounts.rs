//! The connection of a process to the model of Zoho's accounts server.

use std::{
    collections::{BTreeMap, VecDeque},
    future::pending,
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll},
    time::Duration,
};

use http::{Request, Response, StatusCode, header};
use serde_json::Value;
use tower::Service;
use zcrm_core::{BoxError, Error, ErrorKind, Outcome};
use zcrm_http::{ReqBody, ResBody};

use super::{
    accounts_state::{Form, throttled},
    plan::AccountsFault,
    plant::Plant,
    promises,
    world::World,
};
use crate::process::Life;

/// The connection of one process to the accounts server.
#[derive(Clone, Debug)]
pub(crate) struct AccountsServer {
    pub(crate) world: Arc<World>,
    pub(crate) process: usize,
    pub(crate) life: Life,
    /// The recent refreshes of the process with each refresh token.
    pub(crate) refreshes: Arc<Mutex<BTreeMap<String, VecDeque<Duration>>>>,
}

type Answer = Result<Response<ResBody>, BoxError>;

impl Service<Request<ReqBody>> for AccountsServer {
    type Response = Response<ResBody>;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Answer> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<ReqBody>) -> Self::Future {
        let server = self.clone();
        Box::pin(async move {
            let answer = server.answer(request).await;
            server.world.pass(server.process, &server.life).await;
            answer
        })
    }
}

impl AccountsServer {
    async fn answer(&self, request: Request<ReqBody>) -> Answer {
        self.world.pass(self.process, &self.life).await;
        let path = request.uri().path().to_owned();
        let body = request.into_body().collect().await?;
        let form: Form = form_urlencoded::parse(&body).into_owned().collect();
        self.world.wait_a_little().await;
        let fault = self.world.accounts().fault;
        match fault {
            Some(AccountsFault::Unreachable) => {
                return failed(ErrorKind::Connect, Outcome::NotSent, "connection refused");
            }
            Some(AccountsFault::Unavailable) => {
                return status(StatusCode::SERVICE_UNAVAILABLE, &Value::Null, &self.world);
            }
            Some(AccountsFault::Throttles) => {
                return status(StatusCode::BAD_REQUEST, &throttled(), &self.world);
            }
            Some(AccountsFault::Slow) => self.wait_long().await,
            _ => {}
        }
        // a process that was killed meanwhile has sent its request
        let mut answer = self.execute(&path, &form);
        match fault {
            Some(AccountsFault::LostAnswers) => {
                self.world.wait_a_little().await;
                if self.world.plant == Some(Plant::RetriedExchange) {
                    answer = self.execute(&path, &form);
                } else {
                    return failed(ErrorKind::Transport, Outcome::Unknown, "connection reset");
                }
            }
            Some(AccountsFault::Hangs) => pending::<()>().await,
            Some(AccountsFault::Doubles) => {
                self.world.accounts().token(&form, self.world.now());
            }
            Some(AccountsFault::Slow) => self.wait_long().await,
            _ => {}
        }
        self.world.wait_a_little().await;
        status(StatusCode::OK, &answer, &self.world)
    }

    async fn wait_long(&self) {
        let wait = Duration::from_millis(self.world.chance().u64(0..7500));
        self.world.timeline.sleep(wait).await;
    }

    fn execute(&self, path: &str, form: &Form) -> Value {
        let now = self.world.now();
        let (process, world) = (self.process, &self.world);
        if path.ends_with("/revoke") {
            let answer = world.accounts().revoke(form);
            world.record(format_args!("accounts: process {process} revokes a login: {answer}"));
            return answer;
        }
        if let Some(refresh) = form.get("refresh_token") {
            promises::check_refresh(world, process, refresh, now);
            let mut refreshes = self.refreshes.lock().unwrap_or_else(PoisonError::into_inner);
            let calls = refreshes.entry(refresh.clone()).or_default();
            promises::check_budget(world, process, calls);
        }
        let answer = world.accounts().token(form, now);
        let with = form.get("code").or_else(|| form.get("refresh_token"));
        let with = with.map(String::as_str).unwrap_or_default();
        world.record(format_args!("accounts: process {process} with {with}: {answer}"));
        answer
    }
}

fn failed(kind: ErrorKind, outcome: Outcome, message: &'static str) -> Answer {
    Err(Box::new(Error::new(kind, outcome, message)))
}

fn status(status: StatusCode, body: &Value, world: &World) -> Answer {
    let mut response = Response::new(ResBody::from(body.to_string()));
    *response.status_mut() = status;
    let date = world.true_time().format("%a, %d %b %Y %H:%M:%S GMT").to_string();
    response.headers_mut().insert(header::DATE, date.parse()?);
    Ok(response)
}
