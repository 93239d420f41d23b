//! Which servers a client speaks to.

use crate::{DataCenter, Environment, Error, ErrorKind, Origin, Outcome, escaped, escaped_url};

/// Where a client's organisation lives: data centre and environment, or servers of the caller's
/// own choice.
///
/// A custom API server (one that is not Zoho's) stands. Otherwise the data centre is that of the
/// token's `api_domain`, else the configured one, and the host is always that of the configured
/// environment: a client of the sandbox never reaches production.
///
/// ```
/// use zcrm_core::{DataCenter, Environment, BaseUrls};
///
/// let base_urls = BaseUrls::new(DataCenter::US, Environment::Sandbox);
/// // the token says that its organisation lives in Europe
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
    others: Vec<CustomLocation>,
}

/// A data centre of the caller's own, beside the configured one.
#[derive(Clone, Debug, PartialEq, Eq)]
struct CustomLocation {
    location: String,
    accounts: Origin,
    api: Origin,
}

/// Where a token's organisation lives.
enum ApiBase {
    Zoho(DataCenter),
    Custom(Origin),
}

impl BaseUrls {
    /// Zoho's servers of `data_center` for `environment`.
    #[must_use]
    pub fn new(data_center: DataCenter, environment: Environment) -> Self {
        Self {
            data_center,
            environment,
            accounts: None,
            api: None,
            content: None,
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

    /// Adds a data centre of one's own, under the short name that redirects give it: its users may
    /// log in through the configured one and are then served by their own.
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

    /// The environment.
    #[must_use]
    pub fn environment(&self) -> Environment {
        self.environment
    }

    /// The data centre of the configuration.
    #[must_use]
    pub fn data_center(&self) -> DataCenter {
        self.data_center
    }

    /// The configured accounts server.
    #[must_use]
    pub fn accounts_origin(&self) -> Origin {
        self.accounts.clone().unwrap_or_else(|| self.data_center.accounts_origin())
    }

    /// The accounts server of a stored token, which may see its refresh token: the one that is kept
    /// with it, else that of the data centre of its `api_domain`, else the configured one. An
    /// `accounts_url` that is not Zoho's counts for every token.
    ///
    /// # Errors
    /// Of kind [`WrongDataCenter`](ErrorKind::WrongDataCenter) where the token names a server that is
    /// neither Zoho's nor configured. It is never replaced by another one.
    pub fn accounts_of(
        &self,
        accounts_server: Option<&str>,
        api_domain: Option<&str>,
    ) -> Result<Origin, Error> {
        if let Some(named) = said(accounts_server) {
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
                    "the token belongs to the accounts server `{}`, which zcrm does not know, so its \
                     refresh token is sent nowhere: set `accounts_url` to it if it is yours, or log \
                     in again",
                    escaped_url(named)
                ))
            });
        }
        let Some(named) = said(api_domain) else { return Ok(self.accounts_origin()) };
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

    /// The accounts server of the data centre with this short name, such as `eu`: one of one's own,
    /// else Zoho's, unless the configured accounts server is not Zoho's.
    ///
    /// # Errors
    /// Of kind [`WrongDataCenter`](ErrorKind::WrongDataCenter) where none is known.
    pub fn accounts_at(&self, location: &str) -> Result<Origin, Error> {
        if let Some(other) = self.others.iter().find(|other| other.location == location) {
            return Ok(other.accounts.clone());
        }
        let zohos = location.parse().ok().map(DataCenter::accounts_origin);
        zohos.filter(|_| !self.is_custom()).ok_or_else(|| {
            mismatch(format!(
                "the data centre `{}` is not known here: set `accounts_url` and `api_base_url` of \
                 it",
                escaped(location)
            ))
        })
    }

    /// Where a login in the browser begins: the configured accounts server, else
    /// accounts.zoho.com, which knows the users of all data centres, or accounts.zoho.com.cn for
    /// those of China, which it does not know.
    #[must_use]
    pub fn login_origin(&self) -> Origin {
        let apart = self.data_center == DataCenter::CN;
        let begins = if apart { DataCenter::CN } else { DataCenter::US };
        self.accounts.clone().unwrap_or_else(|| begins.accounts_origin())
    }

    /// The accounts server that a redirect or an answer named, if it is to be believed: it is one of
    /// Zoho's or the configured one, exactly (scheme, host and port, and nothing more). Where the
    /// configured one is not Zoho's, it alone is believed.
    ///
    /// # Errors
    /// Of kind [`WrongDataCenter`](ErrorKind::WrongDataCenter) otherwise; nothing was sent there.
    pub fn accounts_named(&self, named: &str) -> Result<Origin, Error> {
        let origin: Option<Origin> = named.parse().ok();
        origin.filter(|origin| self.knows_accounts(origin)).ok_or_else(|| {
            mismatch(format!(
                "an accounts server was named that is neither Zoho's nor the configured one \
                 ({}), so nothing is sent there: set `accounts_url` if it is yours",
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

    /// The API server for a token whose answer named `api_domain`.
    ///
    /// `api_domain` is believed only where it is one of Zoho's API servers, exactly. An
    /// `api_base_url` that is not Zoho's counts for every token.
    ///
    /// # Errors
    /// Of kind [`WrongDataCenter`](ErrorKind::WrongDataCenter) where the token names a server that is
    /// neither Zoho's nor configured, or names none while `accounts_url` is not Zoho's: it is never
    /// sent to a server of another name; where the configured
    /// `api_base_url` is Zoho's server of another data centre than the token's, or where the token
    /// is one of a sandbox or developer edition and the configuration names another environment; of
    /// kind [`Config`](ErrorKind::Config) where `api_base_url` is the server of such an edition and
    /// the configuration names another environment.
    pub fn api_origin(&self, api_domain: Option<&str>) -> Result<Origin, Error> {
        Ok(match self.place(api_domain)? {
            ApiBase::Zoho(data_center) => data_center.api_origin(self.environment),
            ApiBase::Custom(origin) => origin,
        })
    }

    /// The server that takes uploads for such a token, where one is known: the configured one, else
    /// that of the same data centre as [`api_origin`](Self::api_origin).
    ///
    /// # Errors
    /// As [`api_origin`](Self::api_origin).
    pub fn content_origin(&self, api_domain: Option<&str>) -> Result<Option<Origin>, Error> {
        let place = self.place(api_domain)?;
        Ok(self.content.clone().or_else(|| match place {
            ApiBase::Zoho(data_center) => data_center.content_origin(),
            ApiBase::Custom(_) => None,
        }))
    }

    /// The `api_domain` of a token: the one that its answer named, else that of the data centre whose
    /// accounts server issued it. `None` where neither is known and the configuration decides.
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
    /// Of kind [`WrongDataCenter`](ErrorKind::WrongDataCenter) where only an accounts server is named
    /// that is neither Zoho's nor configured, and no `api_base_url` says where its tokens may go.
    pub fn api_domain_of(
        &self,
        api_domain: Option<&str>,
        accounts_server: Option<&str>,
    ) -> Result<Option<String>, Error> {
        if let Some(domain) = said(api_domain) {
            return Ok(Some(domain.to_owned()));
        }
        let Some(named) = said(accounts_server) else { return Ok(None) };
        let origin = Origin::from_setting(named).ok();
        if let Some(other) = self.others.iter().find(|it| Some(&it.accounts) == origin.as_ref()) {
            return Ok(Some(other.api.to_string()));
        }
        match origin.as_ref().and_then(DataCenter::of_accounts_origin) {
            _ if self.is_custom() || self.has_custom_api() => Ok(None),
            Some(data_center) => Ok(Some(data_center.api_origin(self.environment).to_string())),
            None => Err(mismatch(format!(
                "the token names no API server (`api_domain`), and zcrm does not know the accounts \
                 server `{}` that issued it, so the token is sent nowhere: set `accounts_url` and \
                 `api_base_url` if it is yours, or log in again",
                escaped_url(named)
            ))),
        }
    }

    fn place(&self, api_domain: Option<&str>) -> Result<ApiBase, Error> {
        let named = said(api_domain).map(|text| (text, Origin::from_setting(text).ok()));
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
                     Zoho's, so the token is sent nowhere: set `api_base_url`",
                    self.accounts_origin()
                )));
            }
            None => None,
        };
        if let Some((data_center, environment)) = token {
            if configured.is_some_and(|configured| configured != data_center) {
                return Err(mismatch(format!(
                    "the token belongs to data centre `{data_center}`, but `api_base_url` is the \
                     server of `{}`: remove `api_base_url` or log in there",
                    configured.unwrap_or(self.data_center)
                )));
            }
            if self.is_not_for(environment) {
                return Err(mismatch(format!(
                    "the token belongs to environment `{environment}`, but the configuration \
                     says `{}`: set `environment` or log in there",
                    self.environment
                )));
            }
        }
        let data_center =
            token.map(|(data_center, _)| data_center).or(configured).unwrap_or(self.data_center);
        Ok(ApiBase::Zoho(data_center))
    }

    /// Checks that the settings do not contradict each other.
    ///
    /// # Errors
    /// Of kind [`Config`](ErrorKind::Config) where `api_base_url` is the server of a sandbox or
    /// developer edition and the configuration names another environment.
    pub fn check(&self) -> Result<(), Error> {
        self.configured().map(drop)
    }

    /// Where `api_base_url` leads, if it is set.
    fn configured(&self) -> Result<Option<ApiBase>, Error> {
        let Some(origin) = &self.api else { return Ok(None) };
        match DataCenter::of_api_origin(origin) {
            None => Ok(Some(ApiBase::Custom(origin.clone()))),
            Some((_, environment)) if self.is_not_for(environment) => Err(Error::config(format!(
                "`api_base_url` is the server of environment `{environment}`, but the configuration \
                 says `{}`: set `environment`, or remove `api_base_url`",
                self.environment
            ))),
            Some((data_center, _)) => Ok(Some(ApiBase::Zoho(data_center))),
        }
    }

    fn has_custom_api(&self) -> bool {
        self.api.as_ref().is_some_and(|origin| DataCenter::of_api_origin(origin).is_none())
    }

    /// Whether what names `environment` contradicts the configured one. `www.` hosts name none: Zoho
    /// gives them to sandboxes too.
    fn is_not_for(&self, environment: Environment) -> bool {
        environment != Environment::Production && environment != self.environment
    }

    fn is_custom(&self) -> bool {
        self.accounts
            .as_ref()
            .is_some_and(|origin| DataCenter::of_accounts_origin(origin).is_none())
    }
}

/// What a member says, if it says anything.
fn said(member: Option<&str>) -> Option<&str> {
    member.map(str::trim).filter(|text| !text.is_empty())
}

fn unknown_api_domain(named: &str) -> Error {
    mismatch(format!(
        "the token names the `api_domain` `{}`, which zcrm does not know, so the token is sent \
         nowhere: set `api_base_url` to it if it is your organisation's server, or log in again",
        escaped_url(named)
    ))
}

fn mismatch(message: String) -> Error {
    Error::new(ErrorKind::WrongDataCenter, Outcome::NotSent, message)
}

#[cfg(test)]
mod tests;
