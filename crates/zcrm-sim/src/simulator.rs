//! The handle on a running simulator.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use chrono::{DateTime, Utc};
use serde_json::Value;
use tokio::task::JoinHandle;

use crate::crm::View;
use crate::data_center::DataCenter;
use crate::environment::Environment;
use crate::error::Error;
use crate::faults::{BulkFaults, DeliveryFaults, Faults};
use crate::grant::GrantRequest;
use crate::journal::Journal;
use crate::notifications::Delivery;
use crate::shared::Shared;
use crate::version::Version;

/// A running simulator: an accounts server, a production API, a sandbox API and a control API, each
/// on its own port.
///
/// Clones are handles on the same simulator. When the last handle is dropped, the servers stop and
/// their connections are closed.
#[derive(Debug, Clone)]
pub struct Simulator {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    shared: Arc<Shared>,
    servers: Mutex<Vec<JoinHandle<()>>>,
}

impl Drop for Inner {
    fn drop(&mut self) {
        let servers = self.servers.get_mut().unwrap_or_else(PoisonError::into_inner);
        servers.iter().for_each(JoinHandle::abort);
    }
}

impl Simulator {
    pub(crate) fn new(shared: Arc<Shared>, servers: Vec<JoinHandle<()>>) -> Self {
        Self { inner: Arc::new(Inner { shared, servers: Mutex::new(servers) }) }
    }

    pub(crate) fn shared(&self) -> &Shared {
        &self.inner.shared
    }

    /// Returns the state that other simulators need to redirect users here.
    pub(crate) fn data_center(&self) -> Arc<DataCenter> {
        Arc::clone(&self.shared().here)
    }

    /// Returns the accounts server's origin, such as `https://127.0.0.1:40123`.
    #[must_use]
    pub fn accounts_url(&self) -> String {
        self.shared().config().accounts_url.clone()
    }

    /// Returns the production API's origin.
    #[must_use]
    pub fn api_url(&self) -> String {
        self.shared().config().api_url.clone()
    }

    /// Returns the origin of the sandbox's API.
    #[must_use]
    pub fn sandbox_url(&self) -> String {
        self.shared().config().sandbox_url.clone()
    }

    /// Returns the origin of the server for uploads and results of bulk writes.
    ///
    /// Zoho's servers for them have names such as `content.zohoapis.com`, `upload.zoho.com` and
    /// `download-accl.zoho.com`. One server plays them all, for both environments.
    #[must_use]
    pub fn content_url(&self) -> String {
        self.shared().config().content_url.clone()
    }

    /// Returns the control API's origin. Its root lists the routes, as JSON.
    #[must_use]
    pub fn control_url(&self) -> String {
        self.shared().config().control_url.clone()
    }

    /// Returns the certificate authority to trust, in PEM; empty without TLS.
    ///
    /// The server certificate is valid for `localhost`, `127.0.0.1` and `::1`.
    #[must_use]
    pub fn ca_pem(&self) -> &str {
        &self.shared().config().ca_pem
    }

    /// Returns the application's client id.
    #[must_use]
    pub fn client_id(&self) -> String {
        self.shared().state().client.id.clone()
    }

    /// Returns the application's client secret.
    #[must_use]
    pub fn client_secret(&self) -> String {
        self.shared().state().client.secret.clone()
    }

    /// Returns the application's redirect URI.
    #[must_use]
    pub fn redirect_uri(&self) -> String {
        self.shared().state().client.redirect_uri.clone()
    }

    /// Returns the first user's e-mail address.
    #[must_use]
    pub fn user_email(&self) -> String {
        self.shared().state().users.first().map(|user| user.email.clone()).unwrap_or_default()
    }

    /// Returns the organisation's id, which is also its `zgid`.
    #[must_use]
    pub fn org_id(&self) -> String {
        self.shared().state().org_id.clone()
    }

    /// Makes a grant token of a self client for the first user and the production environment, with
    /// all usual scopes.
    ///
    /// It can be exchanged once, within ten minutes.
    #[must_use]
    pub fn grant_token(&self) -> String {
        self.grant().issue()
    }

    /// Makes a grant token with only the given scopes.
    #[must_use]
    pub fn grant_token_for(&self, scopes: &[&str]) -> String {
        self.grant().scopes(scopes.iter().copied()).issue()
    }

    /// Returns a builder for a grant token of another user or environment, or with other scopes.
    pub fn grant(&self) -> GrantRequest<'_> {
        GrantRequest::new(self.shared())
    }

    /// Approves the sign-in of the device that shows `user_code`, as the user with that e-mail
    /// address.
    ///
    /// # Errors
    ///
    /// Returns an error if no device is waiting with that code, or if no data centre has that user.
    pub fn approve_device(&self, user_code: &str, email: &str) -> Result<(), Error> {
        self.shared().approve_device(user_code, email, Environment::Production)
    }

    /// Rejects the sign-in of the device that shows `user_code`.
    ///
    /// # Errors
    ///
    /// Returns an error if no device is waiting with that code.
    pub fn refuse_device(&self, user_code: &str) -> Result<(), Error> {
        self.shared().refuse_device(user_code)
    }

    /// Expires every access token: the next call with one is refused with `INVALID_TOKEN`.
    pub fn expire_access_tokens(&self) {
        self.shared().state().accounts.forget_access_tokens();
    }

    /// Revokes every refresh token: the next refresh is refused with `invalid_code`. Access tokens
    /// stay valid.
    pub fn revoke_refresh_tokens(&self) {
        self.shared().state().accounts.forget_refresh_tokens();
    }

    /// Moves virtual time forward.
    pub fn advance(&self, by: Duration) {
        self.shared().clock().advance(by);
    }

    /// Returns the simulator's current time.
    #[must_use]
    pub fn now(&self) -> DateTime<Utc> {
        self.shared().clock().now()
    }

    /// Allows or forbids an action for the users of a profile.
    ///
    /// Permissions are named as in `settings/profiles`, for example `Crm_Implied_Api_Access` or
    /// `Crm_Implied_Create_Leads`. A forbidden call is answered with status 403 and the code
    /// `NO_PERMISSION`.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), zcrm_sim::Error> {
    /// let sim = zcrm_sim::Simulator::start().await?;
    /// sim.set_permission("Administrator", "Crm_Implied_Delete_Leads", false)?;
    /// assert!(sim.set_permission("Administrator", "Crm_Implied_Fly", true).is_err());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Returns an error if no profile has that name, or if it has no such permission.
    pub fn set_permission(
        &self,
        profile: &str,
        permission: &str,
        allowed: bool,
    ) -> Result<(), Error> {
        self.shared().set_permission(profile, permission, allowed)
    }

    /// Spends API credits of the production environment, as calls would.
    pub fn spend_credits(&self, credits: u64) {
        self.shared().spend_credits(Environment::Production, credits);
    }

    /// Returns the API credits of the production environment that were spent within the last 24
    /// hours.
    ///
    /// It is 0 if no [`edition`](crate::Builder::edition) is set.
    #[must_use]
    pub fn spent_credits(&self) -> u64 {
        self.shared().spent_credits(Environment::Production)
    }

    /// Adds generated records to a module of the production environment and returns their ids,
    /// oldest first.
    ///
    /// # Errors
    ///
    /// Returns an error if the module does not exist.
    pub fn add_records(&self, module: &str, count: usize) -> Result<Vec<String>, Error> {
        self.add_records_in(Environment::Production, module, count)
    }

    /// Adds generated records to a module of `environment` and returns their ids, oldest first.
    ///
    /// # Errors
    ///
    /// Returns an error if the module does not exist.
    pub fn add_records_in(
        &self,
        environment: Environment,
        module: &str,
        count: usize,
    ) -> Result<Vec<String>, Error> {
        self.shared().add_records(environment, module, count)
    }

    /// Returns the settings that a client of this simulator needs, under the names of zcrm's
    /// settings.
    ///
    /// They are `client_id`, `client_secret`, `redirect_uri`, `current_user_email`, `accounts_url`,
    /// `api_base_url`, `content_base_url`, `ca_pem` (empty without TLS), and `persistence_handler_class` with
    /// `MemoryStore`, so that a test writes no tokens to disk.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), zcrm_sim::Error> {
    /// let sim = zcrm_sim::Simulator::start().await?;
    /// // with zcrm: `Client::builder().config(Config::from_map(sim.settings())?).build()?`
    /// assert!(sim.settings().iter().any(|(name, url)| *name == "api_base_url" && *url == sim.api_url()));
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn settings(&self) -> Vec<(&'static str, String)> {
        vec![
            ("client_id", self.client_id()),
            ("client_secret", self.client_secret()),
            ("redirect_uri", self.redirect_uri()),
            ("current_user_email", self.user_email()),
            ("accounts_url", self.accounts_url()),
            ("api_base_url", self.api_url()),
            ("content_base_url", self.content_url()),
            ("ca_pem", self.ca_pem().to_owned()),
            ("persistence_handler_class", String::from("MemoryStore")),
        ]
    }

    /// Returns the number of records in a module of the production environment; 0 if the module
    /// does not exist.
    #[must_use]
    pub fn record_count(&self, module: &str) -> usize {
        self.record_count_in(Environment::Production, module)
    }

    /// Returns the number of records in a module of `environment`; 0 if the module does not exist.
    #[must_use]
    pub fn record_count_in(&self, environment: Environment, module: &str) -> usize {
        self.shared().state().store(environment).table(module).records.len()
    }

    /// Returns a record of the production environment with all its fields, as v8 shows it.
    #[must_use]
    pub fn record(&self, module: &str, id: &str) -> Option<Value> {
        let state = self.shared().state();
        View { state: &state, environment: Environment::Production, version: Version::V8 }
            .record_by_id(module, id)
    }

    /// Returns a builder for a failure of later calls: filter the calls, then choose what happens.
    pub fn faults(&self) -> Faults {
        Faults::new(Arc::clone(&self.shared().faults))
    }

    /// Returns a builder for a failure of later deliveries of notifications: filter the deliveries,
    /// then choose what happens.
    pub fn delivery_faults(&self) -> DeliveryFaults {
        DeliveryFaults::new(Arc::clone(&self.shared().dispatcher.faults))
    }

    /// Returns a builder for a failure of later bulk jobs: filter the jobs, then choose what
    /// happens.
    pub fn bulk_faults(&self) -> BulkFaults {
        BulkFaults::new(Arc::clone(&self.shared().bulk_faults))
    }

    /// Returns the notifications so far, oldest first, with their outcomes.
    ///
    /// The newest 100,000 are kept, or as many as the [journal](crate::Builder::journal_limit)
    /// keeps if that is fewer. A background task delivers them; wait for it with
    /// [`deliveries_settled`](Self::deliveries_settled).
    #[must_use]
    pub fn deliveries(&self) -> Vec<Delivery> {
        self.shared().dispatcher.deliveries()
    }

    /// Forgets the notifications that were delivered or failed so far. Numbering continues.
    pub fn clear_deliveries(&self) {
        self.shared().dispatcher.forget();
    }

    /// Waits until every notification that is due has been delivered or has failed.
    ///
    /// Afterwards, all changes made by earlier calls have been notified. Deliveries that a failure
    /// [delays](DeliveryFaults::delay) or [holds back](DeliveryFaults::overtaken) are not waited
    /// for.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), zcrm_sim::Error> {
    /// # let sim = zcrm_sim::Simulator::start().await?;
    /// // … the application writes …
    /// sim.deliveries_settled().await;
    /// assert!(sim.deliveries().iter().all(|delivery| delivery.arrived()));
    /// # Ok(())
    /// # }
    /// ```
    pub async fn deliveries_settled(&self) {
        self.shared().dispatcher.settled(self.shared().clock()).await;
    }

    /// Returns how many more calls, deliveries and bulk jobs the pending failures apply to.
    #[must_use]
    pub fn pending_faults(&self) -> usize {
        self.shared().pending_faults()
    }

    /// Removes every failure that has not happened yet.
    pub fn clear_faults(&self) {
        self.shared().clear_faults();
    }

    /// Returns a copy of the journal: the requests so far and their answers.
    #[must_use]
    pub fn journal(&self) -> Journal {
        self.shared().log().copy()
    }

    /// Forgets the requests so far. Numbering continues.
    pub fn clear_journal(&self) {
        self.shared().log().clear();
    }

    /// Returns the entire state: client, users, tokens, modules, records, and the clock offset.
    ///
    /// [`Builder::restore`](crate::Builder::restore) starts a simulator from it, also in another
    /// process. The snapshot contains the tokens and the client secret.
    #[must_use]
    pub fn snapshot(&self) -> Value {
        self.shared().snapshot().json()
    }

    /// Writes the entire state to a file that only its owner can read, and replaces the file
    /// atomically.
    ///
    /// [`Builder::restore_file`](crate::Builder::restore_file) starts a simulator from it.
    ///
    /// # Errors
    ///
    /// Returns an error if the file cannot be written.
    pub fn save_snapshot(&self, path: impl AsRef<Path>) -> Result<(), Error> {
        self.shared().snapshot().save(path.as_ref())
    }

    /// Replaces the state and the time with those of a snapshot.
    ///
    /// Pending failures, the journal and the deliveries are kept.
    ///
    /// # Errors
    ///
    /// Returns an error if the value is not a snapshot; nothing changes then.
    pub fn restore(&self, snapshot: Value) -> Result<(), Error> {
        self.shared().restore(snapshot)
    }

    /// Restores the state and time that the simulator started with, and removes pending failures,
    /// the journal and the notifications.
    ///
    /// Ports and certificate stay the same. Calls in progress may still finish.
    ///
    /// # Errors
    ///
    /// Returns no error in practice: a simulator that has started can rebuild its initial state.
    pub fn reset(&self) -> Result<(), Error> {
        self.shared().reset()
    }

    /// Stops the servers, closes their connections and waits until the ports are free.
    /// Notifications not delivered by then are never delivered.
    pub async fn stop(&self) {
        let servers = {
            let mut servers = self.inner.servers.lock().unwrap_or_else(PoisonError::into_inner);
            std::mem::take(&mut *servers)
        };
        for server in servers {
            server.abort();
            // The task ends as cancelled, as requested.
            let _ = server.await;
        }
        self.shared().dispatcher.close();
    }
}
