//! Variables of the organisation, and their groups.

use serde::Serialize;
use serde_json::Value;
use zcrm_core::{Id, object, words};

use crate::{Api, GetItem, ListItems, MetaRef, WriteItem, WriteItems, ask::Ask, operations};

/// The variables of the organisation: [`Api::variables`].
///
/// ```no_run
/// # async fn example(api: zcrm_api::Api) -> Result<(), zcrm_core::Error> {
/// use zcrm_api::organisation::{Variable, VariableKind};
///
/// let rate = Variable::named("Rate", "rate", VariableKind::DOUBLE)
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

    /// Makes variables.
    pub fn create<R: Serialize>(&self, variables: impl IntoIterator<Item = R>) -> WriteItems {
        WriteItems::rows(Ask::new(&self.api, &operations::VARIABLES_CREATE), variables)
    }

    /// Changes variables. Each must hold its `id`; what it does not name stays as it is.
    pub fn update<R: Serialize>(&self, variables: impl IntoIterator<Item = R>) -> WriteItems {
        WriteItems::rows_with_ids(Ask::new(&self.api, &operations::VARIABLES_UPDATE), variables)
    }

    /// Changes one variable.
    pub fn update_one(&self, id: impl Into<Id>, change: &impl Serialize) -> WriteItem {
        let ask = Ask::new(&self.api, &operations::VARIABLES_UPDATE_ONE);
        WriteItem::row(ask.path_id("id", id), change)
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

words! {
    /// What a variable holds.
    VariableKind {
        TEXT = "text": "A line of text.";
        TEXTAREA = "textarea": "Text of several lines.";
        INTEGER = "integer": "A whole number.";
        LONG = "long": "A large whole number.";
        DOUBLE = "double": "A decimal number.";
        PERCENT = "percent": "A number in per cent.";
        CURRENCY = "currency": "An amount of money.";
        DATE = "date": "A day.";
        DATETIME = "datetime": "An instant.";
        CHECKBOX = "checkbox": "Yes or no.";
        EMAIL = "email": "An e-mail address.";
        PHONE = "phone": "A telephone number.";
        WEBSITE = "website": "The address of a site.";
    }
}

object! {
    /// A variable: a value that the organisation's own code and templates read.
    Variable {
        /// Its id.
        id, with_id: Id = "id";
        /// Its API name.
        api_name, with_api_name: String = "api_name";
        /// Its name.
        name, with_name: String = "name";
        /// What it is for.
        description, with_description: String = "description";
        /// What it holds.
        kind, with_kind: VariableKind = "type";
        /// What it holds now: text, a number, or yes or no.
        value, with_value: Value = "value";
        /// The group that it is in.
        group: MetaRef = "variable_group";
        /// Where it comes from.
        source: String = "source";
        /// Whether it cannot be changed.
        read_only: bool = "read_only";
    }
}

impl Variable {
    /// A new variable.
    #[must_use]
    pub fn named(name: impl Into<String>, api_name: impl Into<String>, kind: VariableKind) -> Self {
        Self::default().with_name(name).with_api_name(api_name).with_kind(kind)
    }

    /// Sets the group that it is in, by the group's API name; see [`group`](Self::group).
    #[must_use]
    pub fn with_group(mut self, api_name: impl Into<String>) -> Self {
        self.record_mut().put("variable_group", &MetaRef::named(api_name));
        self
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

object! {
    /// A group of variables.
    VariableGroup {
        /// Its id.
        id: Id = "id";
        /// Its API name.
        api_name: String = "api_name";
        /// Its name.
        name: String = "name";
        /// Its name in the user's language.
        display_label: String = "display_label";
        /// What it is for.
        description: String = "description";
        /// Where it comes from.
        source: String = "source";
    }
}
