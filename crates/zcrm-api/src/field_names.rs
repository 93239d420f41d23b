//! A cache of the names of modules' fields.

use std::sync::Arc;

use serde::Deserialize;
use zcrm_core::{Error, ErrorKind, Outcome, escaped};

use crate::{Api, field_cache::CachedNames, operations};

impl Api {
    /// Clears the cache of modules' field names.
    ///
    /// A list of records that asks for all fields reads the names from Zoho and caches them for an
    /// hour. Call this after a field was added or removed. Clones of this API share the cache; each
    /// user has a separate one.
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

    /// Returns the API names of a module's fields, if the cache has them.
    pub(crate) fn known_field_names(&self, module: &str) -> Option<Arc<[String]>> {
        let now = self.clock().monotonic();
        let kept = self.fields().known();
        let known = kept.get(module).filter(|known| known.is_new(now))?;
        Some(Arc::clone(&known.names))
    }

    /// Returns the API names of a module's fields, from the cache or from Zoho.
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
                "Zoho returned no fields for `{}`: name the fields with `.fields([…])`",
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
