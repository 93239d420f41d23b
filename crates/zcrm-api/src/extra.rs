//! What a request may have beside what its builder has methods for: parameters and headers.

use std::fmt;

use zcrm_core::RequestBuilder;

/// Parameters and headers that a caller added by name. Most calls have none, so it is small.
#[derive(Clone, Default)]
pub(crate) struct Extra(Option<Box<Lists>>);

#[derive(Clone, Default)]
struct Lists {
    params: Vec<Param>,
    headers: Vec<(String, String)>,
}

#[derive(Clone)]
struct Param {
    name: String,
    value: String,
    checked: bool,
}

impl Extra {
    pub(crate) fn param(&mut self, name: &str, value: &str, checked: bool) {
        let param = Param { name: name.to_owned(), value: value.to_owned(), checked };
        self.0.get_or_insert_default().params.push(param);
    }

    pub(crate) fn header(&mut self, name: &str, value: &str) {
        let headers = &mut self.0.get_or_insert_default().headers;
        headers.push((name.to_owned(), value.to_owned()));
    }

    /// Adds them to a request.
    pub(crate) fn apply(&self, request: RequestBuilder) -> RequestBuilder {
        let Some(lists) = &self.0 else { return request };
        let request =
            lists.params.iter().fold(request, |request, Param { name, value, checked }| {
                match checked {
                    true => request.query(name, value),
                    false => request.query_unchecked(name, value),
                }
            });
        let headers = lists.headers.iter();
        headers.fold(request, |request, (name, value)| request.header(name, value))
    }
}

/// Shows the names only: values are people's data or secrets.
impl fmt::Debug for Extra {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lists = self.0.iter();
        let names = lists.flat_map(|lists| {
            let params = lists.params.iter().map(|param| &param.name);
            params.chain(lists.headers.iter().map(|(name, _)| name))
        });
        f.debug_list().entries(names).finish()
    }
}

/// The methods of a builder that has its additions in a member of this name.
macro_rules! extra_methods {
    () => {
        /// Adds any other parameter of Zoho's that the operation knows.
        pub fn param(mut self, name: &str, value: impl AsRef<str>) -> Self {
            self.extra.param(name, value.as_ref(), true);
            self
        }

        /// Adds a query parameter, whether zcrm knows it or not.
        pub fn param_unchecked(mut self, name: &str, value: impl AsRef<str>) -> Self {
            self.extra.param(name, value.as_ref(), false);
            self
        }

        /// Adds a header.
        pub fn header(mut self, name: &str, value: impl AsRef<str>) -> Self {
            self.extra.header(name, value.as_ref());
            self
        }
    };
}
pub(crate) use extra_methods;
