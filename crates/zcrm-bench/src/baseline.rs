//! The baseline: the same work with only hyper-util's client, hyper-rustls and serde_json. It has
//! no retries, limits, deadlines, token refresh or helpful errors.

use std::{collections::BTreeMap, hint::black_box, sync::Arc, time::Duration};

use bytes::Bytes;
use http::{
    HeaderValue, Request, StatusCode,
    header::{AUTHORIZATION, CONTENT_TYPE},
};
use http_body_util::{BodyExt as _, Full};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use rustls::{ClientConfig, RootCertStore, crypto::ring};
use rustls_pki_types::{CertificateDer, pem::PemObject as _};
use serde::de::DeserializeOwned;
use zcrm::Module as _;

use crate::{
    BoxError,
    child::ServerAddress,
    data::{self, Brief, Data, Lead, List, NewLead, QueryRows, WrittenBody},
};

/// An access token with the length of Zoho's tokens.
pub const TOKEN: &str = "1000.8cb99dxxxxxxxxxxxxx9be93.9b8xxxxxxxxxxxxxxxf6e3a8f1";

/// A client with pooled connections to one server.
#[derive(Clone, Debug)]
pub struct Baseline {
    client: Client<HttpsConnector<HttpConnector>, Full<Bytes>>,
    origin: String,
    authorization: HeaderValue,
    fields: String,
}

/// Returns the TLS configuration, which is the same as zcrm's: Mozilla's roots and the server's
/// certificate.
///
/// # Errors
/// Returns an error if the certificate cannot be read.
pub fn tls(place: &ServerAddress) -> Result<ClientConfig, BoxError> {
    let mut roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
    roots.add(CertificateDer::from_pem_slice(place.pem.as_bytes())?)?;
    Ok(ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth())
}

impl Baseline {
    /// Creates the client.
    ///
    /// # Errors
    /// Returns an error if the certificate cannot be read.
    pub fn new(place: &ServerAddress) -> Result<Self, BoxError> {
        let mut tcp = HttpConnector::new();
        tcp.enforce_http(false);
        tcp.set_nodelay(true);
        let https = HttpsConnectorBuilder::new()
            .with_tls_config(tls(place)?)
            .https_only()
            .enable_http1()
            .enable_http2()
            .wrap_connector(tcp);
        Ok(Self {
            client: Client::builder(TokioExecutor::new()).build(https),
            origin: place.origin.clone(),
            authorization: HeaderValue::try_from(format!("Zoho-oauthtoken {TOKEN}"))?,
            fields: Lead::FIELDS.join("%2C"),
        })
    }

    async fn send<T: DeserializeOwned>(
        &self,
        request: Request<Full<Bytes>>,
    ) -> Result<T, BoxError> {
        let response = self.client.request(request).await?;
        if response.status() != StatusCode::OK {
            return Err(format!("the server answered {}", response.status()).into());
        }
        let body = response.into_body().collect().await?.to_bytes();
        Ok(serde_json::from_slice(&body)?)
    }

    /// Reads one small record.
    ///
    /// # Errors
    /// Returns the error of the call.
    pub async fn get(&self) -> Result<Brief, BoxError> {
        let request = Request::get(format!("{}/crm/v8/Contacts/{}", self.origin, data::ID))
            .header(AUTHORIZATION, self.authorization.clone())
            .body(Full::default())?;
        let mut found: Data<Vec<Brief>> = self.send(request).await?;
        Ok(found.data.swap_remove(0))
    }

    /// Like [`get`](Self::get), with a time limit of a minute, which programs need if the server
    /// may hang.
    ///
    /// # Errors
    /// Returns the error of the call, or an error if the time limit is exceeded.
    #[expect(clippy::disallowed_methods, reason = "as a program without an injected clock does it")]
    pub async fn get_in_time(&self) -> Result<Brief, BoxError> {
        tokio::time::timeout(Duration::from_secs(60), self.get()).await?
    }

    /// Reads one page; `slow` asks the server for a delayed answer.
    ///
    /// # Errors
    /// Returns the error of the call.
    pub async fn page(&self, number: u64, slow: bool) -> Result<usize, BoxError> {
        let Self { origin, fields, .. } = self;
        let slow = if slow { "&slow=true" } else { "" };
        let uri = format!("{origin}/crm/v8/Leads?page={number}{slow}&fields={fields}");
        let request = Request::get(uri)
            .header(AUTHORIZATION, self.authorization.clone())
            .body(Full::default())?;
        let list: List<Lead> = self.send(request).await?;
        Ok(list.data.len())
    }

    /// Reads `pages` pages of a query, each after the last id of the previous one.
    ///
    /// # Errors
    /// Returns the error of a call.
    pub async fn query(&self, pages: usize) -> Result<usize, BoxError> {
        let columns = Lead::FIELDS.join(", ");
        let mut last = String::new();
        let mut read = 0;
        for page in 0..pages {
            let condition = match page {
                0 => "id is not null".to_owned(),
                _ => format!("id > '{last}'"),
            };
            let rows = data::ROWS;
            let query = format!(
                "select {columns} from Leads where {condition} order by id asc limit {rows}"
            );
            let body = serde_json::to_vec(&BTreeMap::from([("select_query", query)]))?;
            let request = Request::post(format!("{}/crm/v8/coql", self.origin))
                .header(AUTHORIZATION, self.authorization.clone())
                .header(CONTENT_TYPE, "application/json")
                .body(Full::new(body.into()))?;
            let page: QueryRows<Lead> = self.send(request).await?;
            read += page.data.iter().filter(|lead| !lead.id.is_empty()).count();
            last = page.data.last().map(|lead| lead.id.clone()).unwrap_or_default();
        }
        Ok(read)
    }

    /// Writes the text of the query that [`sdk::query_text`](crate::sdk::query_text) builds.
    #[must_use]
    pub fn query_text() -> String {
        let [name, email, industry] =
            ["Last_Name", "Email", "Account_Name.Industry"].map(black_box);
        let [status, revenue, city] = ["Lead_Status", "Annual_Revenue", "City"].map(black_box);
        let [value, first, second] =
            ["O'Brien", "Chennai", "Pune"].map(|text| black_box(text).replace('\'', "''"));
        let (module, least, rows) = black_box(("Leads", 10_000, 200));
        format!(
            "select {name}, {email}, {industry} from {module} where ({status} = '{value}' and \
             ({revenue} > {least} or {city} in ('{first}', '{second}'))) order by {name} desc, id asc \
             limit {rows}"
        )
    }

    /// Writes all `leads`, and returns how many of them received an id.
    ///
    /// # Errors
    /// Returns the error of the call.
    pub async fn create(&self, leads: &[NewLead]) -> Result<usize, BoxError> {
        let mut request = encode(&self.origin, leads)?.map(Full::new);
        request.headers_mut().insert(AUTHORIZATION, self.authorization.clone());
        let written: Data<Vec<WrittenBody>> = self.send(request).await?;
        let has_id = |one: &&WrittenBody| one.status == "success" && !one.details.id.is_empty();
        Ok(written.data.iter().filter(has_id).count())
    }

    /// Uploads a file.
    ///
    /// # Errors
    /// Returns the error of the call.
    pub async fn upload(&self, file: Vec<u8>) -> Result<(), BoxError> {
        let request = Request::post(format!("{}/crm/v8/upload", self.origin))
            .header(AUTHORIZATION, self.authorization.clone())
            .header(CONTENT_TYPE, "application/zip")
            .body(Full::new(file.into()))?;
        let _: Data<Vec<WrittenBody>> = self.send(request).await?;
        Ok(())
    }

    /// Returns the `authorization` header of every request.
    #[must_use]
    pub fn authorization(&self) -> &HeaderValue {
        &self.authorization
    }
}

/// Builds the request of a write.
fn encode(origin: &str, leads: &[NewLead]) -> Result<Request<Bytes>, BoxError> {
    Ok(Request::post(format!("{origin}/crm/v8/Leads"))
        .header(CONTENT_TYPE, "application/json")
        .body(serde_json::to_vec(&Data { data: leads })?.into())?)
}

/// Decodes the records of a page into structs.
///
/// # Errors
/// Returns an error if the body is not a page.
pub fn typed(body: &[u8]) -> Result<List<Lead>, BoxError> {
    Ok(serde_json::from_slice(body)?)
}
