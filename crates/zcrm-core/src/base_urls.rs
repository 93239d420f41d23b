//! The base URLs of the servers that a client uses.

use crate::{DataCenter, Environment, Error, ErrorKind, Origin, Outcome, escaped, escaped_url};

/// The base URLs that a client uses: those of a data centre and an environment, or of custom
/// servers.
///
/// A custom API server (one that is not Zoho's) is used for every token. Otherwise the data centre
/// is that of the token's `api_domain`, or else the configured one. The host is always that of the
/// configured environment, so a client of the sandbox never reaches production.
///
/// ```
/// use zcrm_core::{DataCenter, Environment, BaseUrls};
///
/// let base_urls = BaseUrls::new(DataCenter::US, Environment::Sandbox);
/// // the token belongs to an organisation in Europe
/// let origin = base_urls.api_origin(Some("https://www.zohoapis.eu"))?;
/// assert_eq!(origin.to_string(), "https://sandbox.zohoapis.eu");
/// # Ok::<(), zcrm_core::Error>(())
/// ```
#[doc(alias = "base url")]
#[doc(alias = "host")]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BaseUrls {
    data_center: DataCenter,
    environment: Environment,
    accounts: Option<Origin>,
    api: Option<Origin>,
    content: Option<Origin>,
    download: Option<Origin>,
    others: Vec<CustomLocation>,
}

/// A custom data centre, used in addition to the configured one.
#[derive(Clone, Debug, PartialEq, Eq)]
struct CustomLocation {
    location: String,
    accounts: Origin,
    api: Origin,
}

/// The API server of a token's organisation.
enum ApiBase {
    Zoho(DataCenter),
    Custom(Origin),
}

impl BaseUrls {
    /// Creates the base URLs of Zoho's servers for a data centre and an environment.
    #[must_use]
    pub fn new(data_center: DataCenter, environment: Environment) -> Self {
        Self {
            data_center,
            environment,
            accounts: None,
            api: None,
            content: None,
            download: None,
            others: Vec::new(),
        }
    }

    /// Sets the accounts server (`accounts_url`).
    #[must_use]
    pub fn with_accounts(mut self, origin: Origin) -> Self {
        if let Some(data_center) = DataCenter::of_accounts_origin(&origin) {
            self.data_center = data_center;
        }
        self.accounts = Some(origin);
        self
    }

    /// Sets the API server (`api_base_url`).
    #[must_use]
    pub fn with_api(mut self, origin: Origin) -> Self {
        self.api = Some(origin);
        self
    }

    /// Sets the server that takes uploads (`content_base_url`).
    #[must_use]
    pub fn with_content(mut self, origin: Origin) -> Self {
        self.content = Some(origin);
        self
    }

    /// Sets the server from which results are downloaded (`download_base_url`).
    #[must_use]
    pub fn with_download(mut self, origin: Origin) -> Self {
        self.download = Some(origin);
        self
    }

    /// Adds a custom data centre under the short name that redirects give it.
    ///
    /// Its users may log in through the configured accounts server. Their later calls go to the
    /// servers of this data centre.
    #[must_use]
    pub fn with_other(
        mut self,
        location: impl Into<String>,
        accounts: Origin,
        api: Origin,
    ) -> Self {
        self.others.push(CustomLocation { location: location.into(), accounts, api });
        self
    }

    /// Returns the configured environment.
    #[must_use]
    pub fn environment(&self) -> Environment {
        self.environment
    }

    /// Returns the configured data centre.
    #[must_use]
    pub fn data_center(&self) -> DataCenter {
        self.data_center
    }

    /// Returns the configured accounts server.
    #[must_use]
    pub fn accounts_origin(&self) -> Origin {
        self.accounts.clone().unwrap_or_else(|| self.data_center.accounts_origin())
    }

    /// Returns the accounts server of a stored token, which may receive its refresh token.
    ///
    /// This is the accounts server that is stored with the token; or else that of the data centre
    /// of its `api_domain`; or else the configured one. An `accounts_url` that is not Zoho's is
    /// used for every token.
    ///
    /// # Errors
    /// Returns an error of kind [`WrongDataCenter`](ErrorKind::WrongDataCenter) if the token names
    /// a server that is neither Zoho's nor configured. Such a server is never replaced by another
    /// one.
    pub fn accounts_of(
        &self,
        accounts_server: Option<&str>,
        api_domain: Option<&str>,
    ) -> Result<Origin, Error> {
        if let Some(named) = non_blank(accounts_server) {
            let origin = Origin::from_setting(named).ok();
            if let Some(other) = self.others.iter().find(|it| Some(&it.accounts) == origin.as_ref())
            {
                return Ok(other.accounts.clone());
            }
            if self.is_custom() {
                return Ok(self.accounts_origin());
            }
            return origin.filter(|origin| self.knows_accounts(origin)).ok_or_else(|| {
                mismatch(format!(
                    "the token belongs to the accounts server `{}`, which is neither Zoho's nor \
                     configured, so its refresh token was not sent: set `accounts_url` if the server \
                     is yours, or log in again",
                    escaped_url(named)
                ))
            });
        }
        let Some(named) = non_blank(api_domain) else { return Ok(self.accounts_origin()) };
        let origin = Origin::from_setting(named).ok();
        if let Some(other) = self.others.iter().find(|it| Some(&it.api) == origin.as_ref()) {
            return Ok(other.accounts.clone());
        }
        if self.is_custom() {
            return Ok(self.accounts_origin());
        }
        match origin.as_ref().and_then(DataCenter::of_api_origin) {
            Some((data_center, _)) => Ok(data_center.accounts_origin()),
            None if self.has_custom_api() => Ok(self.accounts_origin()),
            None => Err(unknown_api_domain(named)),
        }
    }

    /// Returns the accounts server of the data centre with this short name, such as `eu`.
    ///
    /// Custom data centres are searched first, then Zoho's, unless the configured accounts server
    /// is not Zoho's.
    ///
    /// # Errors
    /// Returns an error of kind [`WrongDataCenter`](ErrorKind::WrongDataCenter) if no such data
    /// centre is known.
    pub fn accounts_at(&self, location: &str) -> Result<Origin, Error> {
        if let Some(other) = self.others.iter().find(|other| other.location == location) {
            return Ok(other.accounts.clone());
        }
        let zohos = location.parse().ok().map(DataCenter::accounts_origin);
        zohos.filter(|_| !self.is_custom()).ok_or_else(|| {
            mismatch(format!(
                "unknown data centre `{}`: set its `accounts_url` and `api_base_url`",
                escaped(location)
            ))
        })
    }

    /// Returns the accounts server on which a login in the browser begins.
    ///
    /// This is the configured accounts server, or else accounts.zoho.com, which knows the users of
    /// all data centres except China. For China it is accounts.zoho.com.cn.
    #[must_use]
    pub fn login_origin(&self) -> Origin {
        let in_china = self.data_center == DataCenter::CN;
        let begins = if in_china { DataCenter::CN } else { DataCenter::US };
        self.accounts.clone().unwrap_or_else(|| begins.accounts_origin())
    }

    /// Returns the accounts server that a redirect or an answer named, if that server is trusted.
    ///
    /// It is trusted if its scheme, host and port are exactly those of one of Zoho's servers or of
    /// the configured one. If the configured server is not Zoho's, Zoho's servers are not trusted.
    ///
    /// # Errors
    /// Returns an error of kind [`WrongDataCenter`](ErrorKind::WrongDataCenter) if the server is
    /// not trusted. Nothing was sent to it.
    pub fn accounts_named(&self, named: &str) -> Result<Origin, Error> {
        let origin: Option<Origin> = named.parse().ok();
        origin.filter(|origin| self.knows_accounts(origin)).ok_or_else(|| {
            mismatch(format!(
                "the redirect or answer names an accounts server that is neither Zoho's nor the \
                 configured one ({}), so nothing was sent to it: set `accounts_url` if it is yours",
                self.accounts_origin()
            ))
        })
    }

    fn knows_accounts(&self, origin: &Origin) -> bool {
        let zohos = || !self.is_custom() && DataCenter::of_accounts_origin(origin).is_some();
        self.others.iter().any(|other| other.accounts == *origin)
            || self.accounts.as_ref() == Some(origin)
            || zohos()
    }

    /// Returns the API server for a token that came with this `api_domain`.
    ///
    /// `api_domain` is used only if it is exactly one of Zoho's API servers. An `api_base_url` that
    /// is not Zoho's is used for every token.
    ///
    /// # Errors
    /// Returns an error of kind [`WrongDataCenter`](ErrorKind::WrongDataCenter) if
    ///
    /// - the token names a server that is neither Zoho's nor configured,
    /// - the token names no server and `accounts_url` is not Zoho's,
    /// - the configured `api_base_url` is Zoho's server of another data centre than the token's,
    /// - the token belongs to a sandbox or developer edition other than the configured environment.
    ///
    /// Returns an error of kind [`Config`](ErrorKind::Config) if `api_base_url` is the server of a sandbox or
    /// developer edition other than the configured environment.
    pub fn api_origin(&self, api_domain: Option<&str>) -> Result<Origin, Error> {
        Ok(match self.api_base(api_domain)? {
            ApiBase::Zoho(data_center) => data_center.api_origin(self.environment),
            ApiBase::Custom(origin) => origin,
        })
    }

    /// Returns the server that takes uploads for such a token, if one is known: the configured one,
    /// or else that of the same data centre as [`api_origin`](Self::api_origin).
    ///
    /// # Errors
    /// Returns an error in the same cases as [`api_origin`](Self::api_origin).
    pub fn content_origin(&self, api_domain: Option<&str>) -> Result<Option<Origin>, Error> {
        let base = self.api_base(api_domain)?;
        Ok(self.content.clone().or_else(|| match base {
            ApiBase::Zoho(data_center) => data_center.content_origin(),
            ApiBase::Custom(_) => None,
        }))
    }

    /// Returns the servers besides the API server from which the results of bulk writes may be
    /// downloaded with a token: the configured one first, then those of the token's data centre.
    ///
    /// A token is sent to no other server, even if an answer names one.
    ///
    /// # Errors
    /// Returns the errors of [`api_origin`](Self::api_origin).
    pub fn download_origins(&self, api_domain: Option<&str>) -> Result<Vec<Origin>, Error> {
        let known = match self.api_base(api_domain)? {
            ApiBase::Zoho(data_center) => data_center.download_origins(),
            ApiBase::Custom(_) => Vec::new(),
        };
        Ok(self.download.clone().into_iter().chain(known).collect())
    }

    /// Returns the `api_domain` of a token: the one in the answer that issued it, or else that of
    /// the data centre of the accounts server that issued it.
    ///
    /// Returns `None` if neither is known. The configuration then decides.
    ///
    /// ```
    /// use zcrm_core::{DataCenter, Environment, BaseUrls};
    ///
    /// let base_urls = BaseUrls::new(DataCenter::US, Environment::Production);
    /// let domain = base_urls.api_domain_of(None, Some("https://accounts.zoho.eu"))?;
    /// assert_eq!(domain.as_deref(), Some("https://www.zohoapis.eu"));
    /// # Ok::<(), zcrm_core::Error>(())
    /// ```
    ///
    /// # Errors
    /// Returns an error of kind [`WrongDataCenter`](ErrorKind::WrongDataCenter) if only an accounts
    /// server is given, it is neither Zoho's nor configured, and no custom `api_base_url` is set.
    pub fn api_domain_of(
        &self,
        api_domain: Option<&str>,
        accounts_server: Option<&str>,
    ) -> Result<Option<String>, Error> {
        if let Some(domain) = non_blank(api_domain) {
            return Ok(Some(domain.to_owned()));
        }
        let Some(named) = non_blank(accounts_server) else { return Ok(None) };
        let origin = Origin::from_setting(named).ok();
        if let Some(other) = self.others.iter().find(|it| Some(&it.accounts) == origin.as_ref()) {
            return Ok(Some(other.api.to_string()));
        }
        match origin.as_ref().and_then(DataCenter::of_accounts_origin) {
            _ if self.is_custom() || self.has_custom_api() => Ok(None),
            Some(data_center) => Ok(Some(data_center.api_origin(self.environment).to_string())),
            None => Err(mismatch(format!(
                "the token names no API server (`api_domain`), and the accounts server `{}` that \
                 issued it is neither Zoho's nor configured, so the token was not sent: set \
                 `accounts_url` and `api_base_url` if the server is yours, or log in again",
                escaped_url(named)
            ))),
        }
    }

    fn api_base(&self, api_domain: Option<&str>) -> Result<ApiBase, Error> {
        let named = non_blank(api_domain).map(|text| (text, Origin::from_setting(text).ok()));
        let origin = named.as_ref().and_then(|(_, origin)| origin.as_ref());
        if let Some(other) = self.others.iter().find(|other| Some(&other.api) == origin) {
            return Ok(ApiBase::Custom(other.api.clone()));
        }
        let configured = self.configured()?;
        let configured = match configured {
            Some(ApiBase::Custom(origin)) => return Ok(ApiBase::Custom(origin)),
            Some(ApiBase::Zoho(data_center)) => Some(data_center),
            None => None,
        };
        let token = match &named {
            Some((text, origin)) => {
                let known = origin.as_ref().and_then(DataCenter::of_api_origin);
                Some(known.ok_or_else(|| unknown_api_domain(text))?)
            }
            None if configured.is_none() && self.is_custom() => {
                return Err(mismatch(format!(
                    "the token names no API server (`api_domain`), and the accounts server {} is not \
                     Zoho's, so the token was not sent: set `api_base_url`",
                    self.accounts_origin()
                )));
            }
            None => None,
        };
        if let Some((data_center, environment)) = token {
            if configured.is_some_and(|configured| configured != data_center) {
                return Err(mismatch(format!(
                    "the token belongs to data centre `{data_center}`, but `api_base_url` is the \
                     server of `{}`: remove `api_base_url`, or log in to that data centre",
                    configured.unwrap_or(self.data_center)
                )));
            }
            if self.is_not_for(environment) {
                return Err(mismatch(format!(
                    "the token belongs to environment `{environment}`, but the configured \
                     environment is `{}`: set `environment`, or log in to that environment",
                    self.environment
                )));
            }
        }
        let data_center =
            token.map(|(data_center, _)| data_center).or(configured).unwrap_or(self.data_center);
        Ok(ApiBase::Zoho(data_center))
    }

    /// Checks that the settings do not contradict one another.
    ///
    /// # Errors
    /// Returns an error of kind [`Config`](ErrorKind::Config) if `api_base_url` is the server of a
    /// sandbox or developer edition and another environment is configured.
    pub fn check(&self) -> Result<(), Error> {
        self.configured().map(drop)
    }

    /// Returns the API server that `api_base_url` names, if it is set.
    fn configured(&self) -> Result<Option<ApiBase>, Error> {
        let Some(origin) = &self.api else { return Ok(None) };
        match DataCenter::of_api_origin(origin) {
            None => Ok(Some(ApiBase::Custom(origin.clone()))),
            Some((_, environment)) if self.is_not_for(environment) => Err(Error::config(format!(
                "`api_base_url` is the server of environment `{environment}`, but the configured \
                 environment is `{}`: set `environment`, or remove `api_base_url`",
                self.environment
            ))),
            Some((data_center, _)) => Ok(Some(ApiBase::Zoho(data_center))),
        }
    }

    fn has_custom_api(&self) -> bool {
        self.api.as_ref().is_some_and(|origin| DataCenter::of_api_origin(origin).is_none())
    }

    /// Returns `true` if `environment`, read from a host, contradicts the configured one. A host
    /// with `www.` names no environment, because Zoho gives it to sandboxes too.
    fn is_not_for(&self, environment: Environment) -> bool {
        environment != Environment::Production && environment != self.environment
    }

    fn is_custom(&self) -> bool {
        self.accounts
            .as_ref()
            .is_some_and(|origin| DataCenter::of_accounts_origin(origin).is_none())
    }
}

/// Returns the value without surrounding white space, or `None` if it is blank.
fn non_blank(member: Option<&str>) -> Option<&str> {
    member.map(str::trim).filter(|text| !text.is_empty())
}

fn unknown_api_domain(named: &str) -> Error {
    mismatch(format!(
        "the token's `api_domain` `{}` is neither Zoho's nor configured, so the token was not \
         sent: set `api_base_url` to it if it is your organisation's server, or log in again",
        escaped_url(named)
    ))
}

fn mismatch(message: String) -> Error {
    Error::new(ErrorKind::WrongDataCenter, Outcome::NotSent, message)
}

#[cfg(test)]
mod tests;
