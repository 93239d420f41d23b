//! Variables of the organisation, and their groups.

use serde::Serialize;
use zcrm_core::{ApiVersion, Error, Id, Record};

use super::variable::{Variable, VariableGroup};
use crate::list::{List, Whole};
use crate::request::{GetItem, Request, WriteItem, WriteItems};
use crate::{Api, check, operations};

/// The variables of the organisation: [`Api::variables`].
///
/// ```no_run
/// # async fn example(api: zcrm_api::Api) -> Result<(), zcrm_core::Error> {
/// use zcrm_api::organisation::{Variable, VariableKind};
///
/// let rate = Variable::named("Rate", "rate", VariableKind::DECIMAL)
///     .with_group("General")
///     .with_value("1.25");
/// api.variables().create(&rate).await?;
/// let rate = api.variables().by_name("rate").in_group("General").await?;
/// println!("{:?}", rate.value.as_ref().and_then(|value| value.text()));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Variables {
    api: Api,
}

impl Variables {
    pub(super) fn new(api: Api) -> Self {
        Self { api }
    }

    /// Reads all variables; [`in_group`](Request::in_group) narrows it. The list comes whole.
    pub fn list(&self) -> Request<List<Variable>> {
        List::request(self.api.call(&operations::VARIABLES_LIST), Whole)
    }

    /// Reads one variable by its id; v2 wants its [`group`](Request::in_group) too.
    pub fn get(&self, id: impl Into<Id>) -> Request<GetItem<Variable>> {
        GetItem::request(self.api.call(&operations::VARIABLES_GET).path_id("id", id))
    }

    /// Reads one variable by its API name; Zoho wants its [`group`](Request::in_group) too.
    pub fn by_name(&self, api_name: impl AsRef<str>) -> Request<GetItem<Variable>> {
        let call = self.api.call(&operations::VARIABLES_GET);
        GetItem::request(call.path("id", api_name))
    }

    /// Creates a variable; see [`create_many`](Self::create_many).
    pub fn create(&self, variable: &impl Serialize) -> Request<WriteItem> {
        self.create_many([variable]).single()
    }

    /// Creates variables. In v2 a [kind](super::VariableKind) that only later versions know is refused before
    /// anything is sent.
    pub fn create_many<R: Serialize>(
        &self,
        variables: impl IntoIterator<Item = R>,
    ) -> Request<WriteItems> {
        let call = self.api.call(&operations::VARIABLES_CREATE);
        WriteItems::try_rows(call, self.rows(variables))
    }

    /// Rows whose kinds are known in the version that is used.
    fn rows<R: Serialize>(
        &self,
        variables: impl IntoIterator<Item = R>,
    ) -> Result<Vec<Record>, Error> {
        let version = self.api.version();
        let row = |(index, variable): (usize, R)| {
            let row = check::row(index, &variable)?;
            let kind = row.get::<String>("type").ok().flatten();
            let later = LATER_KINDS.iter().find(|(later, _)| kind.as_deref() == Some(*later));
            match later.filter(|_| version < ApiVersion::V2_1) {
                Some((later, known)) => Err(Error::input(format!(
                    "variable {index} is of the kind `{later}`, which {version} does not know: \
                     write `{known}`"
                ))),
                None => Ok(row),
            }
        };
        variables.into_iter().enumerate().map(row).collect()
    }

    /// Changes variables. Each must hold its `id`; what it does not name stays as it is.
    pub fn update_many<R: Serialize>(
        &self,
        variables: impl IntoIterator<Item = R>,
    ) -> Request<WriteItems> {
        let call = self.api.call(&operations::VARIABLES_UPDATE);
        let rows = self.rows(variables);
        WriteItems::checked_rows(call, rows.and_then(check::rows_with_ids))
    }

    /// Changes one variable.
    pub fn update(&self, id: impl Into<Id>, change: &impl Serialize) -> Request<WriteItem> {
        let call = self.api.call(&operations::VARIABLES_UPDATE_ONE).path_id("id", id);
        WriteItem::row(call.check(self.rows([change]).map(drop)), change)
    }

    /// Deletes variables.
    pub fn delete_many<I: Into<Id>>(
        &self,
        ids: impl IntoIterator<Item = I>,
    ) -> Request<WriteItems> {
        WriteItems::ids(self.api.call(&operations::VARIABLES_DELETE), ids)
    }

    /// Deletes one variable.
    pub fn delete(&self, id: impl Into<Id>) -> Request<WriteItem> {
        WriteItem::request(self.api.call(&operations::VARIABLES_DELETE_ONE).path_id("id", id))
    }
}

/// The kinds that came after v2, each with v2's word for the same.
const LATER_KINDS: [(&str, &str); 2] = [("double", "decimal"), ("website", "url")];

/// A group of variables, by its id or its API name, as the parameter `group` takes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VariableGroupBy(String);

impl From<&str> for VariableGroupBy {
    fn from(name: &str) -> Self {
        Self(name.to_owned())
    }
}

impl From<Id> for VariableGroupBy {
    fn from(id: Id) -> Self {
        Self(id.to_string())
    }
}

impl Request<List<Variable>> {
    /// Reads the variables of one group, by its API name or id.
    pub fn in_group(self, group: impl Into<VariableGroupBy>) -> Self {
        self.param("group", group.into().0)
    }
}

impl Request<GetItem<Variable>> {
    /// In which group it is, by its API name or id.
    pub fn in_group(self, group: impl Into<VariableGroupBy>) -> Self {
        self.param("group", group.into().0)
    }
}

/// The groups that the organisation's variables are in: [`Api::variable_groups`].
///
/// ```no_run
/// # async fn example(api: zcrm_api::Api) -> Result<(), zcrm_core::Error> {
/// let groups = api.variable_groups().list().all().await?;
/// let general = api.variable_groups().by_name("General").await?;
/// # let _ = (groups, general);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct VariableGroups {
    api: Api,
}

impl VariableGroups {
    pub(super) fn new(api: Api) -> Self {
        Self { api }
    }

    /// Reads all groups; the list comes whole.
    pub fn list(&self) -> Request<List<VariableGroup>> {
        List::request(self.api.call(&operations::VARIABLE_GROUPS_LIST), Whole)
    }

    /// Reads one group by its id.
    pub fn get(&self, id: impl Into<Id>) -> Request<GetItem<VariableGroup>> {
        GetItem::request(self.api.call(&operations::VARIABLE_GROUPS_GET).path_id("id", id))
    }

    /// Reads one group by its API name.
    pub fn by_name(&self, api_name: impl AsRef<str>) -> Request<GetItem<VariableGroup>> {
        let call = self.api.call(&operations::VARIABLE_GROUPS_GET);
        GetItem::request(call.path("id", api_name))
    }
}
