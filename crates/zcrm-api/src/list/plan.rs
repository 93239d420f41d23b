//! How a list is read: the call of each page, and where the list is.

use std::{
    pin::Pin,
    task::{Context, Poll},
};

use http::StatusCode;
use serde::de::DeserializeOwned;
use zcrm_core::{Error, Page, ResponseShape};

use super::{
    Columns, NextPage, Source,
    columns::{self, ExtraColumns, MODIFIED_SINCE},
    follow::PagingRule,
};
use crate::{Call, check};

/// A list whose call is complete, but for the page.
#[derive(Clone, Debug)]
pub(super) struct ListPlan {
    /// The call without `page` and `page_token`.
    pub(super) call: Call,
    pub(super) columns: Columns,
    /// The page that comes.
    pub(super) next: NextPage,
    /// How many items of the list came before this page.
    pub(super) index: u64,
    /// How many items of this page were read.
    pub(super) skip: u64,
    pub(super) wall: Option<u64>,
}

/// A list on its way to a plan: names of fields may have to be read first.
pub(super) enum Prepare {
    Ready(Box<Result<ListPlan, Error>>),
    Later(Pin<Box<dyn Future<Output = Result<ListPlan, Error>> + Send>>),
}

impl Prepare {
    pub(super) fn new<S: Source>(source: S, call: Call) -> Self {
        let Some(module) = source.all_fields_of(&call) else {
            return Self::Ready(Box::new(ListPlan::new(source, call, None)));
        };
        if let Err(mistake) = call.must_be_right() {
            return Self::Ready(Box::new(Err(mistake)));
        }
        if let Some(known) = call.api().known_field_names(&module) {
            return Self::Ready(Box::new(ListPlan::new(source, call, Some(&known))));
        }
        Self::Later(Box::pin(async move {
            let known = call.api().field_names(&module).await?;
            ListPlan::new(source, call, Some(&known))
        }))
    }

    /// The plan, where it does not take a call of its own.
    pub(super) fn now<S: Source>(source: S, call: Call) -> Result<ListPlan, Error> {
        match Self::new(source, call) {
            Self::Ready(plan) => *plan,
            Self::Later(_) => Err(Error::input(
                "the list asks for all fields, whose names were not read from Zoho yet: send it once, \
                 or name the fields by `.fields([…])`",
            )),
        }
    }
}

impl Prepare {
    /// The same as [`plan`](Self::plan), for a stream.
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
    fn new<S: Source>(source: S, call: Call, known: Option<&[String]>) -> Result<Self, Error> {
        let wall = source.page_number_wall();
        call.must_be_right()?;
        let (call, columns) = source.complete(call, known)?;
        call.must_be_right()?;
        let next = NextPage::of(&call);
        Ok(Self { call, columns, next, index: 0, skip: 0, wall })
    }

    pub(super) fn paging_rule(&self) -> PagingRule {
        let mut rule = PagingRule::new(
            self.call.name(),
            self.call.paging(),
            self.call.request().query_value("per_page"),
        );
        rule.wall = self.wall;
        rule
    }

    /// The call as the caller made it, its page included.
    pub(super) fn into_asked_call(self) -> Call {
        self.call
    }

    /// The page that the caller asked for.
    pub(super) async fn fetch_as_asked<T: DeserializeOwned + Send + 'static>(
        self,
    ) -> Result<Page<T>, Error> {
        self.read(self.call.clone()).await
    }

    /// The page that comes.
    pub(super) async fn fetch<T: DeserializeOwned + Send + 'static>(
        &self,
    ) -> Result<Page<T>, Error> {
        self.read(self.next.apply(self.call.clone())).await
    }

    async fn read<T: DeserializeOwned + Send + 'static>(
        &self,
        call: Call,
    ) -> Result<Page<T>, Error> {
        if !self.columns.rest.is_empty() {
            let rest = ExtraColumns::new(&self.columns, &self.call, self.index > 0);
            return columns::page(call, &rest).await;
        }
        let ResponseShape::List(key) = call.response() else {
            return Err(check::no_request("the operation returns no list"));
        };
        // nothing was changed since then; of a promised page that would be no answer
        let may_be_unchanged = self.index == 0 && call.request().has_header(MODIFIED_SINCE);
        let reply = call.send().await?;
        match may_be_unchanged && reply.status() == StatusCode::NOT_MODIFIED {
            true => Ok(Page::empty()),
            false => reply.page(key),
        }
    }
}
