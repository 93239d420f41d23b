//! Users.

use serde::Serialize;
use zcrm_core::{Error, Id};

use super::user::{User, UserKind, UserTerritory};
use crate::{
    Api, Criteria, GetItem, ListItems, WriteItem, WriteItems, ask::Ask, check, operations,
};

/// The users of the organisation: [`Api::users`].
///
/// ```no_run
/// # async fn example(api: zcrm_api::Api) -> Result<(), zcrm_core::Error> {
/// use zcrm_api::organisation::{User, UserKind};
///
/// let me = api.users().current().send().await?;
/// let admins = api.users().of_kind(UserKind::ADMINS).per_page(20).send().await?;
/// let boyle = User::new("Boyle", "patricia@example.com")
///     .with_role(zcrm_core::Lookup::to("3652397000000026008"))
///     .with_profile(zcrm_core::Lookup::to("3652397000000026011"));
/// api.users().create(&boyle).send().await?;
/// # let _ = (me, admins);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Users {
    api: Api,
}

/// The names of the lists of users that have a method of their own.
macro_rules! lists_of_users {
    ($($(#[$doc:meta])* $name:ident = $kind:ident;)*) => {
        $(
            $(#[$doc])*
            pub fn $name(&self) -> ListItems<User> {
                self.of_kind(UserKind::$kind)
            }
        )*
    };
}

impl Users {
    pub(super) fn new(api: Api) -> Self {
        Self { api }
    }

    /// Reads the users of a kind.
    pub fn of_kind(&self, kind: UserKind) -> ListItems<User> {
        ListItems::new(Ask::new(&self.api, &operations::USERS_LIST).query("type", kind.as_str()))
    }

    lists_of_users! {
        /// Reads all users.
        list = ALL;
        /// Reads the users who are active.
        active = ACTIVE;
        /// Reads the users who were deactivated.
        deactivated = DEACTIVATED;
        /// Reads the users who confirmed their invitation.
        confirmed = CONFIRMED;
        /// Reads the users who did not confirm their invitation.
        not_confirmed = NOT_CONFIRMED;
        /// Reads the users who were deleted.
        deleted = DELETED;
        /// Reads the users who are active and confirmed their invitation.
        active_confirmed = ACTIVE_CONFIRMED;
        /// Reads the users who administrate the organisation.
        admins = ADMINS;
        /// Reads the administrators who are active and confirmed their invitation.
        active_confirmed_admins = ACTIVE_CONFIRMED_ADMINS;
    }

    /// Reads the user whose token this is.
    pub fn current(&self) -> GetItem<User> {
        let ask = Ask::new(&self.api, &operations::USERS_LIST);
        GetItem::new(ask.query("type", UserKind::CURRENT.as_str()))
    }

    /// Reads one user.
    pub fn get(&self, id: impl Into<Id>) -> GetItem<User> {
        GetItem::new(Ask::new(&self.api, &operations::USERS_GET).path_id("user", id))
    }

    /// Finds users.
    pub fn search(&self, criteria: Criteria) -> ListItems<User> {
        let ask = Ask::new(&self.api, &operations::USERS_SEARCH);
        ListItems::new(match criteria.checked() {
            Ok(text) => ask.query("criteria", text),
            Err(mistake) => ask.check(Err(mistake)),
        })
    }

    /// Invites a user.
    pub fn create(&self, user: &impl Serialize) -> WriteItem {
        WriteItem::row(Ask::new(&self.api, &operations::USERS_CREATE), user)
    }

    /// Changes users, 10 at most. Each must hold its `id`; what it does not name stays as it is.
    pub fn update<R: Serialize>(&self, users: impl IntoIterator<Item = R>) -> WriteItems {
        let ask = Ask::new(&self.api, &operations::USERS_UPDATE);
        WriteItems::rows_with_ids(ask, users).at_most(check::MOST_USERS)
    }

    /// Changes one user: name only what changes, custom fields included.
    pub fn update_one(&self, id: impl Into<Id>, change: &impl Serialize) -> WriteItem {
        let ask = Ask::new(&self.api, &operations::USERS_UPDATE_ONE);
        WriteItem::row(ask.path_id("user", id), change)
    }

    /// Deletes one user.
    pub fn delete_one(&self, id: impl Into<Id>) -> WriteItem {
        WriteItem::new(Ask::new(&self.api, &operations::USERS_DELETE_ONE).path_id("user", id))
    }

    /// How many users of a kind there are.
    ///
    /// # Errors
    /// Of the call.
    pub async fn count(&self, kind: UserKind) -> Result<u64, Error> {
        Ask::new(&self.api, &operations::USERS_COUNT).query("type", kind.as_str()).count().await
    }

    /// One user, and what belongs to it.
    #[must_use]
    pub fn user(&self, id: impl Into<Id>) -> UserHandle {
        UserHandle { api: self.api.clone(), id: id.into() }
    }
}

/// One user, and the territories that belong to it: [`Users::user`].
#[derive(Clone, Debug)]
pub struct UserHandle {
    api: Api,
    id: Id,
}

impl UserHandle {
    fn ask(&self, operation: &zcrm_core::Operation) -> Ask {
        Ask::new(&self.api, operation).path_id("user", &self.id)
    }

    /// Reads the territories that the user is in; the list comes whole.
    pub fn territories(&self) -> ListItems<UserTerritory> {
        ListItems::new(self.ask(&operations::USERS_LIST_TERRITORIES))
    }

    /// Reads one of the user's territories.
    pub fn territory(&self, id: impl Into<Id>) -> GetItem<UserTerritory> {
        GetItem::new(self.ask(&operations::USERS_GET_TERRITORY).path_id("territory", id))
    }

    /// Puts the user into territories, by their ids.
    pub fn add_territories<I: Into<Id>>(&self, ids: impl IntoIterator<Item = I>) -> WriteItems {
        let rows = ids.into_iter().map(|id| UserTerritory::default().with_id(id));
        WriteItems::rows_with_ids(self.ask(&operations::USERS_UPDATE_TERRITORIES), rows)
    }

    /// Takes the user out of territories, by their ids.
    pub fn remove_territories<I: Into<Id>>(&self, ids: impl IntoIterator<Item = I>) -> WriteItems {
        WriteItems::ids(self.ask(&operations::USERS_DELETE_TERRITORIES), ids)
    }
}
