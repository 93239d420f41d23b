//! Requests for users.

use serde::Serialize;
use zcrm_core::{Error, Id, ItemSuccess};

use super::user::{User, UserKind, UserTerritory};
use crate::Call;
use crate::list::{Columns, HasPages, List, Paged, Source, Whole};
use crate::request::{Count, GetItem, Request, WriteItem, WriteItems, sealed::Sealed};
use crate::{Api, Condition, check, operations};

/// The users of the organisation: [`Api::users`].
///
/// ```no_run
/// # async fn example(api: zcrm_api::Api) -> Result<(), zcrm_core::Error> {
/// use zcrm_api::organisation::{User, UserKind};
///
/// let me = api.users().current().await?;
/// let admins = api.users().list().of_kind(UserKind::ADMINS).per_page(20).await?;
/// let boyle = User::new("Boyle", "patricia@example.com")
///     .with_role(zcrm_core::Lookup::to("3652397000000026008"))
///     .with_profile(zcrm_core::Lookup::to("3652397000000026011"));
/// api.users().create(&boyle).await?;
/// # let _ = (me, admins);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Users {
    api: Api,
}

impl Users {
    pub(super) fn new(api: Api) -> Self {
        Self { api }
    }

    /// Lists the users. The default is all users.
    pub fn list(&self) -> Request<List<User, UserList>> {
        List::request(self.api.call(&operations::USERS_LIST), UserList)
    }

    /// Reads the user that the access token belongs to.
    pub fn current(&self) -> Request<GetItem<User>> {
        let call = self.api.call(&operations::USERS_LIST);
        GetItem::request(call.param("type", UserKind::CURRENT.as_str()))
    }

    /// Reads one user.
    pub fn get(&self, id: impl Into<Id>) -> Request<GetItem<User>> {
        GetItem::request(self.api.call(&operations::USERS_GET).path_id("user", id))
    }

    /// Searches for users that fulfil a condition.
    pub fn search(&self, condition: Condition) -> Request<List<User, Paged>> {
        let call = self.api.call(&operations::USERS_SEARCH);
        List::request(
            match condition.to_search() {
                Ok(text) => call.param("criteria", text),
                Err(mistake) => call.fail(mistake),
            },
            Paged,
        )
    }

    /// Invites a user.
    pub fn create(&self, user: &impl Serialize) -> Request<WriteItem> {
        WriteItem::row(self.api.call(&operations::USERS_CREATE), user)
    }

    /// Updates at most 10 users. Each must have its `id`. Members that a user does not name are
    /// left unchanged.
    pub fn update_many<R: Serialize>(
        &self,
        users: impl IntoIterator<Item = R>,
    ) -> Request<WriteItems> {
        let call = self.api.call(&operations::USERS_UPDATE);
        WriteItems::rows_with_ids(call, users).at_most(check::MOST_USERS)
    }

    /// Updates one user. Members that `change` does not name are left unchanged.
    pub fn update(&self, id: impl Into<Id>, change: &impl Serialize) -> Request<WriteItem> {
        let call = self.api.call(&operations::USERS_UPDATE_ONE);
        WriteItem::row(call.path_id("user", id), change)
    }

    /// Deletes one user.
    pub fn delete(&self, id: impl Into<Id>) -> Request<WriteItem> {
        WriteItem::request(self.api.call(&operations::USERS_DELETE_ONE).path_id("user", id))
    }

    /// Counts the users of this kind.
    pub fn count(&self, kind: UserKind) -> Request<Count> {
        Count::request(self.api.call(&operations::USERS_COUNT).param("type", kind.as_str()))
    }

    /// Returns a handle to one user and the user's territories.
    #[must_use]
    pub fn user(&self, id: impl Into<Id>) -> UserHandle {
        UserHandle { api: self.api.clone(), id: id.into() }
    }
}

/// The [`List`] source of [`Users::list`].
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct UserList;

impl Sealed for UserList {}

impl HasPages for UserList {}

impl Source for UserList {
    fn complete(&self, call: Call, _: Option<&[String]>) -> Result<(Call, Columns), Error> {
        let call = match call.has_param("type") {
            true => call,
            false => call.param("type", UserKind::ALL.as_str()),
        };
        Ok((call, Columns::default()))
    }
}

/// Generates a method for each user kind.
macro_rules! kinds_of_users {
    ($($(#[$doc:meta])* $name:ident = $kind:ident;)*) => {
        $(
            $(#[$doc])*
            pub fn $name(self) -> Self {
                self.of_kind(UserKind::$kind)
            }
        )*
    };
}

impl Request<List<User, UserList>> {
    /// Lists only users of this kind.
    pub fn of_kind(self, kind: UserKind) -> Self {
        self.param("type", kind.as_str())
    }

    kinds_of_users! {
        /// Lists only active users.
        active = ACTIVE;
        /// Lists only deactivated users.
        deactivated = DEACTIVATED;
        /// Lists only users who confirmed their invitation.
        confirmed = CONFIRMED;
        /// Lists only users who did not confirm their invitation.
        not_confirmed = NOT_CONFIRMED;
        /// Lists only deleted users.
        deleted = DELETED;
        /// Lists only active users who confirmed their invitation.
        active_confirmed = ACTIVE_CONFIRMED;
        /// Lists only administrators.
        admins = ADMINS;
        /// Lists only active administrators who confirmed their invitation.
        active_confirmed_admins = ACTIVE_CONFIRMED_ADMINS;
    }
}

/// One user and the user's territories: [`Users::user`].
#[derive(Clone, Debug)]
pub struct UserHandle {
    api: Api,
    id: Id,
}

impl UserHandle {
    fn call(&self, operation: &zcrm_core::Operation) -> Call {
        self.api.call(operation).path_id("user", &self.id)
    }

    /// Lists the user's territories in one page.
    pub fn territories(&self) -> Request<List<UserTerritory>> {
        List::request(self.call(&operations::USERS_LIST_TERRITORIES), Whole)
    }

    /// Reads one of the user's territories.
    pub fn territory(&self, id: impl Into<Id>) -> Request<GetItem<UserTerritory>> {
        GetItem::request(self.call(&operations::USERS_GET_TERRITORY).path_id("territory", id))
    }

    /// Adds the user to the territories with these ids.
    pub fn add_territories<I: Into<Id>>(
        &self,
        ids: impl IntoIterator<Item = I>,
    ) -> Request<WriteItems<ItemSuccess>> {
        let rows = ids.into_iter().map(|id| UserTerritory::default().with_id(id));
        WriteItems::rows_with_ids(self.call(&operations::USERS_UPDATE_TERRITORIES), rows)
    }

    /// Removes the user from the territories with these ids.
    pub fn remove_territories<I: Into<Id>>(
        &self,
        ids: impl IntoIterator<Item = I>,
    ) -> Request<WriteItems<ItemSuccess>> {
        WriteItems::ids(self.call(&operations::USERS_DELETE_TERRITORIES), ids)
    }
}
