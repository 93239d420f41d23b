//! A small HTTP client that trusts the simulator, with only the features that the tests need.

use std::sync::Arc;

use http_body_util::{BodyExt, Full};
use hyper::body::Bytes;
use hyper::{HeaderMap, Method, Request};
use hyper_rustls::HttpsConnectorBuilder;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use serde_json::Value;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::CertificateDer;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::{ClientConfig, RootCertStore};
use zcrm_sim::Simulator;

type Https = hyper_rustls::HttpsConnector<HttpConnector>;
pub(crate) type Failure = Box<dyn std::error::Error + Send + Sync>;

/// An answer with its complete body.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Reply {
    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }

    /// Returns the decoded parameters of the redirect.
    pub(crate) fn redirect(&self) -> Vec<(String, String)> {
        let location = self.headers["location"].to_str().unwrap();
        let (_, query) = location.split_once('?').unwrap();
        let decode = |text: &str| {
            percent_encoding::percent_decode_str(text).decode_utf8().unwrap().into_owned()
        };
        query
            .split('&')
            .map(|pair| pair.split_once('=').unwrap())
            .map(|(name, value)| (decode(name), decode(value)))
            .collect()
    }

    pub(crate) fn redirected(&self, name: &str) -> Option<String> {
        self.redirect().into_iter().find(|(key, _)| key == name).map(|(_, value)| value)
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    /// Returns the error code of the entire call.
    pub(crate) fn code(&self) -> String {
        self.json()["code"].as_str().unwrap_or_default().to_owned()
    }

    /// Returns the rows of the answer, under any key, or within an object.
    pub(crate) fn rows(&self) -> Vec<Value> {
        let json = self.json();
        let list = |value: &Value| value.as_object()?.values().find_map(Value::as_array).cloned();
        let within = || json.as_object()?.values().find_map(list);
        list(&json).or_else(within).unwrap()
    }

    /// Returns the code of each row of a write.
    pub(crate) fn codes(&self) -> Vec<String> {
        self.rows().iter().map(|row| row["code"].as_str().unwrap().to_owned()).collect()
    }

    /// Returns the id of the record written by the n-th row.
    pub(crate) fn id(&self, row: usize) -> String {
        self.rows()[row]["details"]["id"].as_str().unwrap().to_owned()
    }
}

/// A client of one simulator; it has an access token once it has logged in.
#[derive(Clone)]
pub(crate) struct Http {
    pub(crate) sim: Simulator,
    client: Client<Https, Full<Bytes>>,
    pub(crate) token: String,
}

impl Http {
    pub(crate) fn new(sim: &Simulator) -> Self {
        Self::build(sim, sim.ca_pem(), true)
    }

    /// Creates a client that speaks HTTP/1.1 and opens a connection for each call.
    pub(crate) fn http1(sim: &Simulator) -> Self {
        Self::build(sim, sim.ca_pem(), false)
    }

    /// Creates a client that trusts other authorities and calls any URL.
    pub(crate) fn trusting(sim: &Simulator, authorities: &str) -> Self {
        Self::build(sim, authorities, true)
    }

    fn build(sim: &Simulator, authorities: &str, http2: bool) -> Self {
        let mut roots = RootCertStore::empty();
        for cert in CertificateDer::pem_slice_iter(authorities.as_bytes()) {
            roots.add(cert.unwrap()).unwrap();
        }
        let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        let mut tcp = HttpConnector::new();
        tcp.enforce_http(false);
        tcp.set_nodelay(true);
        let builder = HttpsConnectorBuilder::new().with_tls_config(config).https_or_http();
        let https = if http2 {
            builder.enable_all_versions().wrap_connector(tcp)
        } else {
            builder.enable_http1().wrap_connector(tcp)
        };
        let mut pool = Client::builder(TokioExecutor::new());
        if !http2 {
            pool.pool_max_idle_per_host(0);
        }
        Self { sim: sim.clone(), client: pool.build(https), token: String::new() }
    }

    /// Creates a client with an access token for only these scopes.
    pub(crate) async fn limited(sim: &Simulator, scopes: &[&str]) -> Self {
        let mut http = Self::new(sim);
        http.token = access_token(&http.exchange(&sim.grant_token_for(scopes)).await);
        http
    }

    /// Creates a client with an access token for all usual scopes.
    pub(crate) async fn logged_in(sim: &Simulator) -> Self {
        let mut http = Self::new(sim);
        http.token = access_token(&http.exchange(&sim.grant_token()).await);
        http
    }

    pub(crate) async fn send(
        &self,
        method: Method,
        url: &str,
        headers: &[(&str, &str)],
        body: impl Into<Bytes>,
    ) -> Result<Reply, Failure> {
        let mut request = Request::builder().method(method).uri(url);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let response = self.client.request(request.body(Full::new(body.into()))?).await?;
        let (parts, body) = response.into_parts();
        let body = body.collect().await?.to_bytes();
        Ok(Reply { status: parts.status.as_u16(), headers: parts.headers, body })
    }

    /// Sends a token request with the correct client.
    pub(crate) async fn token_call(&self, form: &str) -> Reply {
        let (id, secret) = (self.sim.client_id(), self.sim.client_secret());
        self.form("token", &format!("client_id={id}&client_secret={secret}&{form}")).await
    }

    pub(crate) async fn form(&self, path: &str, form: &str) -> Reply {
        let url = format!("{}/oauth/v2/{path}", self.sim.accounts_url());
        let kind = [("content-type", "application/x-www-form-urlencoded")];
        self.send(Method::POST, &url, &kind, form.to_owned()).await.unwrap()
    }

    /// Gets a page of the accounts server, as a browser does.
    pub(crate) async fn page(&self, path: &str) -> Reply {
        let url = format!("{}{path}", self.sim.accounts_url());
        self.send(Method::GET, &url, &[], "").await.unwrap()
    }

    /// Submits a page's form with its hidden fields, as a browser does.
    pub(crate) async fn submit(&self, path: &str, page: &Reply, fields: &str) -> Reply {
        let origin = self.sim.accounts_url();
        self.submit_from(&origin, path, page, fields).await
    }

    pub(crate) async fn submit_from(
        &self,
        origin: &str,
        path: &str,
        page: &Reply,
        fields: &str,
    ) -> Reply {
        let text = String::from_utf8(page.body.to_vec()).unwrap();
        let value = |tag: &str, name: &str| {
            let (_, rest) = tag.split_once(&format!("{name}=\"")).unwrap();
            rest.split_once('"').unwrap().0.to_owned()
        };
        let hidden: String = text
            .split("<input type=\"hidden\" ")
            .skip(1)
            .map(|tag| format!("{}={}&", value(tag, "name"), value(tag, "value")))
            .collect();
        let url = format!("{}{path}", self.sim.accounts_url());
        let headers = [("origin", origin), ("content-type", "application/x-www-form-urlencoded")];
        self.send(Method::POST, &url, &headers, format!("{hidden}{fields}")).await.unwrap()
    }

    pub(crate) async fn exchange(&self, grant: &str) -> Reply {
        self.token_call(&format!("grant_type=authorization_code&code={grant}")).await
    }

    pub(crate) async fn refresh(&self, token: &str) -> Reply {
        self.token_call(&format!("grant_type=refresh_token&refresh_token={token}")).await
    }

    /// Calls the production API with the token.
    pub(crate) async fn try_call(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: &Value,
    ) -> Result<Reply, Failure> {
        let authorization = format!("Zoho-oauthtoken {}", self.token);
        let mut all = vec![("authorization", authorization.as_str())];
        all.extend_from_slice(headers);
        let body = if body.is_null() { String::new() } else { body.to_string() };
        self.send(method, &format!("{}{path}", self.sim.api_url()), &all, body).await
    }

    /// Sends a request without a body, with the token, to a whole address.
    pub(crate) async fn call_url(&self, method: Method, url: &str) -> Reply {
        let authorization = format!("Zoho-oauthtoken {}", self.token);
        self.send(method, url, &[("authorization", authorization.as_str())], "").await.unwrap()
    }

    pub(crate) async fn call(&self, method: Method, path: &str, body: &Value) -> Reply {
        self.try_call(method, path, &[], body).await.unwrap()
    }

    /// Sends files as a form, given as names and contents.
    pub(crate) async fn upload(&self, path: &str, files: &[(&str, &[u8])]) -> Reply {
        let mut body = Vec::new();
        for (name, content) in files {
            let head = format!(
                "--frontier\r\ncontent-disposition: form-data; name=\"file\"; \
                 filename=\"{name}\"\r\n\r\n"
            );
            body.extend_from_slice(head.as_bytes());
            body.extend_from_slice(content);
            body.extend_from_slice(b"\r\n");
        }
        body.extend_from_slice(b"--frontier--\r\n");
        let authorization = format!("Zoho-oauthtoken {}", self.token);
        let headers = [
            ("authorization", authorization.as_str()),
            ("content-type", "multipart/form-data; boundary=frontier"),
        ];
        let url = format!("{}{path}", self.sim.api_url());
        self.send(Method::POST, &url, &headers, body).await.unwrap()
    }

    /// Calls the production API with a header.
    pub(crate) async fn with(
        &self,
        method: Method,
        path: &str,
        header: (&str, &str),
        body: &Value,
    ) -> Reply {
        self.try_call(method, path, &[header], body).await.unwrap()
    }

    pub(crate) async fn get(&self, path: &str) -> Reply {
        self.call(Method::GET, path, &Value::Null).await
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> Reply {
        self.call(Method::POST, path, body).await
    }

    pub(crate) async fn put(&self, path: &str, body: &Value) -> Reply {
        self.call(Method::PUT, path, body).await
    }

    pub(crate) async fn delete(&self, path: &str) -> Reply {
        self.call(Method::DELETE, path, &Value::Null).await
    }
}

pub(crate) fn access_token(reply: &Reply) -> String {
    reply.json()["access_token"].as_str().unwrap().to_owned()
}

pub(crate) fn refresh_token(reply: &Reply) -> String {
    reply.json()["refresh_token"].as_str().unwrap().to_owned()
}
