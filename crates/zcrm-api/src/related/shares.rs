//! The users, groups and roles that a record is shared with.

use serde_json::Value;
use zcrm_core::{Error, Id, Operation, Reply, Timestamp, words};

use super::Parent;
use crate::list::{List, Whole};
use crate::request::{Acknowledge, Request, SingleCall, sealed::Sealed};
use crate::{Call, MetaRef, check, model::model, operations};

/// The maximum number of members in one call: 10 users, 5 groups and 5 roles.
const MOST_SHARES: usize = 20;

words! {
    /// The permission of a member that a record is shared with.
    SharePermission {
        READ_ONLY = "read_only": "The member may read the record.";
        READ_WRITE = "read_write": "The member may read and change the record.";
        FULL_ACCESS = "full_access": "The member may do everything, such as share the record.";
    }
}

model! {
    /// The sharing of a record with a user, a group or a role, or with everybody.
    Share {
        /// The user, group or role. `None` if the record is shared with everybody.
        shared_with: Option<ShareMember> = "shared_with" or "user";
        /// The permission of the member.
        permission: Option<SharePermission> = "permission";
        /// Whether the record is shared with one member (`private`) or with everybody (`public`).
        kind: Option<String> = "type";
        /// Whether the related records are shared, too.
        share_related_records, with_related_records: Option<bool> = "share_related_records";
        /// The user who shared the record.
        shared_by: Option<MetaRef> = "shared_by";
        /// The time at which the record was shared.
        shared_time: Option<Timestamp> = "shared_time";
    }
}

model! {
    /// A user, a group or a role that a record is shared with.
    ShareMember {
        /// The id of the user, the group or the role.
        id: Option<Id> = "id";
        /// The name of the user, the group or the role.
        name: Option<String> = "name" or "full_name";
        /// The kind of the member: `users`, `groups` or `roles`.
        kind: Option<String> = "type";
    }
}

impl Share {
    fn with_member(kind: &str, id: Id, permission: SharePermission) -> Self {
        let member = ShareMember { id: Some(id), kind: Some(kind.into()), ..Default::default() };
        let (permission, kind) = (Some(permission), Some("private".to_owned()));
        Self { shared_with: Some(member), permission, kind, ..Self::default() }
    }

    /// Creates the sharing with a user.
    #[must_use]
    pub fn with_user(id: impl Into<Id>, permission: SharePermission) -> Self {
        Self::with_member("users", id.into(), permission)
    }

    /// Creates the sharing with a group of users.
    #[must_use]
    pub fn with_group(id: impl Into<Id>, permission: SharePermission) -> Self {
        Self::with_member("groups", id.into(), permission)
    }

    /// Creates the sharing with all users of a role.
    #[must_use]
    pub fn with_role(id: impl Into<Id>, permission: SharePermission) -> Self {
        Self::with_member("roles", id.into(), permission)
    }

    /// Creates the sharing with everybody, which must be the only one of a call.
    #[must_use]
    pub fn with_everybody(permission: SharePermission) -> Self {
        let (permission, kind) = (Some(permission), Some("public".to_owned()));
        Self { permission, kind, ..Self::default() }
    }

    fn check(&self) -> Result<(), Error> {
        match self.shared_with.as_ref().map(|member| &member.id) {
            Some(Some(id)) => id.check().map(drop),
            Some(None) => Err(Error::input("a share has a member without an id")),
            None => Ok(()),
        }
    }
}

/// The members that one record is shared with:
/// [`RecordHandle::shares`](crate::RecordHandle::shares).
///
/// Zoho shares a record with at most 10 users, 5 groups and 5 roles.
///
/// Source: <https://www.zoho.com/crm/developer/docs/api/v8/share-record.html>
///
/// ```no_run
/// # async fn example(api: zcrm_api::Api) -> Result<(), zcrm_core::Error> {
/// use zcrm_api::{Share, SharePermission};
///
/// let shares = api.record("Leads", "3652397000000649013").shares();
/// let colleague = Share::with_user("3652397000000186017", SharePermission::READ_WRITE);
/// shares.add([colleague.with_related_records(true)]).notify_members(true).await?;
/// for share in shares.list().all().await? {
///     println!("{:?} {:?}", share.shared_with, share.permission);
/// }
/// shares.revoke().await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct RecordShares {
    parent: Parent,
}

impl RecordShares {
    pub(super) fn new(parent: Parent) -> Self {
        Self { parent }
    }

    /// Lists the members in one page.
    pub fn list(&self) -> Request<List<Share>> {
        List::request(self.parent.call(&operations::SHARES_LIST), Whole)
    }

    /// Shares the record with more members: at most 20 in one call.
    pub fn add(&self, shares: impl IntoIterator<Item = Share>) -> Request<ShareRecord> {
        self.save(&operations::SHARES_CREATE, shares)
    }

    /// Shares the record with these members only: at most 20.
    pub fn replace(&self, shares: impl IntoIterator<Item = Share>) -> Request<ShareRecord> {
        self.save(&operations::SHARES_UPDATE, shares)
    }

    /// Ends the sharing with all members.
    pub fn revoke(&self) -> Request<Acknowledge> {
        Acknowledge::request(self.parent.call(&operations::SHARES_DELETE))
    }

    fn save(
        &self,
        operation: &Operation,
        shares: impl IntoIterator<Item = Share>,
    ) -> Request<ShareRecord> {
        let shares: Vec<Share> = shares.into_iter().collect();
        let call = self.parent.call(operation).check(check::at_most(shares.len(), MOST_SHARES));
        let call = shares.iter().fold(call, |call, share| call.check(share.check()));
        let call = call.check(match shares.as_slice() {
            [] => Err(Error::input("the list of shares is empty: use `revoke` to end the sharing")),
            [_, _, ..] if shares.iter().any(|share| share.shared_with.is_none()) => {
                Err(Error::input("a share with everybody must be the only one of a call"))
            }
            _ => Ok(()),
        });
        Request::new(call, ShareRecord { shares, more: Vec::new() })
    }
}

/// A [`Request`] kind that shares a record: [`RecordShares::add`] and [`RecordShares::replace`].
///
/// It returns no value. Zoho shares the record with all members of the call, or refuses the call.
#[derive(Clone, Debug)]
pub struct ShareRecord {
    shares: Vec<Share>,
    more: Vec<(&'static str, bool)>,
}

impl Request<ShareRecord> {
    /// Sets whether Zoho notifies the members. Only Zoho's description of 2026 has this option.
    pub fn notify_members(self, notify: bool) -> Self {
        self.set(|kind| kind.more.push(("notify_shared_members", notify)))
    }

    /// Sets whether Zoho notifies the current user once the related records are shared, too.
    pub fn notify_on_completion(self, notify: bool) -> Self {
        self.set(|kind| kind.more.push(("notify_on_completion", notify)))
    }
}

impl Sealed for ShareRecord {}

impl SingleCall for ShareRecord {
    type Answer = ();

    fn complete(&mut self, call: Call) -> Result<Call, Error> {
        call.must_be_right()?;
        let mut body = serde_json::Map::new();
        let unwritable = |error| check::unwritable("a share", &error);
        let shares = serde_json::to_value(&self.shares).map_err(unwritable)?;
        body.insert("share".to_owned(), shares);
        for (name, value) in &self.more {
            body.insert((*name).to_owned(), Value::Bool(*value));
        }
        Ok(call.body(&body))
    }

    fn read(self, reply: &Reply) -> Result<(), Error> {
        // one result for the call, or one for each share
        match reply.success() {
            Err(error) if error.api().is_none() => {
                reply.outcomes("share", self.shares.len())?.all().map(drop)
            }
            result => result,
        }
    }
}
