//! The client secret and its sources.

use std::{fmt, io, path::PathBuf, sync::Arc};

use async_trait::async_trait;
use zcrm_core::{
    BoxError, DataCenter, Error, ErrorKind, ExposeSecret, Origin, Outcome, SecretString, escaped,
};

/// The largest file that is read as a client secret.
const LARGEST: u64 = 64 * 1024;

/// A source of the client secret, such as a vault.
///
/// It is called once for each accounts server, and again when that server refuses the secret. If it
/// then returns another secret, the call is repeated with that. So a secret can be rotated while
/// the program runs.
///
/// ```
/// use zcrm_core::{BoxError, Origin, SecretString};
/// use zcrm_oauth::{ClientSecret, CredentialsProvider};
///
/// #[derive(Debug)]
/// struct Vault;
///
/// #[async_trait::async_trait]
/// impl CredentialsProvider for Vault {
///     async fn client_secret(&self, server: &Origin) -> Result<SecretString, BoxError> {
///         Ok(format!("the secret for {server}").into())
///     }
/// }
/// let secret = ClientSecret::provider(Vault);
/// # let _ = secret;
/// ```
#[async_trait]
pub trait CredentialsProvider: Send + Sync + fmt::Debug {
    /// Returns the secret for `server`. A client may have different secrets in different data
    /// centres.
    ///
    /// # Errors
    /// Returns any error that prevents a secret. The token call then fails without being sent.
    async fn client_secret(&self, server: &Origin) -> Result<SecretString, BoxError>;
}

/// A client secret: a value, a file or a [`CredentialsProvider`].
///
/// ```
/// use zcrm_core::DataCenter;
/// use zcrm_oauth::ClientSecret;
///
/// let secret = ClientSecret::from("secret").at(DataCenter::EU, ClientSecret::file("/run/eu"));
/// assert!(!format!("{secret:?}").contains("secret\""));
/// ```
#[derive(Clone)]
pub struct ClientSecret {
    source: SecretSource,
    at: Vec<(DataCenter, SecretSource)>,
}

#[derive(Clone)]
enum SecretSource {
    Value(SecretString),
    File(PathBuf),
    Provider(Arc<dyn CredentialsProvider>),
}

impl ClientSecret {
    /// Creates a secret that is read from a file, without the white space around it.
    ///
    /// The file is read when the secret is first needed, and again when the accounts server refuses
    /// the secret.
    #[must_use]
    pub fn file(path: impl Into<PathBuf>) -> Self {
        Self { source: SecretSource::File(path.into()), at: Vec::new() }
    }

    /// Creates a secret that a provider returns.
    #[must_use]
    pub fn provider(provider: impl CredentialsProvider + 'static) -> Self {
        Self { source: SecretSource::Provider(Arc::new(provider)), at: Vec::new() }
    }

    /// Sets another secret for the accounts server of one data centre.
    ///
    /// Zoho's console shows one secret for each data centre, unless the client uses the same one in
    /// all.
    #[must_use]
    pub fn at(mut self, data_center: DataCenter, secret: impl Into<Self>) -> Self {
        self.at.retain(|(other, _)| *other != data_center);
        self.at.push((data_center, secret.into().source));
        self
    }

    /// Returns `true` if a secret is an empty value.
    pub(super) fn is_blank(&self) -> bool {
        let blank = |source: &SecretSource| match source {
            SecretSource::Value(value) => value.expose_secret().trim().is_empty(),
            SecretSource::File(_) | SecretSource::Provider(_) => false,
        };
        blank(&self.source) || self.at.iter().any(|(_, source)| blank(source))
    }

    /// Fetches the secret for a server.
    pub(super) async fn fetch(&self, server: &Origin) -> Result<SecretString, Error> {
        let own = DataCenter::of_accounts_origin(server)
            .and_then(|data_center| self.at.iter().find(|(at, _)| *at == data_center));
        let secret = match own.map_or(&self.source, |(_, source)| source) {
            SecretSource::Value(value) => return Ok(value.clone()),
            SecretSource::File(path) => read(path.clone()).await?,
            SecretSource::Provider(provider) => {
                provider.client_secret(server).await.map_err(|error| {
                    let message = "the credentials provider returned no client secret";
                    Error::new(ErrorKind::Other, Outcome::NotSent, message).with_boxed_source(error)
                })?
            }
        };
        if secret.expose_secret().is_empty() {
            return Err(Error::config(
                "the file or provider of `client_secret` returned an empty one",
            ));
        }
        Ok(secret)
    }
}

async fn read(path: PathBuf) -> Result<SecretString, Error> {
    let shown = escaped(&path.to_string_lossy()).to_string();
    let reading = tokio::task::spawn_blocking(move || {
        let bytes = zcrm_http::read_file(path, LARGEST)?;
        String::from_utf8(bytes).map_err(|_| io::Error::other("the content is not UTF-8"))
    });
    let text = match reading.await {
        Ok(Ok(text)) => SecretString::from(text),
        Ok(Err(error)) => {
            return Err(Error::config(format!(
                "the file `{shown}` with the client secret cannot be read: {error}"
            )));
        }
        Err(error) => {
            let message = "the task that reads the client secret ended early";
            return Err(Error::new(ErrorKind::Other, Outcome::NotSent, message).with_source(error));
        }
    };
    Ok(text.expose_secret().trim().into())
}

impl From<SecretString> for ClientSecret {
    fn from(value: SecretString) -> Self {
        Self { source: SecretSource::Value(value), at: Vec::new() }
    }
}

impl From<String> for ClientSecret {
    fn from(value: String) -> Self {
        SecretString::from(value).into()
    }
}

impl From<&str> for ClientSecret {
    fn from(value: &str) -> Self {
        SecretString::from(value).into()
    }
}

/// Shows the kind of source, and no secret.
impl fmt::Debug for ClientSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let named = |source: &SecretSource| match source {
            SecretSource::Value(_) => "[redacted]".to_owned(),
            SecretSource::File(path) => format!("file {}", path.display()),
            SecretSource::Provider(_) => "provider".to_owned(),
        };
        let at: Vec<_> = self.at.iter().map(|(at, source)| (at, named(source))).collect();
        f.debug_struct("ClientSecret")
            .field("source", &named(&self.source))
            .field("at", &at)
            .finish()
    }
}
