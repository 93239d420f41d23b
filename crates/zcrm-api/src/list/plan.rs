//! The plan of a list: its call, and the position in the list.

use std::{
    pin::Pin,
    task::{Context, Poll},
};

use http::StatusCode;
use serde::de::DeserializeOwned;
use zcrm_core::{Error, Page, Reply, ResponseShape};

use super::{
    Columns, NextPage, Source,
    columns::{self, ExtraColumns, MODIFIED_SINCE},
    paging::PagingRule,
};
use crate::{Call, check, coql::QueryText};

/// The complete call of a list except for the page, and the position in the list.
#[derive(Clone, Debug)]
pub(super) struct ListPlan {
    /// The call without `page` and `page_token`.
    pub(super) call: Call,
    pub(super) columns: Columns,
    /// The next page.
    pub(super) next: NextPage,
    /// The number of items of the list before this page.
    pub(super) index: u64,
    /// The number of items of this page that were read.
    pub(super) skip: u64,
    pub(super) wall: Option<u64>,
    /// The query, if COQL reads the list.
    pub(super) query: Option<Box<QueryText>>,
}

/// The start of a list, whose plan may first need the names of fields.
pub(super) enum Prepare {
    Ready(Box<Result<ListPlan, Error>>),
    Later(Pin<Box<dyn Future<Output = Result<ListPlan, Error>> + Send>>),
}

impl Prepare {
    pub(super) fn new<S: Source>(source: S, call: Call) -> Self {
        let Some(module) = source.all_fields_of(&call) else {
            return Self::Ready(Box::new(ListPlan::new(&source, call, None)));
        };
        if let Err(mistake) = call.must_be_right() {
            return Self::Ready(Box::new(Err(mistake)));
        }
        if let Some(known) = call.api().known_field_names(&module) {
            return Self::Ready(Box::new(ListPlan::new(&source, call, Some(&known))));
        }
        Self::Later(Box::pin(async move {
            let known = call.api().field_names(&module).await?;
            ListPlan::new(&source, call, Some(&known))
        }))
    }

    /// Polls [`plan`](Self::plan).
    pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Result<ListPlan, Error>> {
        match self {
            Self::Ready(plan) => Poll::Ready(plan.as_ref().clone()),
            Self::Later(plan) => plan.as_mut().poll(cx),
        }
    }

    pub(super) async fn plan(self) -> Result<ListPlan, Error> {
        match self {
            Self::Ready(plan) => *plan,
            Self::Later(plan) => plan.await,
        }
    }
}

impl ListPlan {
    /// Returns the plan if it needs no call.
    pub(super) fn now<S: Source>(source: &S, call: Call) -> Result<Self, Error> {
        let Some(module) = source.all_fields_of(&call) else {
            return Self::new(source, call, None);
        };
        call.must_be_right()?;
        match call.api().known_field_names(&module) {
            Some(known) => Self::new(source, call, Some(&known)),
            None => Err(Error::input(
                "the list asks for all fields, but their names have not been read from Zoho yet: send the \
                 request once, or name the fields with `.fields([…])`",
            )),
        }
    }

    fn new<S: Source>(source: &S, call: Call, known: Option<&[String]>) -> Result<Self, Error> {
        let wall = source.page_number_wall();
        call.must_be_right()?;
        let query = source.query(&call)?.map(Box::new);
        let (call, columns) = source.complete(call, known)?;
        call.must_be_right()?;
        let next = query.as_ref().map_or_else(|| NextPage::of(&call), |query| query.first_page());
        Ok(Self { call, columns, next, index: 0, skip: 0, wall, query })
    }

    pub(super) fn paging_rule(&self) -> PagingRule {
        if let Some(query) = &self.query {
            let rows = query.rows(&self.next, self.index);
            return PagingRule::of_query(self.call.name(), rows, query.rule());
        }
        let mut rule = PagingRule::new(
            self.call.name(),
            self.call.paging(),
            self.call.request().query_value("per_page"),
        );
        rule.wall = self.wall;
        rule
    }

    /// Returns the call as the caller set it up, with its page.
    pub(super) fn into_asked_call(self) -> Call {
        match &self.query {
            Some(query) => query.ask(self.call, &query.first_page(), query.asked_rows()),
            None => self.call,
        }
    }

    /// Fetches the page that the caller asked for.
    pub(super) async fn fetch_as_asked<T: DeserializeOwned + Send + 'static>(
        self,
    ) -> Result<Page<T>, Error> {
        let call = self.clone().into_asked_call();
        self.read(call).await
    }

    /// Fetches the next page.
    pub(super) async fn fetch<T: DeserializeOwned + Send + 'static>(
        &self,
    ) -> Result<Page<T>, Error> {
        let call = match &self.query {
            Some(query) => {
                let rows = query.rows(&self.next, self.index);
                query.ask(self.call.clone(), &self.next, rows)
            }
            None => self.next.apply(self.call.clone()),
        };
        self.read(call).await
    }

    async fn read<T: DeserializeOwned + Send + 'static>(
        &self,
        call: Call,
    ) -> Result<Page<T>, Error> {
        if !self.columns.rest.is_empty() {
            let rest = ExtraColumns::new(&self.columns, &self.call, self.index > 0);
            return columns::page(call, &rest).await;
        }
        let response = PageResponse::of(&call, self.index == 0)?;
        response.read(&call.send().await?)
    }
}

/// The form of the response to a call of a list.
#[derive(Clone, Copy, Debug)]
pub(super) struct PageResponse {
    key: &'static str,
    may_be_unchanged: bool,
}

impl PageResponse {
    pub(super) fn of(call: &Call, is_first: bool) -> Result<Self, Error> {
        let ResponseShape::List(key) = call.response() else {
            return Err(check::no_request("the operation returns no list"));
        };
        // no item was changed since that time; a promised page cannot be unchanged
        let may_be_unchanged = is_first && call.request().has_header(MODIFIED_SINCE);
        Ok(Self { key, may_be_unchanged })
    }

    pub(super) fn read<T: DeserializeOwned + Send + 'static>(
        self,
        reply: &Reply,
    ) -> Result<Page<T>, Error> {
        match self.may_be_unchanged && reply.status() == StatusCode::NOT_MODIFIED {
            true => Ok(Page::empty()),
            false => reply.page(self.key),
        }
    }
}
