//! The choices that Zoho's documents on COQL leave open.

/// How COQL behaves where Zoho's documents leave a choice, or where organisations differ.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), zcrm_sim::Error> {
/// use zcrm_sim::{CoqlOptions, Simulator};
///
/// let options = CoqlOptions::default().plain_count(true).unsupported("Accounts", "Account_Type");
/// let sim = Simulator::builder().coql(options).start().await?;
/// # let _ = sim;
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use = "the options apply once they are given to `Builder::coql`"]
pub struct CoqlOptions {
    pub(crate) plain_count: bool,
    pub(crate) empty_is_other: bool,
    pub(crate) converted_leads: bool,
    pub(crate) converted_field: bool,
    pub(crate) unapproved_records: bool,
    /// Modules and fields.
    pub(crate) unsupported: Vec<(String, String)>,
}

impl Default for CoqlOptions {
    /// Returns the behaviour that other users have seen, or else the most likely one.
    fn default() -> Self {
        Self {
            plain_count: false,
            empty_is_other: true,
            converted_leads: true,
            converted_field: false,
            unapproved_records: true,
            unsupported: Vec::new(),
        }
    }
}

impl CoqlOptions {
    /// Sets whether `COUNT` works without `GROUP BY`. By default it is refused, as another user has
    /// seen in 2026. An example on Zoho's page counts without groups.
    pub fn plain_count(mut self, accepted: bool) -> Self {
        self.plain_count = accepted;
        self
    }

    /// Sets whether an empty value meets `!=`, `NOT IN`, `NOT LIKE` and `NOT BETWEEN`. By default it
    /// does, as in searches; in SQL it does not. Zoho's pages do not say it.
    pub fn empty_is_other(mut self, meets: bool) -> Self {
        self.empty_is_other = meets;
        self
    }

    /// Sets whether converted leads are found. By default they are, as another user has seen in
    /// 2026, although lists leave them out.
    pub fn converted_leads(mut self, found: bool) -> Self {
        self.converted_leads = found;
        self
    }

    /// Sets whether leads have the column `Converted__s` from v4 on. By default it is refused, as
    /// the same user has seen.
    pub fn converted_field(mut self, exists: bool) -> Self {
        self.converted_field = exists;
        self
    }

    /// Sets whether records that wait for approval are found. By default they are; no source says
    /// whether Zoho does so.
    pub fn unapproved_records(mut self, found: bool) -> Self {
        self.unapproved_records = found;
        self
    }

    /// Makes a field an unsupported column, although lists have it. In an organisation this was so
    /// for `Account_Type` of accounts, and it is so for fields that field-level security hides.
    pub fn unsupported(mut self, module: impl Into<String>, field: impl Into<String>) -> Self {
        self.unsupported.push((module.into(), field.into()));
        self
    }
}
