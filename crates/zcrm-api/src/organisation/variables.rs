//! Requests for variables and their groups.

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

    /// Lists all variables in one page, or those of one group with [`in_group`](Request::in_group).
    pub fn list(&self) -> Request<List<Variable>> {
        List::request(self.api.call(&operations::VARIABLES_LIST), Whole)
    }

    /// Reads one variable by its id. v2 also requires its group: see
    /// [`in_group`](Request::in_group).
    pub fn get(&self, id: impl Into<Id>) -> Request<GetItem<Variable>> {
        GetItem::request(self.api.call(&operations::VARIABLES_GET).path_id("id", id))
    }

    /// Reads one variable by its API name. Zoho also requires its group: see
    /// [`in_group`](Request::in_group).
    pub fn by_name(&self, api_name: impl AsRef<str>) -> Request<GetItem<Variable>> {
        let call = self.api.call(&operations::VARIABLES_GET);
        GetItem::request(call.path("id", api_name))
    }

    /// Creates a variable. See [`create_many`](Self::create_many).
    pub fn create(&self, variable: &impl Serialize) -> Request<WriteItem> {
        self.create_many([variable]).single()
    }

    /// Creates variables. In v2, a [kind](super::VariableKind) that only later versions have is
    /// refused before anything is sent.
    pub fn create_many<R: Serialize>(
        &self,
        variables: impl IntoIterator<Item = R>,
    ) -> Request<WriteItems> {
        let call = self.api.call(&operations::VARIABLES_CREATE);
        WriteItems::try_rows(call, self.rows(variables))
    }

    /// Converts variables to rows and checks that the API version has their kinds.
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
                    "variable {index} has the kind `{later}`, which {version} does not have: \
                     use `{known}`"
                ))),
                None => Ok(row),
            }
        };
        variables.into_iter().enumerate().map(row).collect()
    }

    /// Updates variables. Each must have its `id`. Members that a variable does not name are left
    /// unchanged.
    pub fn update_many<R: Serialize>(
        &self,
        variables: impl IntoIterator<Item = R>,
    ) -> Request<WriteItems> {
        let call = self.api.call(&operations::VARIABLES_UPDATE);
        let rows = self.rows(variables);
        WriteItems::checked_rows(call, rows.and_then(check::rows_with_ids))
    }

    /// Updates one variable.
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

/// The kinds that v2 does not have, with the equivalent kind in v2.
const LATER_KINDS: [(&str, &str); 2] = [("double", "decimal"), ("website", "url")];

/// The id or API name of a group of variables: the value of the parameter `group`.
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
    /// Lists only the variables of this group, given by its API name or id.
    pub fn in_group(self, group: impl Into<VariableGroupBy>) -> Self {
        self.param("group", group.into().0)
    }
}

impl Request<GetItem<Variable>> {
    /// Sets the group of the variable, given by its API name or id.
    pub fn in_group(self, group: impl Into<VariableGroupBy>) -> Self {
        self.param("group", group.into().0)
    }
}

/// The groups of the organisation's variables: [`Api::variable_groups`].
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

    /// Lists all groups in one page.
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
