//! Tags: of a module, and on its records.

use serde::Serialize;
use zcrm_core::{ApiVersion, Error, Id, ItemSuccess, Tag, WriteResults, escaped};

use crate::{
    ListItems, WriteItem, WriteItems,
    ask::Ask,
    check,
    extra::{Extra, extra_methods},
    metadata::ModuleHandle,
    model, operations,
    related::Parent,
};

/// The tags of a module: [`ModuleHandle::tags`].
///
/// ```no_run
/// # async fn example(api: zcrm_api::Api) -> Result<(), zcrm_core::Error> {
/// use zcrm_core::Tag;
///
/// let tags = api.module("Leads").tags();
/// let made = tags.create([Tag::named("Hot"), Tag::named("Cold")]).send().await?.all()?;
/// tags.add_to(["3652397000000649013"], ["Hot"]).send().await?.all()?;
/// if let Some(hot) = made.first().and_then(|tag| tag.id.clone()) {
///     println!("{} records are hot", tags.count_records(hot).await?);
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

    /// Reads all tags; the list comes whole. The parameter `my_tags` narrows it to the user's own.
    pub fn list(&self) -> ListItems<Tag> {
        ListItems::new(self.module.ask(&operations::TAGS_LIST))
    }

    /// Makes tags, 50 at most.
    pub fn create<R: Serialize>(&self, tags: impl IntoIterator<Item = R>) -> WriteItems {
        let ask = self.module.ask(&operations::TAGS_CREATE);
        WriteItems::rows(ask, tags).at_most(check::MOST_TAGS)
    }

    /// Changes tags, 50 at most. Each must hold its `id`.
    pub fn update<R: Serialize>(&self, tags: impl IntoIterator<Item = R>) -> WriteItems {
        let ask = self.module.ask(&operations::TAGS_UPDATE);
        WriteItems::rows_with_ids(ask, tags).at_most(check::MOST_TAGS)
    }

    /// Changes one tag.
    pub fn update_one(&self, id: impl Into<Id>, change: &impl Serialize) -> WriteItem {
        WriteItem::row(self.module.ask(&operations::TAGS_UPDATE_ONE).path_id("id", id), change)
    }

    /// Merges the tag `merged` into the tag `kept`: all records of both have `kept` then, and `merged`
    /// is gone. It cannot be undone. (`kept` is the id in the path, `merged` Zoho's `conflict_id`. The
    /// Ruby SDK has it the other way round: its `tag.merge(other)` keeps `other`.)
    ///
    /// ```
    /// # async fn example(client: zcrm_api::Api) -> zcrm_core::Result<()> {
    /// let (hot, warm) = ("3652397000001", "3652397000002");
    /// // what was `warm` is `hot` from now on
    /// client.module("Leads").tags().merge(hot, warm).send().await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn merge(&self, kept: impl Into<Id>, merged: impl Into<Id>) -> WriteItem {
        #[derive(Serialize)]
        struct Merge {
            conflict_id: Id,
        }
        let merge = Merge { conflict_id: merged.into() };
        let kept = kept.into();
        let ask = Ask::new(self.module.api(), &operations::TAGS_MERGE).path_id("id", &kept);
        let ask = ask.check(match kept == merge.conflict_id {
            true => Err(Error::input(format!(
                "a tag cannot be merged into itself: both ids are {}",
                escaped(kept.as_str())
            ))),
            false => Ok(()),
        });
        WriteItem::row(ask.check(merge.conflict_id.check().map(drop)), &merge).about(&kept)
    }

    /// Deletes one tag, from all records too.
    pub fn delete_one(&self, id: impl Into<Id>) -> WriteItem {
        let ask = Ask::new(self.module.api(), &operations::TAGS_DELETE_ONE);
        WriteItem::new(ask.path_id("id", id))
    }

    /// How many records have a tag.
    ///
    /// # Errors
    /// Of the call.
    pub async fn count_records(&self, id: impl Into<Id>) -> Result<u64, Error> {
        self.module.ask(&operations::TAGS_COUNT_RECORDS).path_id("id", id).count().await
    }

    /// Gives records tags, by the records' ids and the tags' names. Tags that are not there yet are
    /// made.
    pub fn add_to<I: Into<Id>, T: Into<Tag>>(
        &self,
        ids: impl IntoIterator<Item = I>,
        tags: impl IntoIterator<Item = T>,
    ) -> ChangeTags {
        let records = Records::Many(ids.into_iter().map(Into::into).collect());
        self.change(Change::Add, records, tags)
    }

    /// Takes tags from records, by the records' ids and the tags' names.
    pub fn remove_from<I: Into<Id>, T: Into<Tag>>(
        &self,
        ids: impl IntoIterator<Item = I>,
        tags: impl IntoIterator<Item = T>,
    ) -> ChangeTags {
        let records = Records::Many(ids.into_iter().map(Into::into).collect());
        self.change(Change::Remove, records, tags)
    }

    fn change<T: Into<Tag>>(
        &self,
        change: Change,
        records: Records,
        tags: impl IntoIterator<Item = T>,
    ) -> ChangeTags {
        let tags = tags.into_iter().map(Into::into).collect();
        ChangeTags {
            module: self.module.clone(),
            change,
            records,
            tags,
            over_write: None,
            extra: Extra::default(),
        }
    }
}

/// The tags of one record: [`RecordHandle::tags`](crate::RecordHandle::tags).
///
/// ```no_run
/// # async fn example(api: zcrm_api::Api) -> Result<(), zcrm_core::Error> {
/// let tags = api.record("Leads", "3652397000000649013").tags();
/// tags.add(["Hot", "Fair"]).send().await?.all()?;
/// tags.remove(["Fair"]).send().await?.all()?;
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

    /// Gives the record tags, by their names. Tags that are not there yet are made.
    pub fn add<T: Into<Tag>>(&self, tags: impl IntoIterator<Item = T>) -> ChangeTags {
        self.change(Change::Add, tags)
    }

    /// Takes tags from the record, by their names.
    pub fn remove<T: Into<Tag>>(&self, tags: impl IntoIterator<Item = T>) -> ChangeTags {
        self.change(Change::Remove, tags)
    }

    fn change<T: Into<Tag>>(
        &self,
        change: Change,
        tags: impl IntoIterator<Item = T>,
    ) -> ChangeTags {
        let of = Tags::new(self.parent.api().module(self.parent.module().clone()));
        of.change(change, Records::One(self.parent.clone()), tags)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Change {
    Add,
    Remove,
}

#[derive(Clone, Debug)]
enum Records {
    One(Parent),
    Many(Vec<Id>),
}

/// Gives records tags or takes them away: 100 records at most, and 50 tags. One outcome a record. Without
/// records or without tags nothing is sent, and there are no outcomes.
///
/// v2 and v2.1 take the tags' names in the query, later versions in the body (as Zoho's own SDKs of
/// these versions send them).
#[derive(Clone, Debug)]
#[must_use = "nothing is changed until `send` is called"]
pub struct ChangeTags {
    module: ModuleHandle,
    change: Change,
    records: Records,
    tags: Vec<Tag>,
    over_write: Option<bool>,
    extra: Extra,
}

impl ChangeTags {
    /// Whether the tags take the place of those that the records have. They are added unless told.
    pub fn over_write(mut self, over_write: bool) -> Self {
        self.over_write = Some(over_write);
        self
    }

    extra_methods!();

    /// Changes them.
    ///
    /// # Errors
    /// Of kind [`Input`](zcrm_core::ErrorKind::Input) before anything is sent, or of the call as a
    /// whole.
    pub async fn send(self) -> Result<WriteResults<ItemSuccess>, Error> {
        self.write().send().await
    }

    /// The request that would be sent: relative, and without the token.
    ///
    /// # Errors
    /// Of kind [`Input`](zcrm_core::ErrorKind::Input), as [`send`](Self::send).
    pub fn preview(&self) -> Result<http::Request<bytes::Bytes>, Error> {
        self.write().preview()
    }

    fn write(&self) -> WriteItems {
        let in_query = self.module.api().version() < ApiVersion::V3;
        let operation = match (self.change, &self.records, in_query) {
            (Change::Add, Records::One(_), true) => &operations::TAGS_ADD_ONE_BY_NAMES,
            (Change::Add, Records::One(_), false) => &operations::TAGS_ADD_ONE,
            (Change::Add, Records::Many(_), true) => &operations::TAGS_ADD_BY_NAMES,
            (Change::Add, Records::Many(_), false) => &operations::TAGS_ADD,
            (Change::Remove, Records::One(_), true) => &operations::TAGS_REMOVE_ONE_BY_NAMES,
            (Change::Remove, Records::One(_), false) => &operations::TAGS_REMOVE_ONE,
            (Change::Remove, Records::Many(_), true) => &operations::TAGS_REMOVE_BY_NAMES,
            (Change::Remove, Records::Many(_), false) => &operations::TAGS_REMOVE,
        };
        let (mut ask, ids) = match &self.records {
            Records::One(parent) => (parent.ask(operation), &[][..]),
            Records::Many(ids) => (self.module.ask(operation), ids.as_slice()),
        };
        let items = match &self.records {
            Records::One(_) => 1,
            Records::Many(ids) => ids.len(),
        };
        let wrong = ids.iter().find_map(|id| id.check().err());
        ask = ask.check(wrong.map_or(Ok(()), Err));
        if self.tags.is_empty() {
            // no tags change nothing, unless they take the place of those that are there
            return match self.over_write {
                Some(true) => WriteItems::new(
                    ask.check(Err(Error::input(
                        "no tags cannot take the place of those that the records have: take these \
                         away by `remove`",
                    ))),
                    0,
                ),
                _ => WriteItems::new(ask, 0),
            };
        }
        let (tags, over_write) = (self.named(), self.over_write);
        if self.change == Change::Remove && over_write.is_some() {
            let message = "`over_write` belongs to tags that are added";
            ask = ask.check(Err(Error::input(message)));
        }
        ask = ask.check(check::at_most(self.tags.len(), check::MOST_TAGS));
        ask = match tags {
            Err(mistake) => ask.check(Err(mistake)),
            Ok(tags) if in_query => in_the_query(ask, ids, &tags, over_write),
            Ok(tags) => ask.with(|call| call.json(&Body { tags, ids, over_write })),
        };
        let write = WriteItems::new(ask.with(|call| call.extra(&self.extra)), items);
        match &self.records {
            Records::Many(ids) => write.about(ids),
            Records::One(parent) => match parent.id() {
                Some(id) => write.about([id]),
                None => write,
            },
        }
    }

    /// The tags, by their names and with nothing else that Zoho may have told of them.
    fn named(&self) -> Result<Vec<TagName>, Error> {
        let name = |tag: &Tag| match tag.name()? {
            Some(name) if !name.trim().is_empty() => {
                Ok(TagName { name, color_code: tag.color_code()? })
            }
            _ => Err(Error::input("a tag has no name, and goes by its name")),
        };
        self.tags.iter().map(name).collect()
    }
}

fn in_the_query(ask: Ask, ids: &[Id], tags: &[TagName], over_write: Option<bool>) -> Ask {
    let names: Vec<String> = tags.iter().map(|tag| tag.name.clone()).collect();
    let mut ask = match check::list_of("tags", &names) {
        Ok(names) => ask.query("tag_names", names),
        Err(mistake) => ask.check(Err(mistake)),
    };
    if !ids.is_empty() {
        let ids: Vec<&str> = ids.iter().map(Id::as_str).collect();
        ask = ask.query("ids", ids.join(","));
    }
    match over_write {
        Some(over_write) => ask.query("over_write", model::yes_or_no(over_write)),
        None => ask,
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
