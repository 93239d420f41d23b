//! The measured work, done with zcrm as in an application.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use http::StatusCode;
use zcrm::{
    Client, Environment, Record,
    coql::Query,
    http::{Clock, TokioClock},
    operations,
    records::field,
    request::{CallMeta, List, Page, Reply, Request},
    stores::{MemoryStore, StoredToken, TokenKey, TokenStore as _},
};
use zcrm_http::Authorizer;

use crate::{
    BoxError,
    child::ServerAddress,
    data::{self, Brief, Lead, NewLead},
};

const USER: &str = "patricia@example.com";
const CLIENT: &str = "1000.BENCH";

/// Returns a client with a valid token, as after the first call of the hour.
///
/// # Errors
/// Returns an error if the certificate cannot be read.
pub async fn client(place: &ServerAddress) -> Result<Client, BoxError> {
    let store = MemoryStore::new();
    let end = TokioClock::new().now() + Duration::from_secs(3600);
    let token = StoredToken::new(crate::baseline::TOKEN, end).with_refresh("1000.refresh");
    store.save(&TokenKey::new(USER, CLIENT, Environment::Production), &token).await?;
    let client = Client::builder()
        .client_id(CLIENT)
        .client_secret("secret")
        .redirect_uri("https://example.com")
        .user(USER)
        .api_base_url(&place.origin)
        .root_pem(place.pem.clone())
        .store(store)
        .build()?;
    client.tokens().authorize().await?;
    Ok(client)
}

/// Reads one small record.
///
/// # Errors
/// Returns the error of the call.
pub async fn get(client: &Client) -> Result<Brief, BoxError> {
    Ok(client.records_of::<Brief>().get(data::ID).send().await?)
}

/// Reads one page; `slow` asks the server for a delayed answer.
///
/// # Errors
/// Returns the error of the call.
pub async fn page(client: &Client, number: u64, slow: bool) -> Result<usize, BoxError> {
    let mut list = client.records_of::<Lead>().list().page(number);
    if slow {
        list = list.param_unchecked("slow", "true");
    }
    let page = list.send().await?;
    Ok(page.items.into_iter().filter(Result::is_ok).count())
}

/// Streams `pages` pages of a query, each after the last id of the previous one.
///
/// # Errors
/// Returns the error of a call.
pub async fn query(client: &Client, pages: usize) -> Result<usize, BoxError> {
    let rows = (data::ROWS * pages) as u64;
    let mut stream = client.records_of::<Lead>().query().limit(rows).stream();
    let mut read = 0;
    while let Some(lead) = stream.next().await {
        read += usize::from(!lead?.id.is_empty());
    }
    Ok(read)
}

/// Builds a query, and returns its text.
///
/// # Errors
/// Never fails with this data.
pub fn query_text(client: &Client) -> Result<String, BoxError> {
    Ok(built_query(client).to_coql()?)
}

/// Builds a query, and its request.
///
/// # Errors
/// Never fails with this data.
pub fn query_request(client: &Client) -> Result<usize, BoxError> {
    Ok(built_query(client).preview()?.into_body().len())
}

fn built_query(client: &Client) -> Request<List<Record, Query>> {
    let rich = field("Annual_Revenue").gt(10_000).or(field("City").is_in(["Chennai", "Pune"]));
    let query = client.records("Leads").query();
    query
        .select(["Last_Name", "Email", "Account_Name.Industry"])
        .filter(field("Lead_Status").eq("O'Brien").and(rich))
        .order_by_desc("Last_Name")
}

/// Writes all `leads`, and returns how many of them received an id.
///
/// # Errors
/// Returns the error of the call.
pub async fn create(client: &Client, leads: &[NewLead]) -> Result<usize, BoxError> {
    let results = client.records_of::<Lead>().create_many(leads).send().await?;
    Ok(results.ids().filter(|id| !id.as_str().is_empty()).count())
}

/// Returns an answer that contains a page.
///
/// # Errors
/// Never fails with this data.
pub fn answer(body: Bytes) -> Result<Reply, BoxError> {
    let request =
        operations::RECORDS_LIST.request(zcrm::ApiVersion::V8).path("module", "Leads").build()?;
    let call = request.extensions().get::<CallMeta>().cloned().ok_or("no call")?;
    Ok(Reply::new(StatusCode::OK, body, call))
}

/// Decodes the records of a page into structs.
///
/// # Errors
/// Returns an error if the body is not a page.
pub fn typed(answer: &Reply) -> Result<Page<Lead>, BoxError> {
    Ok(answer.page("data")?)
}

/// Decodes the records of a page as `Record`s.
///
/// # Errors
/// Returns an error if the body is not a page.
pub fn dynamic(answer: &Reply) -> Result<Page<Record>, BoxError> {
    Ok(answer.page("data")?)
}

/// Returns the authorizer of a client, as the HTTP stack uses it.
#[must_use]
pub fn authorizer(client: &Client) -> Arc<dyn Authorizer> {
    Arc::new(client.tokens().clone())
}
