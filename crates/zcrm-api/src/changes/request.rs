//! The request of a round, and its options.

use std::{fmt, marker::PhantomData, time::Duration};

use bytes::Bytes;
use chrono::TimeDelta;
use serde::de::DeserializeOwned;
use zcrm_core::{Error, Record};

use super::{
    change::Change,
    mark::ChangeMark,
    own_writes::{OwnWrite, OwnWrites},
    reads::{Reads, fields_with_time},
    round::Round,
    stream::ChangeStream,
};
use crate::{
    Call, Records, operations,
    request::{Kind, Request, sealed::Sealed},
};

/// The default look-back: longer than the delays of Zoho that are known.
const LOOK_BACK: Duration = Duration::from_secs(300);

/// The longest look-back: Zoho keeps no deletions for longer.
const LONGEST_LOOK_BACK: Duration = Duration::from_secs(60 * 24 * 3_600);

/// A [`Request`] kind that reads the changes of a module:
/// [`Records::changes_since`](crate::Records::changes_since).
///
/// [`stream`](Request::stream) returns the changes one by one. Awaiting the request collects them.
pub struct Changes<T> {
    records: Records<Record>,
    mark: ChangeMark,
    fields: Vec<String>,
    look_back: Duration,
    all_deletions: bool,
    accepts_lost: bool,
    own: OwnWrites,
    of: PhantomData<fn() -> T>,
}

/// The changes of a round: the result of awaiting
/// [`Records::changes_since`](crate::Records::changes_since).
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ChangeRound<T> {
    /// The changes, in the order in which a replica applies them.
    pub changes: Vec<Change<T>>,
    /// The mark of the next round.
    pub mark: ChangeMark,
}

impl<T: DeserializeOwned + Send + 'static> Changes<T> {
    pub(super) fn request(records: &Records<T>, mark: ChangeMark) -> Request<Self> {
        let call = records.call(&operations::LIST_DELETED);
        let kind = Self {
            records: records.read_as(),
            mark,
            fields: Vec::new(),
            look_back: LOOK_BACK,
            all_deletions: false,
            accepts_lost: false,
            own: OwnWrites::default(),
            of: PhantomData,
        };
        Request::new(call, kind)
    }

    /// Returns the parts of a round.
    fn parts(self, call: Call) -> (Result<Reads, Error>, ChangeMark, OwnWrites) {
        let reads = no_list_options(&call).and_then(|()| {
            let fields = fields_with_time(&self.fields, self.records.default_fields());
            Ok(Reads {
                look_back: look_back(self.look_back)?,
                all_deletions: self.all_deletions,
                accepts_lost: self.accepts_lost,
                ..Reads::new(self.records, fields, call)
            })
        });
        (reads, self.mark, self.own)
    }
}

impl<T: DeserializeOwned + Send + 'static> Request<Changes<T>> {
    /// Reads these fields, given by their API names. `id` and `Modified_Time` are always included. Further
    /// calls add fields.
    ///
    /// A typed module reads its own fields by default. Zoho's lists return 50 fields in a call; more are
    /// read in several calls, as for [`list`](crate::Records::list). Above 200 changed records a query is
    /// used, which has 500 fields at most, and 50 before v7.
    pub fn fields<N: Into<String>>(self, names: impl IntoIterator<Item = N>) -> Self {
        self.set(|kind| kind.fields.extend(names.into_iter().map(Into::into)))
    }

    /// Sets how far before the mark a round begins. The default is five minutes, the most are 60 days.
    ///
    /// It must be longer than the sum of the delay after which Zoho's lists show a change, and the
    /// difference between the clocks of Zoho's servers. A restore is noticed within this time after the
    /// deletion, even if it does not change `Modified_Time`. Changes within the look-back that were
    /// returned before are not returned again, except those above 5,000 records or 5,000 deletions. Set it
    /// to the same time in each round.
    pub fn look_back(self, time: Duration) -> Self {
        self.set(|kind| kind.look_back = time)
    }

    /// Leaves out the echoes of the caller's own writes: the records whose `Modified_Time` is the one that
    /// the write returned.
    ///
    /// The time has seconds only. If another change of the same record happens within the same second and
    /// before the record is read, it is left out too; one that happens after that is returned. Deletions
    /// are never left out, and neither are conversions, whose answers have no time.
    ///
    /// ```no_run
    /// # async fn example(api: zcrm_api::Api, mark: zcrm_api::changes::ChangeMark)
    /// # -> Result<(), zcrm_core::Error> {
    /// use zcrm_core::Record;
    ///
    /// let leads = api.records("Leads");
    /// let done = leads.update("3652397000000649013", &Record::new().with("City", "Pune")).await?;
    /// let mut others = leads.changes_since(mark).fields(["City"]).without([&done]).stream();
    /// while let Some(change) = others.next().await {
    ///     println!("{:?}", change?);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn without<W: Into<OwnWrite>>(self, writes: impl IntoIterator<Item = W>) -> Self {
        self.set(|kind| writes.into_iter().for_each(|write| kind.own.add(write.into())))
    }

    /// Reads the entire list of deleted records in each round, instead of only those since the mark.
    ///
    /// Zoho documents a filter by time for this list, but not by which time of a record. Use it if
    /// deletions are missing. Each page of 200 deleted records costs two API credits.
    pub fn read_all_deletions(self) -> Self {
        self.set(|kind| kind.all_deletions = true)
    }

    /// Accepts a mark that is older than the 120 days for which Zoho keeps the ids of deleted records.
    ///
    /// Deletions may then be missing. By default such a mark is an error before anything is sent.
    pub fn accept_lost_deletions(self) -> Self {
        self.set(|kind| kind.accepts_lost = true)
    }

    /// Returns the changes as a stream.
    ///
    /// If the request was set up wrongly, the first item is the error.
    pub fn stream(self) -> ChangeStream<T> {
        let (reads, mark, own) = self.kind.parts(self.call);
        ChangeStream::new(reads, mark, own)
    }
}

impl<T> Sealed for Changes<T> {}

impl<T: DeserializeOwned + Send + 'static> Kind for Changes<T> {
    type Output = ChangeRound<T>;
    type Preview = http::Request<Bytes>;

    async fn execute(self, call: Call) -> Result<ChangeRound<T>, Error> {
        let (reads, mark, own) = self.parts(call);
        let mut stream = ChangeStream::new(reads, mark, own);
        let mut changes = Vec::new();
        while let Some(change) = stream.next().await {
            changes.push(change?);
        }
        Ok(ChangeRound { changes, mark: stream.mark() })
    }

    fn show(&self, call: &Call) -> Result<http::Request<Bytes>, Error> {
        let (reads, mark, _) = self.clone().parts(call.clone());
        Round::new(reads?, &mark)?.first_call()
    }
}

/// Refuses the parameters and headers of a list, which the round sets itself.
fn no_list_options(call: &Call) -> Result<(), Error> {
    call.must_be_right()?;
    let own = ["type", "page", "per_page"].into_iter().find(|name| call.has_param(name));
    let own = own.or_else(|| {
        let since = "If-Modified-Since";
        call.request().has_header(since).then_some(since)
    });
    match own {
        Some(name) => Err(Error::input(format!(
            "`{name}` cannot be set for changes, because the mark decides about it: leave it out"
        ))),
        None => Ok(()),
    }
}

fn look_back(time: Duration) -> Result<TimeDelta, Error> {
    let time = Some(time).filter(|time| *time <= LONGEST_LOOK_BACK);
    time.and_then(|time| TimeDelta::from_std(time).ok()).ok_or_else(|| {
        let days = LONGEST_LOOK_BACK.as_secs() / (24 * 3_600);
        Error::input(format!("invalid `look_back`: expected at most {days} days"))
    })
}

impl<T> Clone for Changes<T> {
    fn clone(&self) -> Self {
        Self {
            records: self.records.clone(),
            mark: self.mark.clone(),
            fields: self.fields.clone(),
            look_back: self.look_back,
            all_deletions: self.all_deletions,
            accepts_lost: self.accepts_lost,
            own: self.own.clone(),
            of: PhantomData,
        }
    }
}

impl<T> fmt::Debug for Changes<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Changes")
            .field("mark", &self.mark)
            .field("fields", &self.fields)
            .field("look_back", &self.look_back)
            .finish_non_exhaustive()
    }
}
