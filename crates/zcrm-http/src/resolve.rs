//! Resolution of host names.

use std::{
    fmt,
    net::{IpAddr, SocketAddr},
    sync::Arc,
    task,
};

use async_trait::async_trait;
use hyper_util::client::legacy::connect::dns::{GaiResolver, Name};
use tower::Service;
use zcrm_core::{BoxError, Error, escaped};

use crate::BoxFuture;

/// A custom resolver of host names, used instead of the system's.
///
/// All addresses are tried, sharing the connect timeout. IPv6 addresses come first; after 0.3 s
/// without a connection, IPv4 addresses are tried in parallel. Within each family, one address is
/// tried after another.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use std::net::IpAddr;
/// use zcrm_core::{ApiVersion, Operation};
/// use zcrm_http::{BoxError, Connector, ReqBody, Resolve, Stack, send};
///
/// #[derive(Debug)]
/// struct Hosts;
///
/// #[async_trait::async_trait]
/// impl Resolve for Hosts {
///     async fn resolve(&self, host: &str) -> Result<Vec<IpAddr>, BoxError> {
///         match host {
///             "localhost" => Ok(vec!["127.0.0.1".parse()?]),
///             other => Err(format!("unknown host `{other}`").into()),
///         }
///     }
/// }
///
/// let sim = zcrm_sim::Simulator::start().await?;
/// let connector = Connector::builder().root_pem(sim.ca_pem()).resolver(Hosts).build()?;
/// let transport = Stack::new(connector).build();
///
/// const LEADS: Operation = Operation::get("/Leads").id("leads.list");
/// let call = |url: String| {
///     let mut request = LEADS.request(ApiVersion::V8).build()?.map(ReqBody::from);
///     *request.uri_mut() = format!("{url}/crm/v8/Leads").parse()?;
///     Ok::<_, Box<dyn std::error::Error>>(send(&transport, request))
/// };
/// call(sim.api_url().replace("127.0.0.1", "localhost"))?.await?;
/// assert_eq!(sim.journal().requests(), 1);
/// let error = call("https://crm.zylker.example".to_owned())?.await.unwrap_err();
/// assert_eq!(error.kind(), zcrm_core::ErrorKind::Connect);
/// # Ok(())
/// # }
/// ```
#[async_trait]
pub trait Resolve: Send + Sync + fmt::Debug {
    /// Returns the addresses of `host`.
    ///
    /// # Errors
    /// Returns any error that prevents an address from being found. The call then fails with an
    /// error of kind [`Connect`](zcrm_core::ErrorKind::Connect) with this error as its source.
    async fn resolve(&self, host: &str) -> Result<Vec<IpAddr>, BoxError>;
}

/// The system's resolver, or a custom one.
#[derive(Clone, Debug, Default)]
pub(crate) struct Resolver {
    custom: Option<Arc<dyn Resolve>>,
    /// Whether only loopback addresses are returned.
    loopback_only: bool,
}

impl Resolver {
    pub(crate) fn custom(resolver: Arc<dyn Resolve>) -> Self {
        Self { custom: Some(resolver), loopback_only: false }
    }

    /// Returns this resolver for connections without encryption: it returns only loopback
    /// addresses, and fails if a host has none.
    pub(crate) fn loopback_only(&self) -> Self {
        Self { custom: self.custom.clone(), loopback_only: true }
    }
}

impl Service<Name> for Resolver {
    type Response = std::vec::IntoIter<SocketAddr>;
    type Error = BoxError;
    type Future = BoxFuture<Result<Self::Response, BoxError>>;

    fn poll_ready(&mut self, _: &mut task::Context<'_>) -> task::Poll<Result<(), BoxError>> {
        task::Poll::Ready(Ok(()))
    }

    fn call(&mut self, name: Name) -> Self::Future {
        let Self { custom, loopback_only } = self.clone();
        Box::pin(async move {
            let mut found: Vec<SocketAddr> = match custom {
                // the connector sets the port
                Some(custom) => {
                    let found = custom.resolve(name.as_str()).await?;
                    found.into_iter().map(|address| SocketAddr::new(address, 0)).collect()
                }
                None => GaiResolver::new().call(name.clone()).await?.collect(),
            };
            if loopback_only {
                let other = found.first().map(SocketAddr::ip);
                found.retain(|address| is_loopback(address.ip()));
                if let (true, Some(other)) = (found.is_empty(), other) {
                    return Err(not_loopback(name.as_str(), other).into());
                }
            }
            Ok(found.into_iter())
        })
    }
}

/// Returns `true` for a loopback address, including one in IPv6-mapped form.
pub(crate) fn is_loopback(address: IpAddr) -> bool {
    address.to_canonical().is_loopback()
}

/// Returns the error of a connection without encryption to another machine.
pub(crate) fn not_loopback(host: &str, address: IpAddr) -> Error {
    Error::config(format!(
        "`{}` resolves to {address} on another machine, but plain http is allowed to loopback \
         addresses only: use https, or correct the address of the name",
        escaped(host)
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug)]
    struct Fixed(&'static [&'static str]);

    #[async_trait]
    impl Resolve for Fixed {
        async fn resolve(&self, _: &str) -> Result<Vec<IpAddr>, BoxError> {
            self.0.iter().map(|address| Ok(address.parse()?)).collect()
        }
    }

    async fn found(
        resolver: &Resolver,
        addresses: &'static [&'static str],
    ) -> Result<Vec<String>, BoxError> {
        let custom: Option<Arc<dyn Resolve>> = Some(Arc::new(Fixed(addresses)));
        let mut resolver = Resolver { custom, ..resolver.clone() };
        let found = resolver.call("localhost".parse()?).await?;
        Ok(found.map(|address| address.ip().to_string()).collect())
    }

    #[tokio::test]
    async fn returns_only_loopback_addresses_if_configured() {
        let every = Resolver::custom(Arc::new(Fixed(&[])));
        let local = every.loopback_only();
        let mixed = &["192.0.2.7", "127.0.0.9", "::ffff:192.0.2.7", "::ffff:127.0.0.1", "::1"];
        assert_eq!(found(&every, mixed).await.unwrap(), mixed);
        let kept = ["127.0.0.9", "::ffff:127.0.0.1", "::1"];
        assert_eq!(found(&local, mixed).await.unwrap(), kept);
        let error = found(&local, &["192.0.2.7", "0.0.0.0"]).await.unwrap_err();
        assert!(error.to_string().contains("192.0.2.7"), "{error}");
        assert!(found(&local, &[]).await.unwrap().is_empty());
    }
}
