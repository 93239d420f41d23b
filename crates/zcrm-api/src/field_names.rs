//! The names of modules' fields, kept for an hour.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use serde::Deserialize;
use zcrm_core::{Error, ErrorKind, Outcome, escaped};

use crate::{Api, operations};

/// After this, the fields of a module are read again: somebody may have added one.
const AGE: Duration = Duration::from_secs(3_600);

/// What one user may see of each module.
#[derive(Debug, Default)]
pub(crate) struct FieldNames(Mutex<HashMap<String, CachedNames>>);

#[derive(Debug)]
struct CachedNames {
    names: Arc<[String]>,
    /// When they were read, monotonic.
    at: Duration,
}

impl CachedNames {
    fn is_new(&self, now: Duration) -> bool {
        now.saturating_sub(self.at) < AGE
    }
}

impl FieldNames {
    fn known(&self) -> MutexGuard<'_, HashMap<String, CachedNames>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Api {
    /// Forgets the names of modules' fields. A list of records that asks for all fields reads them from Zoho,
    /// and this API keeps them for an hour; call this where a field was added or removed meanwhile. Clones
    /// share what is kept; other users have their own.
    ///
    /// ```no_run
    /// # async fn example(api: zcrm_api::Api) -> Result<(), zcrm_core::Error> {
    /// // a field was added to the layout
    /// api.forget_fields();
    /// let leads = api.records("Leads").list().all_fields().await?;
    /// # let _ = leads;
    /// # Ok(())
    /// # }
    /// ```
    pub fn forget_fields(&self) {
        self.fields().known().clear();
    }

    /// The API names of a module's fields, where they were read less than an hour ago.
    pub(crate) fn known_field_names(&self, module: &str) -> Option<Arc<[String]>> {
        let now = self.clock().monotonic();
        let kept = self.fields().known();
        let known = kept.get(module).filter(|known| known.is_new(now))?;
        Some(Arc::clone(&known.names))
    }

    /// The API names of a module's fields; read from Zoho once an hour.
    pub(crate) async fn field_names(&self, module: &str) -> Result<Arc<[String]>, Error> {
        #[derive(Deserialize)]
        struct Field {
            api_name: String,
        }
        if let Some(known) = self.known_field_names(module) {
            return Ok(known);
        }
        let begun = self.clock().monotonic();
        let page = self.call(&operations::FIELDS).param("module", module).list::<Field>().await?;
        let names = page
            .items
            .into_iter()
            .map(|field| field.map(|field| field.api_name).map_err(Error::from_record))
            .collect::<Result<Arc<[String]>, _>>()?;
        if names.is_empty() {
            let message = format!(
                "Zoho names no fields of `{}`: name them by `.fields([…])`",
                escaped(module)
            );
            return Err(Error::new(ErrorKind::NotFound, Outcome::Local, message));
        }
        let mut kept = self.fields().known();
        kept.retain(|_, known| known.is_new(begun));
        kept.insert(module.to_owned(), CachedNames { names: Arc::clone(&names), at: begun });
        Ok(names)
    }
}
