//! Changes of records by the test, without a client.

use serde_json::Value;

use crate::crm::{DirectWrite, StateChange};
use crate::environment::Environment;
use crate::error::Error;
use crate::json::into_object;
use crate::simulator::Simulator;

impl Simulator {
    /// Inserts a record in the production environment, as a user of Zoho's web pages would, and
    /// returns its id.
    ///
    /// The rules are those of an insert in v8: mandatory fields, types, duplicates. Subscribers of
    /// the module are notified. The journal has no entry for it.
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
    /// Returns [`Error::UnknownModule`], or [`Error::Refused`] with Zoho's code if Zoho would
    /// refuse the record.
    pub fn insert(&self, module: &str, fields: Value) -> Result<String, Error> {
        self.shared().write(Environment::Production, DirectWrite::Insert { module, fields })
    }

    /// Updates fields of a record of the production environment, as a user of Zoho's web pages
    /// would; see [`insert`](Self::insert).
    ///
    /// # Errors
    ///
    /// Returns the errors of [`insert`](Self::insert), and an error if the record does not exist.
    pub fn change(&self, module: &str, id: &str, fields: Value) -> Result<(), Error> {
        self.shared()
            .write(Environment::Production, DirectWrite::Change { module, id, fields })
            .map(drop)
    }

    /// Deletes a record of the production environment, as a user of Zoho's web pages would; see
    /// [`insert`](Self::insert).
    ///
    /// # Errors
    ///
    /// Returns the errors of [`insert`](Self::insert), and an error if the record does not exist.
    pub fn delete(&self, module: &str, id: &str) -> Result<(), Error> {
        self.shared().write(Environment::Production, DirectWrite::Delete { module, id }).map(drop)
    }

    /// Submits a record of the production environment for approval (`false`), or approves it.
    ///
    /// Lists show only approved records by default. `Modified_Time` does not move, and channels are
    /// not notified.
    ///
    /// # Errors
    ///
    /// Returns [`Error::UnknownModule`], or [`Error::Refused`] if the record does not exist.
    pub fn set_approved(&self, module: &str, id: &str, approved: bool) -> Result<(), Error> {
        let change = StateChange::Approved(approved);
        self.shared().change_state(Environment::Production, module, id, change)
    }

    /// Sets the values of computed fields of a record of the production environment, as Zoho does
    /// when it computes a formula again.
    ///
    /// `Modified_Time` does not move, unless
    /// [`computed_modifies`](crate::ChangeOptions::computed_modifies) is set, and channels are not
    /// notified.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), zcrm_sim::Error> {
    /// use serde_json::json;
    /// use zcrm_sim::{FieldKind, FieldSpec, Simulator};
    ///
    /// let age = FieldSpec::new("Age", FieldKind::Formula);
    /// let sim = Simulator::builder().field("Leads", age).start().await?;
    /// let id = sim.insert("Leads", json!({ "Last_Name": "Boyle" }))?;
    /// sim.recompute("Leads", &id, json!({ "Age": 41 }))?;
    /// assert_eq!(sim.record("Leads", &id).unwrap()["Age"], 41);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// Returns [`Error::UnknownModule`], or [`Error::Refused`] if the record does not exist or a
    /// field is not computed.
    pub fn recompute(&self, module: &str, id: &str, fields: Value) -> Result<(), Error> {
        let change = StateChange::Computed(into_object(fields));
        self.shared().change_state(Environment::Production, module, id, change)
    }
}
