//! Variables of the organisation, and their groups.

use serde::Serialize;
use zcrm_core::{ApiVersion, Error, Id, Record};

use super::variable::{Variable, VariableGroup};
use crate::{Api, GetItem, ListItems, WriteItem, WriteItems, ask::Ask, check, operations};

/// The variables of the organisation: [`Api::variables`].
///
/// ```no_run
/// # async fn example(api: zcrm_api::Api) -> Result<(), zcrm_core::Error> {
/// use zcrm_api::organisation::{Variable, VariableKind};
///
/// let rate = Variable::named("Rate", "rate", VariableKind::DECIMAL)
///     .with_group("General")
///     .with_value("1.25");
/// api.variables().create([rate]).send().await?.all()?;
/// let rate = api.variables().by_name("rate").in_group("General").send().await?;
/// println!("{:?}", rate.value()?);
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

    /// Reads all variables; [`in_group`](ListItems::in_group) narrows it. The list comes whole.
    pub fn list(&self) -> ListItems<Variable> {
        ListItems::new(Ask::new(&self.api, &operations::VARIABLES_LIST))
    }

    /// Reads one variable by its id; v2 wants its [`group`](GetItem::in_group) too.
    pub fn get(&self, id: impl Into<Id>) -> GetItem<Variable> {
        GetItem::new(Ask::new(&self.api, &operations::VARIABLES_GET).path_id("id", id))
    }

    /// Reads one variable by its API name; Zoho wants its [`group`](GetItem::in_group) too.
    pub fn by_name(&self, api_name: impl AsRef<str>) -> GetItem<Variable> {
        let ask = Ask::new(&self.api, &operations::VARIABLES_GET);
        GetItem::new(ask.with(|call| call.path("id", api_name)))
    }

    /// Makes variables. In v2 a [kind](VariableKind) that only later versions know is refused before
    /// anything is sent.
    pub fn create<R: Serialize>(&self, variables: impl IntoIterator<Item = R>) -> WriteItems {
        let ask = Ask::new(&self.api, &operations::VARIABLES_CREATE);
        match self.rows(variables) {
            Ok(rows) => WriteItems::rows(ask, rows),
            Err(mistake) => WriteItems::rows(ask.check(Err(mistake)), [Record::new()]),
        }
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
    pub fn update<R: Serialize>(&self, variables: impl IntoIterator<Item = R>) -> WriteItems {
        let ask = Ask::new(&self.api, &operations::VARIABLES_UPDATE);
        match self.rows(variables) {
            Ok(rows) => WriteItems::rows_with_ids(ask, rows),
            Err(mistake) => WriteItems::rows(ask.check(Err(mistake)), [Record::new()]),
        }
    }

    /// Changes one variable.
    pub fn update_one(&self, id: impl Into<Id>, change: &impl Serialize) -> WriteItem {
        let ask = Ask::new(&self.api, &operations::VARIABLES_UPDATE_ONE).path_id("id", id);
        WriteItem::row(ask.check(self.rows([change]).map(drop)), change)
    }

    /// Deletes variables.
    pub fn delete<I: Into<Id>>(&self, ids: impl IntoIterator<Item = I>) -> WriteItems {
        WriteItems::ids(Ask::new(&self.api, &operations::VARIABLES_DELETE), ids)
    }

    /// Deletes one variable.
    pub fn delete_one(&self, id: impl Into<Id>) -> WriteItem {
        WriteItem::new(Ask::new(&self.api, &operations::VARIABLES_DELETE_ONE).path_id("id", id))
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

impl ListItems<Variable> {
    /// Reads the variables of one group, by its API name or id.
    pub fn in_group(self, group: impl Into<VariableGroupBy>) -> Self {
        self.param("group", group.into().0)
    }
}

impl GetItem<Variable> {
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
/// let general = api.variable_groups().by_name("General").send().await?;
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
    pub fn list(&self) -> ListItems<VariableGroup> {
        ListItems::new(Ask::new(&self.api, &operations::VARIABLE_GROUPS_LIST))
    }

    /// Reads one group by its id.
    pub fn get(&self, id: impl Into<Id>) -> GetItem<VariableGroup> {
        GetItem::new(Ask::new(&self.api, &operations::VARIABLE_GROUPS_GET).path_id("id", id))
    }

    /// Reads one group by its API name.
    pub fn by_name(&self, api_name: impl AsRef<str>) -> GetItem<VariableGroup> {
        let ask = Ask::new(&self.api, &operations::VARIABLE_GROUPS_GET);
        GetItem::new(ask.with(|call| call.path("id", api_name)))
    }
}
