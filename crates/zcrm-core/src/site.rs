//! Which servers a client speaks to.

use crate::{DataCenter, Environment, Error, ErrorKind, Origin, Outcome};

/// Where a client's organisation lives: data centre and environment, or servers of the caller's
/// own choice.
///
/// A custom API server (one that is not Zoho's) stands. Otherwise the data centre is that of the
/// token's `api_domain`, else the configured one, and the host is always that of the configured
/// environment: a client of the sandbox never reaches production.
///
/// ```
/// use zcrm_core::{DataCenter, Environment, Site};
///
/// let site = Site::new(DataCenter::US, Environment::Sandbox);
/// // the token says that its organisation lives in Europe
/// let origin = site.api_origin(Some("https://www.zohoapis.eu"))?;
/// assert_eq!(origin.to_string(), "https://sandbox.zohoapis.eu");
/// # Ok::<(), zcrm_core::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Site {
    data_center: DataCenter,
    environment: Environment,
    accounts: Option<Origin>,
    api: Option<Origin>,
    content: Option<Origin>,
    others: Vec<Other>,
}

/// A data centre of the caller's own, beside the configured one.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Other {
    location: String,
    accounts: Origin,
    api: Origin,
}

/// Where a token's organisation lives.
enum Place {
    Zoho(DataCenter),
    Own(Origin),
}

impl Site {
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
        self.others.push(Other { location: location.into(), accounts, api });
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

    /// The accounts server of a token: the one that is kept with it, else the configured one.
    ///
    /// `kept` is believed only where it is one of Zoho's or the configured one, exactly.
    #[must_use]
    pub fn accounts_origin(&self, kept: Option<&str>) -> Origin {
        let kept: Option<Origin> = kept.and_then(|text| text.parse().ok());
        if let Some(other) = self.others.iter().find(|other| Some(&other.accounts) == kept.as_ref())
        {
            return other.accounts.clone();
        }
        let configured =
            || self.accounts.clone().unwrap_or_else(|| self.data_center.accounts_origin());
        if self.is_custom() {
            return configured();
        }
        kept.filter(|origin| DataCenter::of_accounts_origin(origin).is_some())
            .unwrap_or_else(configured)
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
            let location = location.escape_debug();
            mismatch(format!(
                "the data centre `{location}` is not known here: set `accounts_url` and \
                 `api_base_url` of it"
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
        // what is not believed comes back as another one
        origin.filter(|origin| self.accounts_origin(Some(named)) == *origin).ok_or_else(|| {
            mismatch(format!(
                "an accounts server was named that is neither Zoho's nor the configured one \
                 ({}), so nothing is sent there: set `accounts_url` if it is yours",
                self.accounts_origin(None)
            ))
        })
    }

    /// The API server for a token whose answer named `api_domain`.
    ///
    /// `api_domain` is believed only where it is one of Zoho's API servers, exactly; anything
    /// else leaves the configured data centre in force.
    ///
    /// # Errors
    /// Of kind [`WrongDataCenter`](ErrorKind::WrongDataCenter) where the configured
    /// `api_base_url` is Zoho's server of another data centre than the token's, or where the token
    /// is one of a sandbox or developer edition and the configuration names another environment; of
    /// kind [`Config`](ErrorKind::Config) where `api_base_url` is the server of such an edition and
    /// the configuration names another environment.
    pub fn api_origin(&self, api_domain: Option<&str>) -> Result<Origin, Error> {
        Ok(match self.place(api_domain)? {
            Place::Zoho(data_center) => data_center.api_origin(self.environment),
            Place::Own(origin) => origin,
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
            Place::Zoho(data_center) => data_center.content_origin(),
            Place::Own(_) => None,
        }))
    }

    fn place(&self, api_domain: Option<&str>) -> Result<Place, Error> {
        let named: Option<Origin> = api_domain.and_then(|text| text.parse().ok());
        if let Some(other) = self.others.iter().find(|other| Some(&other.api) == named.as_ref()) {
            return Ok(Place::Own(other.api.clone()));
        }
        let configured = match &self.api {
            Some(origin) => match DataCenter::of_api_origin(origin) {
                None => return Ok(Place::Own(origin.clone())),
                Some((_, environment)) if self.is_not_for(environment) => {
                    return Err(Error::config(format!(
                        "`api_base_url` is the server of environment `{environment}`, but the \
                         configuration says `{}`: set `environment`, or remove `api_base_url`",
                        self.environment
                    )));
                }
                Some((data_center, _)) => Some(data_center),
            },
            None => None,
        };
        let token = named.and_then(|origin| DataCenter::of_api_origin(&origin));
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
        Ok(Place::Zoho(data_center))
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

fn mismatch(message: String) -> Error {
    Error::new(ErrorKind::WrongDataCenter, Outcome::NotSent, message)
}

#[cfg(test)]
mod tests {
    use super::Site;
    use crate::{DataCenter, Environment, ErrorKind};

    fn origin(site: &Site, domain: Option<&str>) -> String {
        site.api_origin(domain).unwrap().to_string()
    }

    #[test]
    fn the_tokens_data_center_wins_and_the_environment_stays() {
        let site = Site::new(DataCenter::US, Environment::Production);
        assert_eq!(origin(&site, None), "https://www.zohoapis.com");
        assert_eq!(origin(&site, Some("https://www.zohoapis.in")), "https://www.zohoapis.in");
        let sandbox = Site::new(DataCenter::US, Environment::Sandbox);
        assert_eq!(
            origin(&sandbox, Some("https://www.zohoapis.jp")),
            "https://sandbox.zohoapis.jp"
        );
        assert_eq!(origin(&sandbox, None), "https://sandbox.zohoapis.com");
    }

    #[test]
    fn a_production_api_base_url_does_not_lift_the_sandbox() {
        let site = Site::new(DataCenter::US, Environment::Sandbox)
            .with_api("https://www.zohoapis.com".parse().unwrap());
        assert_eq!(origin(&site, None), "https://sandbox.zohoapis.com");
    }

    #[test]
    fn a_domain_that_is_not_zohos_is_not_believed() {
        let site = Site::new(DataCenter::EU, Environment::Production);
        for domain in ["https://api.zoho.eu", "https://www.zohoapis.com.example.com", "nonsense"] {
            assert_eq!(origin(&site, Some(domain)), "https://www.zohoapis.eu");
        }
        assert_eq!(
            site.accounts_origin(Some("https://accounts.example.com")).to_string(),
            "https://accounts.zoho.eu"
        );
        assert_eq!(
            site.accounts_origin(Some("https://accounts.zoho.in")).to_string(),
            "https://accounts.zoho.in"
        );
    }

    #[test]
    fn a_login_begins_where_zoho_knows_everybody() {
        let begins = |site: &Site| site.login_origin().to_string();
        for data_center in DataCenter::ALL {
            let expected = match data_center.location() {
                "cn" => "https://accounts.zoho.com.cn",
                _ => "https://accounts.zoho.com",
            };
            assert_eq!(begins(&Site::new(*data_center, Environment::Production)), expected);
        }
        for own in ["https://accounts.zoho.eu", "https://localhost:9000"] {
            let site = Site::new(DataCenter::US, Environment::Production);
            assert_eq!(begins(&site.with_accounts(own.parse().unwrap())), own);
        }
    }

    #[test]
    fn a_named_accounts_server_is_believed_only_where_it_is_known_exactly() {
        let zoho = Site::new(DataCenter::US, Environment::Production);
        for data_center in DataCenter::ALL {
            let origin = data_center.accounts_origin();
            assert_eq!(zoho.accounts_named(&origin.to_string()).unwrap(), origin);
        }
        let own = zoho.clone().with_accounts("https://localhost:9000".parse().unwrap());
        assert!(own.accounts_named("https://localhost:9000").is_ok());
        for (site, named) in [
            (&zoho, "https://accounts.zoho.eu.example.com"),
            (&zoho, "https://example.com/accounts.zoho.eu"),
            (&zoho, "https://accounts.zoho.eu@example.com"),
            (&zoho, "https://user@accounts.zoho.eu"),
            (&zoho, "https://accounts.zoho.eu/oauth"),
            (&zoho, "https://accounts.zoho.eu:444"),
            (&zoho, "http://accounts.zoho.eu"),
            (&zoho, "accounts.zoho.eu"),
            (&zoho, "https://xaccounts.zoho.eu"),
            (&zoho, "https://www.zohoapis.eu"),
            (&zoho, "https://127.0.0.1:9000"),
            (&zoho, "http://localhost"),
            (&zoho, ""),
            (&own, "https://localhost:9001"),
            (&own, "http://localhost:9000"),
            (&own, "https://127.0.0.1:9000"),
            (&own, "https://accounts.zoho.eu"),
        ] {
            let error = site.accounts_named(named).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::WrongDataCenter, "{named}");
        }
    }

    #[test]
    fn a_data_centre_of_ones_own_is_believed_beside_the_configured_one() {
        let parse = |text: &str| text.parse().unwrap();
        let own = Site::new(DataCenter::US, Environment::Production)
            .with_accounts(parse("https://localhost:1"))
            .with_api(parse("https://localhost:2"))
            .with_other("eu", parse("https://localhost:3"), parse("https://localhost:4"));
        assert_eq!(own.accounts_at("eu").unwrap().to_string(), "https://localhost:3");
        for unknown in ["in", "mars", ""] {
            assert!(own.accounts_at(unknown).is_err(), "{unknown}");
        }
        assert!(own.accounts_named("https://localhost:3").is_ok());
        assert!(own.accounts_named("https://localhost:4").is_err());
        assert_eq!(own.accounts_origin(Some("https://localhost:3")).port(), 3);
        assert_eq!(own.accounts_origin(Some("https://localhost:5")).port(), 1);
        assert_eq!(origin(&own, Some("https://localhost:4")), "https://localhost:4");
        assert_eq!(origin(&own, Some("https://localhost:3")), "https://localhost:2");
        assert_eq!(origin(&own, None), "https://localhost:2");
        let zoho = Site::new(DataCenter::US, Environment::Production);
        assert_eq!(zoho.accounts_at("in").unwrap().to_string(), "https://accounts.zoho.in");
    }

    #[test]
    fn uploads_go_to_the_same_data_centre_or_to_the_configured_server() {
        let content = |site: &Site, domain| {
            site.content_origin(domain).unwrap().map(|origin| origin.to_string())
        };
        let site = Site::new(DataCenter::US, Environment::Production);
        assert_eq!(content(&site, None).as_deref(), Some("https://content.zohoapis.com"));
        let canada = content(&site, Some("https://www.zohoapis.ca"));
        assert_eq!(canada.as_deref(), Some("https://upload.zohocloud.ca"));
        let own = site.with_api("https://localhost:9001".parse().unwrap());
        assert_eq!(content(&own, None), None);
        let own = own.with_content("https://localhost:9002".parse().unwrap());
        assert_eq!(content(&own, None).as_deref(), Some("https://localhost:9002"));
    }

    #[test]
    fn a_custom_server_stands() {
        let site = Site::new(DataCenter::US, Environment::Production)
            .with_accounts("https://localhost:9000".parse().unwrap())
            .with_api("https://localhost:9001".parse().unwrap());
        assert_eq!(origin(&site, Some("https://www.zohoapis.eu")), "https://localhost:9001");
        let kept = site.accounts_origin(Some("https://accounts.zoho.eu"));
        assert_eq!(kept.to_string(), "https://localhost:9000");
    }

    #[test]
    fn a_sandbox_api_base_url_never_reaches_production() {
        let site = Site::new(DataCenter::US, Environment::Production)
            .with_api("https://sandbox.zohoapis.com".parse().unwrap());
        let error = site.api_origin(None).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config);
        assert!(error.to_string().contains("`sandbox`"), "{error}");
        assert!(error.to_string().contains("`production`"), "{error}");
    }

    #[test]
    fn a_server_of_zohos_says_the_data_center_until_a_token_does() {
        let site = Site::new(DataCenter::US, Environment::Sandbox)
            .with_api("https://www.zohoapis.eu".parse().unwrap());
        assert_eq!(origin(&site, None), "https://sandbox.zohoapis.eu");
        let site = Site::new(DataCenter::US, Environment::Production)
            .with_accounts("https://accounts.zoho.in".parse().unwrap());
        assert_eq!(origin(&site, None), "https://www.zohoapis.in");
        assert_eq!(origin(&site, Some("https://www.zohoapis.jp")), "https://www.zohoapis.jp");
    }

    #[test]
    fn a_contradiction_is_an_error_that_names_both() {
        let site = Site::new(DataCenter::US, Environment::Production)
            .with_api("https://www.zohoapis.com".parse().unwrap());
        let error = site.api_origin(Some("https://www.zohoapis.eu")).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::WrongDataCenter);
        assert!(error.to_string().contains("`eu`") && error.to_string().contains("`us`"));
        let error = site.api_origin(Some("https://sandbox.zohoapis.com")).unwrap_err();
        assert!(error.to_string().contains("`sandbox`"), "{error}");
    }
}
