//! Exports: all records of a module, by a chain of bulk reads.

mod builder;
mod chain;
mod checkpoint;
mod dead_end;
mod files;
mod id_order;
mod job_time;
mod listed;
mod report;
mod state;
mod stream;

pub use builder::Export;
pub use files::SaveExport;
pub use report::{DroppedField, ExportReport};
pub use stream::ExportStream;

use serde::de::DeserializeOwned;

use crate::Records;

impl<T: DeserializeOwned + Send + 'static> Records<T> {
    /// Exports all records of the module by a chain of bulk reads, as a stream or to files.
    ///
    /// ```no_run
    /// # async fn example(api: zcrm_api::Api) -> Result<(), zcrm_core::Error> {
    /// let mut leads = api.records("Leads").export().checkpoint("leads.checkpoint").stream();
    /// while let Some(lead) = leads.next().await {
    ///     println!("{:?}", lead?.id());
    /// }
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias = "bulk")]
    #[doc(alias = "backup")]
    pub fn export(&self) -> Export<T> {
        Export::new(self)
    }
}
