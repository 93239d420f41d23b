//! The handle on a running simulator.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use chrono::{DateTime, Utc};
use serde_json::Value;
use tokio::task::JoinHandle;

use crate::crm::{DirectWrite, View};
use crate::data_center::DataCenter;
use crate::environment::Environment;
use crate::error::Error;
use crate::faults::{DeliveryFaults, Faults};
use crate::grant::GrantRequest;
use crate::journal::Journal;
use crate::notifications::Delivery;
use crate::shared::Shared;
use crate::version::Version;

/// A running simulator: an accounts server, a production API and a sandbox's API, each on a port
/// of its own.
///
/// Clones are handles on the same simulator; when the last one is dropped, its servers end with
/// their connections.
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

    /// What other simulators need to send users here.
    pub(crate) fn data_center(&self) -> Arc<DataCenter> {
        Arc::clone(&self.shared().here)
    }

    /// The accounts server's origin, such as `https://127.0.0.1:40123`.
    #[must_use]
    pub fn accounts_url(&self) -> String {
        self.shared().config().accounts_url.clone()
    }

    /// The production API's origin.
    #[must_use]
    pub fn api_url(&self) -> String {
        self.shared().config().api_url.clone()
    }

    /// The sandbox's API's origin.
    #[must_use]
    pub fn sandbox_url(&self) -> String {
        self.shared().config().sandbox_url.clone()
    }

    /// The control API's origin; a browser shows there what it can do.
    #[must_use]
    pub fn control_url(&self) -> String {
        self.shared().config().control_url.clone()
    }

    /// The certificate authority to trust, in PEM; empty where TLS is off. The certificate is good
    /// for `localhost`, `127.0.0.1` and `::1`.
    #[must_use]
    pub fn ca_pem(&self) -> &str {
        &self.shared().config().ca_pem
    }

    /// The application's client id.
    #[must_use]
    pub fn client_id(&self) -> String {
        self.shared().state().client.id.clone()
    }

    /// The application's client secret.
    #[must_use]
    pub fn client_secret(&self) -> String {
        self.shared().state().client.secret.clone()
    }

    /// The application's redirect URI.
    #[must_use]
    pub fn redirect_uri(&self) -> String {
        self.shared().state().client.redirect_uri.clone()
    }

    /// The first user's e-mail address.
    #[must_use]
    pub fn user_email(&self) -> String {
        self.shared().state().users.first().map(|user| user.email.clone()).unwrap_or_default()
    }

    /// The organisation's id, which is its `zgid` too.
    #[must_use]
    pub fn org_id(&self) -> String {
        self.shared().state().org_id.clone()
    }

    /// A fresh grant token of a self client, with all usual scopes, for the first user and the
    /// production environment. It can be exchanged once within ten minutes.
    #[must_use]
    pub fn grant_token(&self) -> String {
        self.grant().issue()
    }

    /// A fresh grant token with only those scopes.
    #[must_use]
    pub fn grant_token_for(&self, scopes: &[&str]) -> String {
        self.grant().scopes(scopes.iter().copied()).issue()
    }

    /// A grant token that differs in more than its scopes.
    pub fn grant(&self) -> GrantRequest<'_> {
        GrantRequest::new(self.shared())
    }

    /// Connects the device that shows that code, as the user with that address does on the page.
    ///
    /// # Errors
    ///
    /// If no device waits with that code, or there is no such user in any data centre.
    pub fn approve_device(&self, user_code: &str, email: &str) -> Result<(), Error> {
        self.shared().approve_device(user_code, email, Environment::Production)
    }

    /// Refuses the device that shows that code.
    ///
    /// # Errors
    ///
    /// If no device waits with that code.
    pub fn refuse_device(&self, user_code: &str) -> Result<(), Error> {
        self.shared().refuse_device(user_code)
    }

    /// Ends every access token now: the next call with one is refused as `INVALID_TOKEN`.
    pub fn expire_access_tokens(&self) {
        self.shared().state().accounts.forget_access_tokens();
    }

    /// Ends every refresh token now: the next refresh is refused as `invalid_code`. Access tokens
    /// live on.
    pub fn revoke_refresh_tokens(&self) {
        self.shared().state().accounts.forget_refresh_tokens();
    }

    /// Lets virtual time pass.
    pub fn advance(&self, by: Duration) {
        self.shared().clock().advance(by);
    }

    /// The simulator's time.
    #[must_use]
    pub fn now(&self) -> DateTime<Utc> {
        self.shared().clock().now()
    }

    /// Allows something to the users of a profile, or forbids it: `Crm_Implied_Api_Access`,
    /// `Crm_Implied_Create_Leads` and their like, as `settings/profiles` shows them. What is forbidden
    /// is answered with status 403 and the code `NO_PERMISSION`.
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
    /// Where there is no profile of that name, or no such permission.
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

    /// The API credits of the production environment that were spent within the last 24 hours; none
    /// where no [`edition`](crate::Builder::edition) was set.
    #[must_use]
    pub fn spent_credits(&self) -> u64 {
        self.shared().spent_credits(Environment::Production)
    }

    /// Adds generated records to a module of the production environment and returns their ids,
    /// oldest first.
    ///
    /// # Errors
    ///
    /// If there is no such module.
    pub fn add_records(&self, module: &str, count: usize) -> Result<Vec<String>, Error> {
        self.add_records_in(Environment::Production, module, count)
    }

    /// Adds generated records to a module of that environment and returns their ids, oldest first.
    ///
    /// # Errors
    ///
    /// If there is no such module.
    pub fn add_records_in(
        &self,
        environment: Environment,
        module: &str,
        count: usize,
    ) -> Result<Vec<String>, Error> {
        self.shared().add_records(environment, module, count)
    }

    /// Inserts a record into a module of the production environment, as a colleague would on Zoho's pages,
    /// and returns its id. The rules are those of an insert in v8: mandatory fields, types, duplicates. Who
    /// watches the module is notified; the journal shows nothing of it.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), zcrm_sim::Error> {
    /// use serde_json::json;
    ///
    /// let sim = zcrm_sim::Simulator::start().await?;
    /// let id = sim.insert("Leads", json!({ "Last_Name": "Boyle", "City": "Chennai" }))?;
    /// sim.change("Leads", &id, json!({ "City": "Pune" }))?;
    /// assert_eq!(sim.record("Leads", &id).unwrap()["City"], "Pune");
    /// sim.delete("Leads", &id)?;
    /// assert_eq!(sim.record_count("Leads"), 0);
    /// assert!(sim.insert("Leads", json!({ "City": "Agra" })).is_err(), "a lead has a last name");
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::UnknownModule`], or [`Error::Refused`] with Zoho's code where Zoho would refuse the record.
    pub fn insert(&self, module: &str, fields: Value) -> Result<String, Error> {
        self.shared().write(Environment::Production, DirectWrite::Insert { module, fields })
    }

    /// Changes fields of a record of the production environment, as a colleague would; see
    /// [`insert`](Self::insert).
    ///
    /// # Errors
    ///
    /// As [`insert`](Self::insert), and where there is no such record.
    pub fn change(&self, module: &str, id: &str, fields: Value) -> Result<(), Error> {
        self.shared()
            .write(Environment::Production, DirectWrite::Change { module, id, fields })
            .map(drop)
    }

    /// Deletes a record of the production environment, as a colleague would; see [`insert`](Self::insert).
    ///
    /// # Errors
    ///
    /// As [`insert`](Self::insert), and where there is no such record.
    pub fn delete(&self, module: &str, id: &str) -> Result<(), Error> {
        self.shared().write(Environment::Production, DirectWrite::Delete { module, id }).map(drop)
    }

    /// Returns all settings that a client of this simulator needs, under the names of zcrm's settings:
    /// `client_id`, `client_secret`, `redirect_uri`, `current_user_email`, `accounts_url`, `api_base_url`,
    /// `ca_pem` (empty without TLS), and `persistence_handler_class` with `MemoryStore`, so that a test
    /// writes no tokens to a disk.
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
            ("ca_pem", self.ca_pem().to_owned()),
            ("persistence_handler_class", String::from("MemoryStore")),
        ]
    }

    /// How many records a module of the production environment has; none if there is no such
    /// module.
    #[must_use]
    pub fn record_count(&self, module: &str) -> usize {
        self.record_count_in(Environment::Production, module)
    }

    /// How many records a module of that environment has; none if there is no such module.
    #[must_use]
    pub fn record_count_in(&self, environment: Environment, module: &str) -> usize {
        self.shared().state().store(environment).table(module).records.len()
    }

    /// A record of the production environment with all its fields, in the shape of v8.
    #[must_use]
    pub fn record(&self, module: &str, id: &str) -> Option<Value> {
        let state = self.shared().state();
        View { state: &state, environment: Environment::Production, version: Version::V8 }
            .record_by_id(module, id)
    }

    /// Orders a failure for calls to come: say what it applies to, then what happens.
    pub fn faults(&self) -> Faults {
        Faults::new(Arc::clone(&self.shared().faults))
    }

    /// Orders a failure for notifications on their way: say which, then what happens.
    pub fn delivery_faults(&self) -> DeliveryFaults {
        DeliveryFaults::new(Arc::clone(&self.shared().dispatcher.faults))
    }

    /// The notifications that were ordered so far, in their order, and what became of them: the newest
    /// 100,000, or as many as the [journal](crate::Builder::journal_limit) holds. They are made by a task of the simulator's: see
    /// [`deliveries_settled`](Self::deliveries_settled).
    #[must_use]
    pub fn deliveries(&self) -> Vec<Delivery> {
        self.shared().dispatcher.deliveries()
    }

    /// Forgets the notifications that were made, or failed, so far; numbers go on.
    pub fn clear_deliveries(&self) {
        self.shared().dispatcher.forget();
    }

    /// Returns once no notification is under way, and none waits whose time has come: what a call has
    /// changed was delivered by then. Those that a failure [delays](DeliveryFaults::delay) or
    /// [holds back](DeliveryFaults::overtaken) are not waited for.
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

    /// How many calls and deliveries the ordered failures still wait for.
    #[must_use]
    pub fn pending_faults(&self) -> usize {
        self.shared().pending_faults()
    }

    /// Takes back every failure that was ordered and has not happened.
    pub fn clear_faults(&self) {
        self.shared().clear_faults();
    }

    /// What was asked and answered so far.
    #[must_use]
    pub fn journal(&self) -> Journal {
        self.shared().log().copy()
    }

    /// Forgets what was asked and answered so far; numbers go on.
    pub fn clear_journal(&self) {
        self.shared().log().clear();
    }

    /// The whole state: client, users, tokens, modules, records, and how far time was advanced.
    /// [`Builder::restore`](crate::Builder::restore) starts from it, in another process too. It holds the tokens and the
    /// client's secret.
    #[must_use]
    pub fn snapshot(&self) -> Value {
        self.shared().snapshot().json()
    }

    /// Writes the whole state to a file that only its owner can read, in one step.
    /// [`Builder::restore_file`](crate::Builder::restore_file) starts from it.
    ///
    /// # Errors
    ///
    /// If the file cannot be written.
    pub fn save_snapshot(&self, path: impl AsRef<Path>) -> Result<(), Error> {
        self.shared().snapshot().save(path.as_ref())
    }

    /// Takes over the state and the time of a snapshot. Ordered failures, the journal and the
    /// deliveries stay.
    ///
    /// # Errors
    ///
    /// If it is not a snapshot; then nothing changes.
    pub fn restore(&self, snapshot: Value) -> Result<(), Error> {
        self.shared().restore(snapshot)
    }

    /// Goes back to what the simulator was started from: its state, its time, no ordered failures,
    /// an empty journal, no notifications. Ports and certificate stay; calls that are under way may still end.
    ///
    /// # Errors
    ///
    /// None for a simulator that has started: what it was started from is good.
    pub fn reset(&self) -> Result<(), Error> {
        self.shared().reset()
    }

    /// Ends the servers with their connections and waits until the ports are free. Notifications that
    /// were not made by then never are.
    pub async fn stop(&self) {
        let servers = {
            let mut servers = self.inner.servers.lock().unwrap_or_else(PoisonError::into_inner);
            std::mem::take(&mut *servers)
        };
        for server in servers {
            server.abort();
            // It ends as cancelled, which is what was asked for.
            let _ = server.await;
        }
        self.shared().dispatcher.close();
    }
}
