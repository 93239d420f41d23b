//! A simulated process of an application: it logs in and out, and makes calls.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use zcrm_core::{Error, ErrorKind};
use zcrm_http::{Authorization, Authorizer as _, Stack};
use zcrm_oauth::{Accounts, TokenFault, TokenManager, UnsavedToken, UserTokens};

use super::{
    accounts::AccountsServer,
    accounts_state::LIFE,
    logins::Effect,
    plan::Event,
    plant::Plant,
    promises::{
        HONEST, LONGEST_WAIT, NO_LONG_WAIT, NO_OUTAGE, UNKNOWN_LOGIN, good_login, user_name,
    },
    store::SharedStore,
    world::World,
};
use crate::process::{Life, MachineClock};

/// A running process.
#[derive(Clone, Debug)]
pub(crate) struct Application {
    world: Arc<World>,
    pub(crate) process: usize,
    pub(crate) life: Life,
    manager: TokenManager,
    /// The refusals in a token's first minute, for a planted fault.
    blocked_until: Arc<Mutex<Duration>>,
}

impl Application {
    /// Starts a process.
    pub(crate) fn start(
        world: &Arc<World>,
        process: usize,
        machine: &MachineClock,
    ) -> Result<Self, Error> {
        let life = Life::new(world.timeline);
        let clock = machine.of(&life);
        let server = AccountsServer {
            world: Arc::clone(world),
            process,
            life: life.clone(),
            refreshes: Arc::default(),
        };
        let limit = match world.plant {
            Some(Plant::NoTimeout) => Duration::from_secs(100),
            _ => Accounts::REQUEST_TIMEOUT,
        };
        let transport = Stack::new(server)
            .clock(Arc::<crate::process::ProcessClock>::clone(&clock))
            .build_for_accounts(limit);
        let manager = TokenManager::builder("1000.SIMULATED", "secret")
            .store(SharedStore {
                world: Arc::clone(world),
                process,
                life: life.clone(),
                before_lock: Mutex::default(),
            })
            .transport(transport)
            .clock(clock)
            .build()?;
        world.record(format_args!("process {process} starts"));
        let application = Self {
            world: Arc::clone(world),
            process,
            life,
            manager,
            blocked_until: Arc::default(),
        };
        for _ in 0..world.plan.callers {
            tokio::spawn(application.clone().call_often());
        }
        Ok(application)
    }

    fn tokens(&self, user: usize) -> Option<UserTokens> {
        self.manager.user(&user_name(user)).ok()
    }

    /// Makes calls until the process ends.
    async fn call_often(self) {
        loop {
            let (pause, user, patience) = {
                let mut chance = self.world.chance();
                let longest = match chance.u32(0..6) {
                    0 => 1000,
                    _ => self.world.plan.pause * 1000,
                };
                let patience = match chance.u32(0..10) {
                    0 => Some(Duration::from_millis(chance.u64(0..3000))),
                    _ => None,
                };
                (chance.u64(0..longest), chance.usize(0..self.world.plan.users), patience)
            };
            self.world.timeline.sleep(Duration::from_millis(pause)).await;
            self.life.check().await;
            match patience {
                None => drop(self.call(user).await),
                Some(patience) => {
                    let _ = self.world.timeline.within(patience, self.call(user)).await;
                }
            }
            self.life.check().await;
        }
    }

    /// Makes a call, with a second attempt after a refused token, as the stack of a client does.
    pub(crate) async fn call(&self, user: usize) -> Result<(), Error> {
        let Some(tokens) = self.tokens(user) else { return Ok(()) };
        for attempt in 0..2 {
            let authorization = self.authorize(user, &tokens).await?;
            self.world.wait_a_little().await;
            self.life.check().await;
            let access = access_token(&authorization);
            let now = self.world.now();
            let accepted = self.world.accounts().accepts(user, &access, now);
            let process = self.process;
            self.world.record(format_args!(
                "process {process} calls with `{access}`: accepted {accepted}"
            ));
            self.world.wait_a_little().await;
            self.life.check().await;
            if accepted {
                tokens.accept(&authorization);
                return Ok(());
            }
            if self.world.plant == Some(Plant::UnreportedRefusal) {
                break;
            }
            self.block_for_a_minute(&access, now);
            tokens.reject(&authorization).await;
            if attempt == 1 {
                break;
            }
        }
        Err(Error::new(ErrorKind::Api, zcrm_core::Outcome::Refused, "INVALID_TOKEN"))
    }

    async fn authorize(&self, user: usize, tokens: &UserTokens) -> Result<Authorization, Error> {
        let begin = self.world.now();
        let login = good_login(&self.world, user);
        let is_blocked = || {
            begin < *self.blocked_until.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
        };
        let answer = match tokens.cached() {
            _ if is_blocked() => Err(Error::config("planted")),
            Some(authorization) => Ok(authorization),
            None => tokens.authorize().await.map_err(Error::from_boxed),
        };
        self.life.check().await;
        let waited = self.world.now().saturating_sub(begin);
        let (process, name) = (self.process, user_name(user));
        if waited > LONGEST_WAIT && self.life.last_stop() < begin {
            let seconds = waited.as_secs();
            self.world.broken(NO_LONG_WAIT, format_args!("process {process} waited {seconds} s"));
        }
        if let Err(error) = &answer {
            self.world.count("calls without a token");
            self.world.record(format_args!("process {process} has no token of {name}: {error}"));
            let fault = TokenFault::of(error);
            if let Some(
                TokenFault::NotLoggedIn
                | TokenFault::InvalidRefreshToken
                | TokenFault::NoRefreshToken,
            ) = fault
                && login.is_some()
                && login == good_login(&self.world, user)
            {
                self.world.broken(HONEST, format_args!("process {process}, {name}: {error}"));
            }
            let is_logged_out = fault == Some(TokenFault::NotLoggedIn)
                && self.world.store().token_of(&name).is_none();
            if self.world.plan.has_only_a_refusal() && !is_logged_out {
                self.world.broken(NO_OUTAGE, format_args!("process {process}: {error}"));
            }
        }
        answer
    }

    /// Does what the planted fault [`Plant::FirstMinute`] does after a refusal.
    fn block_for_a_minute(&self, access: &str, now: Duration) {
        if self.world.plant != Some(Plant::FirstMinute) {
            return;
        }
        let minute = Duration::from_secs(60);
        if self.world.accounts().left(access, now) > LIFE.saturating_sub(minute) {
            *self.blocked_until.lock().unwrap_or_else(std::sync::PoisonError::into_inner) =
                now + minute;
        }
    }

    /// Performs a planned login, logout or revocation.
    pub(crate) async fn change(self, event: Event) {
        let (user, grant) = match event {
            Event::LogIn { user, .. } => (user, Some(self.world.accounts().grant(user))),
            Event::LogOut { user, .. } | Event::Revoke { user, .. } => (user, None),
            _ => return,
        };
        let Some(tokens) = self.tokens(user) else { return };
        let effect = match &grant {
            Some(grant) => Effect::LogIn { grant: grant.clone() },
            None => Effect::LogOut,
        };
        let (process, name) = (self.process, user_name(user));
        let id = self.world.logins().begin(user, process, self.world.now(), effect);
        self.world.record(format_args!("process {process} begins {event:?}"));
        let ended = match (&grant, &event) {
            (Some(grant), _) => {
                tokens.exchange(zcrm_oauth::GrantToken::new(grant.clone())).await.map(drop)
            }
            (None, Event::Revoke { .. }) => tokens.revoke().await.map(drop),
            (None, _) => tokens.logout().await.map(drop),
        };
        self.life.check().await;
        self.world.logins().end(id, self.world.now(), ended.is_ok());
        let shown = ended.as_ref().err().map(ToString::to_string);
        self.world.record(format_args!("process {process} ended {event:?} of {name}: {shown:?}"));
        if let (Some(grant), Err(error)) = (grant, &ended) {
            self.check_failed_login(&grant, error);
        }
    }

    /// Checks that a failed login loses no tokens that were issued, except those of a lost answer, which is
    /// reported as such.
    fn check_failed_login(&self, grant: &str, error: &Error) {
        let was_issued = self.world.accounts().login_of(grant).is_some();
        let is_known =
            UnsavedToken::of(error).is_some() || error.outcome() == zcrm_core::Outcome::Unknown;
        if was_issued && !is_known {
            let process = self.process;
            self.world.broken(
                UNKNOWN_LOGIN,
                format_args!("process {process} only received this error for `{grant}`: {error}"),
            );
        }
    }
}

fn access_token(authorization: &Authorization) -> String {
    let header = authorization.header().to_str().unwrap_or_default();
    header.strip_prefix("Zoho-oauthtoken ").unwrap_or(header).to_owned()
}
