//! A channel as the caller describes it.

use std::{fmt, time::Duration};

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Map, Value, json};
use zcrm_core::{ApiVersion, Error, ExposeSecret, Id, SecretString, Timestamp, escaped};

use super::Event;
use crate::check;

/// Zoho's limits of one channel: events, characters of the address and of the token, fields in conditions,
/// and modules with conditions. Zoho's pages say 50 characters for the token, one of its files says 256.
const MOST_EVENTS: usize = 50;
const MOST_URL: usize = 255;
const MOST_TOKEN: usize = 50;
const MOST_FIELDS: usize = 10;
const MOST_CONDITIONS: usize = 2;

/// The longest lifetime before v4, and from v4 on.
const DAY: Duration = Duration::from_secs(24 * 60 * 60);
const WEEK: Duration = Duration::from_secs(7 * 24 * 60 * 60);

/// The margin by which the default lifetime is shorter than the longest: the clocks of Zoho and of this machine may differ, and
/// Zoho reduces a lifetime that is too long to one hour.
const MARGIN_OF_DAY: Duration = Duration::from_secs(5 * 60);
const MARGIN_OF_WEEK: Duration = Duration::from_secs(60 * 60);

/// A notification channel: the address that Zoho calls, and the events that it calls it for.
///
/// The application chooses the id of a channel. Without [`with_id`](Self::with_id) it is computed from the
/// address, so that a program that starts again renews its channel and does not open another one.
///
/// `Debug` shows no token, and of the address nothing behind its host.
///
/// ```
/// use zcrm_api::notifications::{Channel, Event};
///
/// let channel = Channel::to("https://app.example/zoho")
///     .on("Leads", [Event::Create, Event::Edit])
///     .on("Deals", [Event::All])
///     .on_change_of("Leads", ["Email", "Mobile"])
///     .with_token("7c0f…");
/// assert_eq!(channel.id(), Channel::to("https://app.example/zoho").id());
/// ```
#[derive(Clone)]
#[must_use = "a channel does nothing until a request sends it"]
pub struct Channel {
    id: Option<Id>,
    url: Option<String>,
    token: Option<SecretString>,
    /// Modules and operations, in the caller's order.
    events: Vec<(String, Event)>,
    conditions: Vec<(String, Vec<String>)>,
    expiry: Expiry,
    values: Option<bool>,
    related: Option<bool>,
    /// Further members.
    more: Map<String, Value>,
}

#[derive(Clone, Copy)]
enum Expiry {
    /// The longest lifetime that is safe.
    Longest,
    After(Duration),
    At(Timestamp),
    /// The expiry stays as it is.
    Unchanged,
}

impl Channel {
    /// Creates a channel that calls this address, `https` with at most 255 characters. Its query is returned with
    /// each notification.
    pub fn to(url: impl Into<String>) -> Self {
        Self { url: Some(url.into()), expiry: Expiry::Longest, ..Self::empty() }
    }

    /// Creates the changes of an existing channel, for [`update`](super::Notifications::update).
    pub fn existing(id: impl Into<Id>) -> Self {
        Self { id: Some(id.into()), ..Self::empty() }
    }

    fn empty() -> Self {
        Self {
            id: None,
            url: None,
            token: None,
            events: Vec::new(),
            conditions: Vec::new(),
            expiry: Expiry::Unchanged,
            values: None,
            related: None,
            more: Map::new(),
        }
    }

    /// Sets the id: a positive number that the application chooses. A user has one channel of each id.
    pub fn with_id(mut self, id: impl Into<Id>) -> Self {
        self.id = Some(id.into());
        self
    }

    /// Adds events of a module, by its API name. Further calls add events of this and of other modules. A channel
    /// has at most 50 events.
    pub fn on(
        mut self,
        module: impl Into<String>,
        events: impl IntoIterator<Item = Event>,
    ) -> Self {
        let module = module.into();
        self.events.extend(events.into_iter().map(|event| (module.clone(), event)));
        self
    }

    /// Limits the edits of a module that are notified to those that change one of these fields (from v6 on).
    ///
    /// A channel takes such conditions for two modules, with 10 fields in all. Zoho's nested conditions can be set
    /// with [`with`](Self::with) as `notification_condition`.
    pub fn on_change_of<N: Into<String>>(
        mut self,
        module: impl Into<String>,
        fields: impl IntoIterator<Item = N>,
    ) -> Self {
        self.conditions.push((module.into(), fields.into_iter().map(Into::into).collect()));
        self
    }

    /// Sets the token that each notification repeats, at most 50 characters. It is the only proof that a
    /// notification comes from Zoho: choose a long random text.
    pub fn with_token(mut self, token: impl Into<String>) -> Self {
        self.token = Some(SecretString::from(token.into()));
        self
    }

    /// Sets the lifetime from now on, at most a week (a day before v4).
    ///
    /// The default is the longest lifetime, less an hour (five minutes before v4), because Zoho reduces one that is
    /// too long by its clock to one hour. The answer has the actual end.
    pub fn with_lifetime(mut self, lifetime: Duration) -> Self {
        self.expiry = Expiry::After(lifetime);
        self
    }

    /// Sets the end of the channel. See [`with_lifetime`](Self::with_lifetime).
    pub fn with_expiry(mut self, at: impl Into<Timestamp>) -> Self {
        self.expiry = Expiry::At(at.into());
        self
    }

    /// Sets whether notifications contain the new values of the changed fields. Zoho's default is `false`.
    pub fn with_values(mut self, values: bool) -> Self {
        self.values = Some(values);
        self
    }

    /// Sets whether the change of a record also notifies of the records that it belongs to, such as the account
    /// of a contact. Zoho's default is `true`.
    pub fn with_related(mut self, related: bool) -> Self {
        self.related = Some(related);
        self
    }

    /// Sets any member of Zoho's JSON.
    pub fn with(mut self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        self.more.insert(name.into(), value.into());
        self
    }

    /// Returns the id: the one that was set, or the one computed from the address.
    #[must_use]
    pub fn id(&self) -> Id {
        match (&self.id, &self.url) {
            (Some(id), _) => id.clone(),
            (None, url) => id_of(url.as_deref().unwrap_or_default()),
        }
    }

    pub(super) fn url(&self) -> Option<&str> {
        self.url.as_deref()
    }

    pub(super) fn token(&self) -> Option<&SecretString> {
        self.token.as_ref()
    }

    /// Returns the modules and operations, in the caller's order.
    pub(super) fn events(&self) -> &[(String, Event)] {
        &self.events
    }

    /// Returns `true` if the end is a fixed time, which cannot be renewed.
    pub(super) fn has_fixed_end(&self) -> bool {
        matches!(self.expiry, Expiry::At(_))
    }

    /// Returns Zoho's JSON of the channel.
    pub(super) fn row(&self, version: ApiVersion, now: DateTime<Utc>) -> Result<Value, Error> {
        let wrong = |what: String| {
            Error::input(format!("the channel {} {what}", escaped(self.id().as_str())))
        };
        let mut row = self.more.clone();
        let id = self.id();
        let number = id.as_str().parse::<i64>().ok().filter(|number| *number > 0);
        number.ok_or_else(|| wrong("has an invalid id: expected a positive number".to_owned()))?;
        row.insert("channel_id".into(), id.as_str().into());
        if let Some(url) = &self.url {
            check_url(url).map_err(wrong)?;
            row.insert("notify_url".into(), url.as_str().into());
        }
        if let Some(token) = &self.token {
            let token = token.expose_secret();
            let characters = token.chars().count();
            if !(1..=MOST_TOKEN).contains(&characters) {
                return Err(wrong(format!(
                    "has a token of {characters} characters: Zoho takes 1 to {MOST_TOKEN}"
                )));
            }
            row.insert("token".into(), token.into());
        }
        if !self.events.is_empty() {
            row.insert("events".into(), self.event_names().map_err(wrong)?.into());
        }
        if !self.conditions.is_empty() {
            if version < ApiVersion::V6 {
                return Err(wrong(format!(
                    "has a condition, which {version} does not support: use v6 or later"
                )));
            }
            row.insert("notification_condition".into(), self.conditions().map_err(wrong)?);
        }
        if let Some(expiry) = self.expires(version, now).map_err(wrong)? {
            row.insert("channel_expiry".into(), expiry.to_string().into());
        }
        for (name, value) in [
            ("return_affected_field_values", self.values),
            ("notify_on_related_action", self.related),
        ] {
            if let Some(value) = value {
                row.insert(name.into(), value.into());
            }
        }
        Ok(row.into())
    }

    /// Returns the events, such as `Leads.create`, each once.
    pub(super) fn event_names(&self) -> Result<Vec<String>, String> {
        let mut names: Vec<String> = Vec::new();
        for (module, event) in &self.events {
            check::module(module).map_err(|error| format!("cannot be sent: {error}"))?;
            let name = format!("{module}.{}", event.as_str());
            if !names.contains(&name) {
                names.push(name);
            }
        }
        match names.len() {
            0..=MOST_EVENTS => Ok(names),
            events => Err(format!(
                "has {events} events: Zoho takes at most {MOST_EVENTS}, so use another channel for the rest"
            )),
        }
    }

    fn conditions(&self) -> Result<Value, String> {
        let fields: usize = self.conditions.iter().map(|(_, fields)| fields.len()).sum();
        if self.conditions.len() > MOST_CONDITIONS || fields > MOST_FIELDS {
            return Err(format!(
                "has conditions for {} modules with {fields} fields: Zoho takes {MOST_CONDITIONS} modules and \
                 {MOST_FIELDS} fields",
                self.conditions.len()
            ));
        }
        let mut rows: Vec<Value> = Vec::new();
        for (at, (module, fields)) in self.conditions.iter().enumerate() {
            if self.conditions.iter().take(at).any(|(earlier, _)| earlier == module) {
                return Err(format!(
                    "has two conditions for `{}`: name all fields in one",
                    escaped(module)
                ));
            }
            if fields.is_empty() || fields.iter().any(|field| field.trim().is_empty()) {
                return Err(format!(
                    "has a condition for `{}` with an empty field name",
                    escaped(module)
                ));
            }
            let mut parts = fields.iter().map(|field| json!({ "field": { "api_name": field } }));
            let selection = match fields.len() {
                1 => parts.next().unwrap_or_default(),
                _ => json!({ "group_operator": "or", "group": parts.collect::<Vec<_>>() }),
            };
            rows.push(json!({
                "type": "field_selection",
                "module": { "api_name": module },
                "field_selection": selection,
            }));
        }
        Ok(rows.into())
    }

    fn expires(
        &self,
        version: ApiVersion,
        now: DateTime<Utc>,
    ) -> Result<Option<Timestamp>, String> {
        let (longest, margin) = match version < ApiVersion::V4 {
            true => (DAY, MARGIN_OF_DAY),
            false => (WEEK, MARGIN_OF_WEEK),
        };
        let life = match self.expiry {
            Expiry::Unchanged => return Ok(None),
            Expiry::Longest => longest.saturating_sub(margin),
            Expiry::After(life) => life,
            Expiry::At(at) => (at.time().to_utc() - now).to_std().unwrap_or_default(),
        };
        if life < Duration::from_secs(1) || life > longest {
            return Err(format!(
                "has a lifetime of {} s: Zoho takes 1 s to {} s in {version}, and would reduce a longer one to \
                 an hour",
                life.as_secs(),
                longest.as_secs()
            ));
        }
        let end = TimeDelta::from_std(life).ok().and_then(|life| now.checked_add_signed(life));
        end.map(|end| Some(end.into())).ok_or_else(|| "has no end that can be written".to_owned())
    }
}

/// Returns the id of a channel without one: 15 digits that depend on the address only.
fn id_of(url: &str) -> Id {
    Id::from(100_000_000_000_000 + stable_hash(url.as_bytes()) % 900_000_000_000_000)
}

/// Returns the 64-bit FNV-1a, which is the same in all versions of this crate.
pub(super) fn stable_hash(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}

fn check_url(url: &str) -> Result<(), String> {
    let characters = url.chars().count();
    if characters > MOST_URL {
        return Err(format!(
            "has an address of {characters} characters: Zoho takes at most {MOST_URL}"
        ));
    }
    let parsed = url.parse::<http::Uri>().ok();
    let is_http = parsed.as_ref().is_some_and(|url| {
        matches!(url.scheme_str(), Some("https" | "http"))
            && url.host().is_some_and(|host| !host.is_empty())
    });
    match is_http {
        true => Ok(()),
        false => {
            Err("has an invalid address: expected a URL such as `https://app.example/zoho`"
                .to_owned())
        }
    }
}

impl fmt::Debug for Channel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let url = self.url.as_deref().and_then(|url| url.parse::<http::Uri>().ok());
        let events: Vec<String> = self
            .events
            .iter()
            .map(|(module, event)| format!("{module}.{}", event.as_str()))
            .collect();
        f.debug_struct("Channel")
            .field("id", &self.id())
            .field("host", &url.as_ref().and_then(http::Uri::host))
            .field("events", &events)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use chrono::DateTime;
    use serde_json::json;
    use zcrm_core::ApiVersion;

    use super::{Channel, DAY, WEEK};
    use crate::notifications::Event;

    fn channel() -> Channel {
        Channel::to("https://app.example/zoho?tenant=7").on("Leads", [Event::All])
    }

    fn refusal(channel: &Channel, version: ApiVersion) -> String {
        channel.row(version, DateTime::UNIX_EPOCH).unwrap_err().to_string()
    }

    #[test]
    fn writes_all_members() {
        let channel = channel()
            .with_id(7_u64)
            .with_token("secret")
            .on("Deals", [Event::Edit, Event::Edit, Event::Delete])
            .on_change_of("Leads", ["Email", "Mobile"])
            .on_change_of("Deals", ["Stage"])
            .with_lifetime(Duration::from_secs(60))
            .with_values(true)
            .with_related(false)
            .with("new_member", 5);
        let field = |name: &str| json!({ "field": { "api_name": name } });
        let expected = json!({
            "channel_id": "7", "notify_url": "https://app.example/zoho?tenant=7", "token": "secret",
            "events": ["Leads.all", "Deals.edit", "Deals.delete"],
            "channel_expiry": "1970-01-01T00:01:00+00:00",
            "return_affected_field_values": true, "notify_on_related_action": false, "new_member": 5,
            "notification_condition": [
                { "type": "field_selection", "module": { "api_name": "Leads" },
                  "field_selection": { "group_operator": "or", "group": [field("Email"), field("Mobile")] } },
                { "type": "field_selection", "module": { "api_name": "Deals" },
                  "field_selection": field("Stage") },
            ],
        });
        assert_eq!(channel.row(ApiVersion::V8, DateTime::UNIX_EPOCH).unwrap(), expected);
        let shown = format!("{channel:?}");
        assert!(!shown.contains("secret") && !shown.contains("tenant"), "{shown}");
    }

    #[test]
    fn lives_as_long_as_the_version_allows() {
        for (version, end) in [
            (ApiVersion::V3, "1970-01-01T23:55:00+00:00"),
            (ApiVersion::V4, "1970-01-07T23:00:00+00:00"),
        ] {
            let row = channel().row(version, DateTime::UNIX_EPOCH).unwrap();
            assert_eq!(row["channel_expiry"], end, "{version}");
        }
        let row = Channel::existing("7").row(ApiVersion::V8, DateTime::UNIX_EPOCH).unwrap();
        assert_eq!(row, json!({ "channel_id": "7" }));
    }

    #[test]
    fn computes_the_same_id_for_the_same_address() {
        assert_eq!(channel().id().as_str(), "368795021001617");
        assert_ne!(Channel::to("https://app.example/zoho?tenant=8").id(), channel().id());
    }

    #[test]
    fn refuses_what_zoho_would_refuse_or_shorten() {
        let (v3, v5, v8) = (ApiVersion::V3, ApiVersion::V5, ApiVersion::V8);
        let second = Duration::from_secs(1);
        let before: DateTime<chrono::Utc> = "1969-12-31T23:00:00Z".parse().unwrap();
        for (channel, version, expected) in [
            (channel().with_id("seven"), v8, "has an invalid id"),
            (channel().with_id("0"), v8, "has an invalid id"),
            (Channel::to("app.example/zoho"), v8, "has an invalid address"),
            (Channel::to("ftp://app.example/zoho"), v8, "has an invalid address"),
            (Channel::to(format!("https://a.example/{}", "p".repeat(238))), v8, "255"),
            (channel().with_token("t".repeat(51)), v8, "a token of 51 characters"),
            (channel().with_token(""), v8, "a token of 0 characters"),
            (channel().with_lifetime(WEEK + second), v8, "a lifetime of 604801 s"),
            (channel().with_lifetime(DAY + second), v3, "a lifetime of 86401 s"),
            (channel().with_lifetime(Duration::ZERO), v8, "a lifetime of 0 s"),
            (channel().with_expiry(before), v8, "a lifetime of 0 s"),
            (channel().on("Deals\n", [Event::All]), v8, "invalid module name `Deals\\n`"),
            (
                (0..51).fold(channel(), |all, at| all.on(format!("M{at}"), [Event::All])),
                v8,
                "52 events",
            ),
            (channel().on_change_of("Leads", ["Email"]), v5, "use v6 or later"),
            (channel().on_change_of("Leads", [""]), v8, "an empty field name"),
            (channel().on_change_of("Leads", [""; 0]), v8, "an empty field name"),
            (channel().on_change_of("Leads", ["F"; 11]), v8, "with 11 fields"),
            (
                channel().on_change_of("Leads", ["A"]).on_change_of("Leads", ["B"]),
                v8,
                "two conditions for `Leads`",
            ),
        ] {
            let message = refusal(&channel, version);
            assert!(message.contains(expected) && message.starts_with("the channel "), "{message}");
        }
    }
}
