//! Tags of modules and records.

use serde::Serialize;
use zcrm_core::{ApiVersion, Error, Id, ItemSuccess, Operation, Tag, WriteResults, escaped};

use crate::list::{List, Whole};
use crate::request::{Count, Kind, Request, WriteItem, WriteItems, sealed::Sealed};
use crate::{Call, check, metadata::ModuleHandle, model, operations, related::Parent};

/// The tags of a module: [`ModuleHandle::tags`].
///
/// ```no_run
/// # async fn example(api: zcrm_api::Api) -> Result<(), zcrm_core::Error> {
/// use zcrm_core::Tag;
///
/// let tags = api.module("Leads").tags();
/// let made = tags.create_many([Tag::named("Hot"), Tag::named("Cold")]).await?.all()?;
/// tags.add_to(["3652397000000649013"], ["Hot"]).await?.all()?;
/// if let Some(hot) = made.first().map(|tag| tag.id.clone()) {
///     println!("{} records have the tag", tags.count_records(hot).await?);
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Tags {
    module: ModuleHandle,
}

impl Tags {
    pub(crate) fn new(module: ModuleHandle) -> Self {
        Self { module }
    }

    /// Lists all tags in one page. The parameter `my_tags` limits the list to the user's own tags.
    pub fn list(&self) -> Request<List<Tag>> {
        List::request(self.module.call(&operations::TAGS_LIST), Whole)
    }

    /// Creates a tag.
    pub fn create(&self, tag: &impl Serialize) -> Request<WriteItem> {
        self.create_many([tag]).single()
    }

    /// Creates at most 50 tags.
    pub fn create_many<R: Serialize>(
        &self,
        tags: impl IntoIterator<Item = R>,
    ) -> Request<WriteItems> {
        let call = self.module.call(&operations::TAGS_CREATE);
        WriteItems::rows(call, tags).at_most(check::MOST_TAGS)
    }

    /// Updates at most 50 tags. Each must have its `id`.
    pub fn update_many<R: Serialize>(
        &self,
        tags: impl IntoIterator<Item = R>,
    ) -> Request<WriteItems> {
        let call = self.module.call(&operations::TAGS_UPDATE);
        WriteItems::rows_with_ids(call, tags).at_most(check::MOST_TAGS)
    }

    /// Updates one tag.
    pub fn update(&self, id: impl Into<Id>, change: &impl Serialize) -> Request<WriteItem> {
        WriteItem::row(self.module.call(&operations::TAGS_UPDATE_ONE).path_id("id", id), change)
    }

    /// Merges the tag `merged` into the tag `kept`. This cannot be undone.
    ///
    /// Afterwards all records with either tag have `kept`, and `merged` is deleted. (`kept` is the
    /// id in the path; `merged` is Zoho's `conflict_id`. Zoho's Ruby SDK has the opposite order:
    /// its `tag.merge(other)` keeps `other`.)
    ///
    /// ```
    /// # async fn example(client: zcrm_api::Api) -> zcrm_core::Result<()> {
    /// let (hot, warm) = ("3652397000001", "3652397000002");
    /// // records with the tag `warm` now have the tag `hot`
    /// client.module("Leads").tags().merge(hot, warm).await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn merge(
        &self,
        kept: impl Into<Id>,
        merged: impl Into<Id>,
    ) -> Request<WriteItem<ItemSuccess>> {
        #[derive(Serialize)]
        struct Merge {
            conflict_id: Id,
        }
        let merge = Merge { conflict_id: merged.into() };
        let kept = kept.into();
        let call = self.module.api().call(&operations::TAGS_MERGE).path_id("id", &kept);
        let call = call.check(match kept == merge.conflict_id {
            true => Err(Error::input(format!(
                "a tag cannot be merged into itself: both ids are {}",
                escaped(kept.as_str())
            ))),
            false => Ok(()),
        });
        WriteItem::row(call.check(merge.conflict_id.check().map(drop)), &merge).about(&kept)
    }

    /// Deletes one tag and removes it from all records.
    pub fn delete(&self, id: impl Into<Id>) -> Request<WriteItem> {
        let call = self.module.api().call(&operations::TAGS_DELETE_ONE);
        WriteItem::request(call.path_id("id", id))
    }

    /// Counts the records with a tag.
    pub fn count_records(&self, id: impl Into<Id>) -> Request<Count> {
        Count::request(self.module.call(&operations::TAGS_COUNT_RECORDS).path_id("id", id))
    }

    /// Adds tags, given by name, to the records with these ids. Tags that do not exist are created.
    pub fn add_to<I: Into<Id>, T: Into<Tag>>(
        &self,
        ids: impl IntoIterator<Item = I>,
        tags: impl IntoIterator<Item = T>,
    ) -> Request<ChangeTags> {
        let records = Records::Many(ids.into_iter().map(Into::into).collect());
        self.change(TagChange::Add, records, tags)
    }

    /// Removes tags, given by name, from the records with these ids.
    pub fn remove_from<I: Into<Id>, T: Into<Tag>>(
        &self,
        ids: impl IntoIterator<Item = I>,
        tags: impl IntoIterator<Item = T>,
    ) -> Request<ChangeTags> {
        let records = Records::Many(ids.into_iter().map(Into::into).collect());
        self.change(TagChange::Remove, records, tags)
    }

    fn change<T: Into<Tag>>(
        &self,
        change: TagChange,
        records: Records,
        tags: impl IntoIterator<Item = T>,
    ) -> Request<ChangeTags> {
        let version = self.module.api().version();
        let operation = operation(change, &records, in_query(version));
        let call = match &records {
            Records::One(parent) => parent.call(operation),
            Records::Many(_) => self.module.call(operation),
        };
        let tags = tags.into_iter().map(Into::into).collect();
        Request::new(call, ChangeTags { change, records, tags, over_write: None })
    }
}

/// The tags of one record: [`RecordHandle::tags`](crate::RecordHandle::tags).
///
/// ```no_run
/// # async fn example(api: zcrm_api::Api) -> Result<(), zcrm_core::Error> {
/// let tags = api.record("Leads", "3652397000000649013").tags();
/// tags.add(["Hot", "Fair"]).await?.all()?;
/// tags.remove(["Fair"]).await?.all()?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct RecordTags {
    parent: Parent,
}

impl RecordTags {
    pub(crate) fn new(parent: Parent) -> Self {
        Self { parent }
    }

    /// Adds tags to the record, by name. Tags that do not exist are created.
    pub fn add<T: Into<Tag>>(&self, tags: impl IntoIterator<Item = T>) -> Request<ChangeTags> {
        self.change(TagChange::Add, tags)
    }

    /// Removes tags from the record, by name.
    pub fn remove<T: Into<Tag>>(&self, tags: impl IntoIterator<Item = T>) -> Request<ChangeTags> {
        self.change(TagChange::Remove, tags)
    }

    fn change<T: Into<Tag>>(
        &self,
        change: TagChange,
        tags: impl IntoIterator<Item = T>,
    ) -> Request<ChangeTags> {
        let of = Tags::new(self.parent.api().module(self.parent.module().clone()));
        of.change(change, Records::One(self.parent.clone()), tags)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum TagChange {
    Add,
    Remove,
}

#[derive(Clone, Debug)]
enum Records {
    One(Parent),
    Many(Vec<Id>),
}

/// A [`Request`] kind that adds tags to records or removes them: at most 50 tags and 100 records.
///
/// It returns one result per record. Without records or tags nothing is sent, and there are no
/// results. v2 and v2.1 take the names of tags in the query, later versions in the body, as in
/// Zoho's own SDKs of these versions.
///
/// If the future is dropped after the call was sent, the change may still be executed.
#[derive(Clone, Debug)]
pub struct ChangeTags {
    change: TagChange,
    records: Records,
    tags: Vec<Tag>,
    over_write: Option<bool>,
}

/// Returns `true` if the API version takes the names of tags in the query.
fn in_query(version: ApiVersion) -> bool {
    version < ApiVersion::V3
}

fn operation(change: TagChange, records: &Records, in_query: bool) -> &'static Operation {
    match (change, records, in_query) {
        (TagChange::Add, Records::One(_), true) => &operations::TAGS_ADD_ONE_BY_NAMES,
        (TagChange::Add, Records::One(_), false) => &operations::TAGS_ADD_ONE,
        (TagChange::Add, Records::Many(_), true) => &operations::TAGS_ADD_BY_NAMES,
        (TagChange::Add, Records::Many(_), false) => &operations::TAGS_ADD,
        (TagChange::Remove, Records::One(_), true) => &operations::TAGS_REMOVE_ONE_BY_NAMES,
        (TagChange::Remove, Records::One(_), false) => &operations::TAGS_REMOVE_ONE,
        (TagChange::Remove, Records::Many(_), true) => &operations::TAGS_REMOVE_BY_NAMES,
        (TagChange::Remove, Records::Many(_), false) => &operations::TAGS_REMOVE,
    }
}

impl Request<ChangeTags> {
    /// Sets whether the tags replace the existing tags of the records. By default they are added.
    pub fn over_write(self, over_write: bool) -> Self {
        self.set(|kind| kind.over_write = Some(over_write))
    }
}

impl Sealed for ChangeTags {}

impl Kind for ChangeTags {
    type Output = WriteResults<ItemSuccess>;
    type Preview = http::Request<bytes::Bytes>;

    async fn execute(self, call: Call) -> Result<WriteResults<ItemSuccess>, Error> {
        self.write(call).send().await
    }

    fn show(&self, call: &Call) -> Result<Self::Preview, Error> {
        self.write(call.clone()).preview()
    }
}

impl ChangeTags {
    pub(crate) fn write(&self, call: Call) -> Request<WriteItems<ItemSuccess>> {
        let ids = match &self.records {
            Records::One(_) => &[][..],
            Records::Many(ids) => ids.as_slice(),
        };
        let items = match &self.records {
            Records::One(_) => 1,
            Records::Many(ids) => ids.len(),
        };
        let call = ids.iter().fold(call, |call, id| call.check(id.check().map(drop)));
        if self.tags.is_empty() {
            // an empty list changes nothing, and Zoho does not accept it as a replacement
            return WriteItems::request(
                match self.over_write {
                    Some(true) => call.fail(Error::input(
                        "an empty list of tags cannot replace the tags of the records: remove them with \
                         `remove`",
                    )),
                    _ => call,
                },
                0,
            );
        }
        let call = match self.change == TagChange::Remove && self.over_write.is_some() {
            true => call.fail(Error::input("`over_write` can only be set when tags are added")),
            false => call,
        };
        let call = call.check(check::at_most(self.tags.len(), check::MOST_TAGS));
        let call = match self.named() {
            Err(mistake) => call.fail(mistake),
            Ok(tags) if in_query(call.api().version()) => {
                in_the_query(call, ids, &tags, self.over_write)
            }
            Ok(tags) => call.body(&Body { tags, ids, over_write: self.over_write }),
        };
        let write = WriteItems::request(call, items);
        match &self.records {
            Records::Many(ids) => write.about(ids),
            Records::One(parent) => match parent.id() {
                Some(id) => write.about([id]),
                None => write,
            },
        }
    }

    /// Returns the names and colours of the tags, without their other members.
    fn named(&self) -> Result<Vec<TagName>, Error> {
        let name = |tag: &Tag| match tag.name()? {
            Some(name) if !name.trim().is_empty() => {
                Ok(TagName { name, color_code: tag.color_code()? })
            }
            _ => Err(Error::input("a tag has no name: tags are added and removed by name")),
        };
        self.tags.iter().map(name).collect()
    }
}

fn in_the_query(call: Call, ids: &[Id], tags: &[TagName], over_write: Option<bool>) -> Call {
    let names: Vec<String> = tags.iter().map(|tag| tag.name.clone()).collect();
    let call = match check::list_of("tags", &names) {
        Ok(names) => call.param("tag_names", names),
        Err(mistake) => call.fail(mistake),
    };
    let call = match ids.is_empty() {
        true => call,
        false => call.param("ids", check::join(ids)),
    };
    match over_write {
        Some(over_write) => call.param("over_write", model::yes_or_no(over_write)),
        None => call,
    }
}

#[derive(Serialize)]
struct Body<'a> {
    tags: Vec<TagName>,
    #[serde(skip_serializing_if = "<[Id]>::is_empty")]
    ids: &'a [Id],
    #[serde(skip_serializing_if = "Option::is_none")]
    over_write: Option<bool>,
}

#[derive(Serialize)]
struct TagName {
    name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    color_code: Option<String>,
}

impl ModuleHandle {
    /// Returns a handle to the tags of the module.
    #[must_use]
    pub fn tags(&self) -> Tags {
        Tags::new(self.clone())
    }
}
