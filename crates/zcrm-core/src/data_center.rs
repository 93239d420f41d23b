//! Zoho's data centres and the environments in them.

use std::{
    fmt,
    hash::{Hash, Hasher},
    str::FromStr,
};

use crate::{Error, Origin, escaped};

/// One of Zoho's data centres.
///
/// An organisation belongs to one data centre, and its tokens may be sent only to the servers of
/// that one.
///
/// Parse a data centre from Zoho's `location` (`us`, `eu`, `in`, `au`, `cn`, `jp`, `ca`, `sa`,
/// `uk`, `ae`). The hosts are those of Zoho's own SDKs for v8. The hosts of `uk` and `ae` come from
/// Zoho's pages for other products and are [unconfirmed](Self::is_confirmed) for CRM.
///
/// ```
/// use zcrm_core::{DataCenter, Environment};
///
/// let eu: DataCenter = "eu".parse()?;
/// assert_eq!(eu, DataCenter::EU);
/// assert_eq!(eu.accounts_origin().to_string(), "https://accounts.zoho.eu");
/// assert_eq!(eu.api_origin(Environment::Sandbox).to_string(), "https://sandbox.zohoapis.eu");
/// # Ok::<(), zcrm_core::Error>(())
/// ```
#[doc(alias = "region")]
#[doc(alias = "domain")]
#[derive(Clone, Copy)]
pub struct DataCenter(&'static DataCenterInfo);

struct DataCenterInfo {
    location: &'static str,
    accounts: &'static str,
    api: &'static str,
    /// The host that takes uploads, as in Zoho's own SDKs for v8.
    content: Option<&'static str>,
    confirmed: bool,
}

macro_rules! data_centers {
    ($($name:ident, $location:literal, $accounts:literal, $api:literal, $content:expr, $confirmed:literal, $doc:literal;)*) => {
        impl DataCenter {
            $(
                #[doc = $doc]
                pub const $name: Self = Self(&DataCenterInfo {
                    location: $location,
                    accounts: $accounts,
                    api: $api,
                    content: $content,
                    confirmed: $confirmed,
                });
            )*

            /// All data centres that zcrm knows.
            pub const ALL: &'static [Self] = &[$(Self::$name),*];
        }
    };
}

data_centers! {
    US, "us", "accounts.zoho.com", "zohoapis.com", Some("content.zohoapis.com"), true, "United States, the default.";
    EU, "eu", "accounts.zoho.eu", "zohoapis.eu", Some("content.zohoapis.eu"), true, "European Union.";
    IN, "in", "accounts.zoho.in", "zohoapis.in", Some("content.zohoapis.in"), true, "India.";
    AU, "au", "accounts.zoho.com.au", "zohoapis.com.au", Some("content.zohoapis.com.au"), true, "Australia.";
    CN, "cn", "accounts.zoho.com.cn", "zohoapis.com.cn", Some("content.zohoapis.com.cn"), true, "China.";
    JP, "jp", "accounts.zoho.jp", "zohoapis.jp", Some("content.zohoapis.jp"), true, "Japan.";
    CA, "ca", "accounts.zohocloud.ca", "zohoapis.ca", Some("upload.zohocloud.ca"), true, "Canada.";
    SA, "sa", "accounts.zoho.sa", "zohoapis.sa", Some("files.zoho.sa"), true, "Saudi Arabia.";
    UK, "uk", "accounts.zoho.uk", "zohoapis.uk", None, false, "United Kingdom; API host unconfirmed for CRM.";
    AE, "ae", "accounts.zoho.ae", "zohoapis.ae", None, false, "United Arab Emirates; API host unconfirmed for CRM.";
}

/// An environment of an organisation: production, its sandbox or a developer edition.
///
/// A token belongs to one environment.
#[doc(alias = "sandbox")]
#[doc(alias = "developer")]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Environment {
    /// The production environment, with the organisation's real data.
    #[default]
    Production,
    /// The organisation's sandbox.
    Sandbox,
    /// A developer edition.
    Developer,
}

impl Environment {
    const ALL: [Self; 3] = [Self::Production, Self::Sandbox, Self::Developer];

    /// Returns `production`, `sandbox` or `developer`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Production => "production",
            Self::Sandbox => "sandbox",
            Self::Developer => "developer",
        }
    }

    fn prefix(self) -> &'static str {
        match self {
            Self::Production => "www",
            Self::Sandbox => "sandbox",
            Self::Developer => "developer",
        }
    }
}

impl fmt::Display for Environment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Environment {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        Self::ALL.into_iter().find(|environment| environment.as_str() == text).ok_or_else(|| {
            Error::config(format!(
                "unknown environment `{}`: expected `production`, `sandbox` or `developer`",
                escaped(text)
            ))
        })
    }
}

impl DataCenter {
    /// Returns Zoho's short name of the data centre, such as `eu`.
    #[must_use]
    pub fn location(self) -> &'static str {
        self.0.location
    }

    /// Returns `true` if an SDK or page of Zoho for CRM names the hosts.
    #[must_use]
    pub fn is_confirmed(self) -> bool {
        self.0.confirmed
    }

    /// Returns the accounts server, which issues tokens.
    #[must_use]
    pub fn accounts_origin(self) -> Origin {
        Origin::https(self.0.accounts)
    }

    /// Returns the API server of an environment.
    #[must_use]
    pub fn api_origin(self, environment: Environment) -> Origin {
        Origin::https(format!("{}.{}", environment.prefix(), self.0.api))
    }

    /// Returns the host that takes file uploads for bulk jobs, or `None` for an unconfirmed data
    /// centre.
    #[must_use]
    pub fn content_origin(self) -> Option<Origin> {
        self.0.content.map(Origin::https)
    }

    /// Returns the servers from which the results of bulk writes are downloaded: their addresses in
    /// Zoho's examples for the United States, and the same name beside the accounts server elsewhere,
    /// which is unconfirmed.
    #[must_use]
    pub fn download_origins(self) -> Vec<Origin> {
        let domain = self.0.accounts.trim_start_matches("accounts.");
        let mut origins = vec![Origin::https(format!("download-accl.{domain}"))];
        if self == Self::US {
            origins.push(Origin::https("download.zohocrm.com"));
        }
        origins
    }

    /// Returns the data centre and environment whose API server is exactly this origin.
    #[must_use]
    pub fn of_api_origin(origin: &Origin) -> Option<(Self, Environment)> {
        Self::ALL
            .iter()
            .flat_map(|dc| Environment::ALL.map(|environment| (*dc, environment)))
            .find(|(dc, environment)| dc.api_origin(*environment) == *origin)
    }

    /// Returns the data centre whose accounts server is exactly this origin.
    #[must_use]
    pub fn of_accounts_origin(origin: &Origin) -> Option<Self> {
        Self::ALL.iter().copied().find(|dc| dc.accounts_origin() == *origin)
    }
}

impl PartialEq for DataCenter {
    fn eq(&self, other: &Self) -> bool {
        self.location() == other.location()
    }
}

impl Eq for DataCenter {}

impl Hash for DataCenter {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.location().hash(state);
    }
}

impl fmt::Display for DataCenter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.location())
    }
}

impl fmt::Debug for DataCenter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DataCenter({self})")
    }
}

impl FromStr for DataCenter {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let same = |dc: &&Self| dc.location().eq_ignore_ascii_case(text);
        Self::ALL.iter().find(same).copied().ok_or_else(|| {
            let known: Vec<&str> = Self::ALL.iter().map(|dc| dc.location()).collect();
            Error::config(format!(
                "unknown data centre `{}`: expected one of {}, or set `accounts_url` and \
                 `api_base_url` for another one",
                escaped(text),
                known.join(", ")
            ))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::{DataCenter, Environment};

    #[test]
    fn finds_each_data_center_by_its_origins() {
        for dc in DataCenter::ALL {
            assert_eq!(dc.location().parse::<DataCenter>().unwrap(), *dc);
            assert_eq!(DataCenter::of_accounts_origin(&dc.accounts_origin()), Some(*dc));
            for environment in Environment::ALL {
                let origin = dc.api_origin(environment);
                assert_eq!(DataCenter::of_api_origin(&origin), Some((*dc, environment)));
            }
        }
    }

    #[test]
    fn names_an_unknown_data_center_and_the_known_ones() {
        let error = "mars".parse::<DataCenter>().unwrap_err().to_string();
        assert!(error.contains("`mars`") && error.contains("eu"), "{error}");
    }

    #[test]
    fn recognises_no_look_alike_host() {
        for text in ["https://api.zoho.eu", "https://zohoapis.com", "https://www.zohoapis.com:444"]
        {
            assert_eq!(DataCenter::of_api_origin(&text.parse().unwrap()), None, "{text}");
        }
    }
}
