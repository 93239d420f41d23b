//! zcrm's own format: one JSON object with a list of tokens. Unknown members are kept unchanged.

use std::fmt;

use chrono::{DateTime, SecondsFormat, Utc};
use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{Error as _, IgnoredAny, MapAccess, Visitor},
    ser::SerializeMap as _,
};
use serde_json::value::RawValue;
use zcrm_core::{Environment, ExposeSecret, SecretString};
use zcrm_oauth::{StoredToken, TokenKey};

use crate::format_error::FormatError;

/// The version of the format, under [`VERSION`].
const CURRENT: u64 = 1;

const VERSION: &str = "zcrm_tokens";
const TOKENS: &str = "tokens";

const USER: &str = "user";
const CLIENT: &str = "client_id";
const ENVIRONMENT: &str = "environment";
const ORGANISATION: &str = "organisation";
const ACCESS: &str = "access_token";
const REFRESH: &str = "refresh_token";
const EXPIRES: &str = "expires_at";
const API_DOMAIN: &str = "api_domain";
const ACCOUNTS: &str = "accounts_server";
const SCOPE: &str = "scope";

/// The content of a token file.
#[derive(Clone, Default)]
pub(crate) struct Document {
    /// All members of the object. The value of [`TOKENS`] is ignored; `tokens` holds the current
    /// list.
    members: Object,
    tokens: Vec<Object>,
}

impl Document {
    pub(crate) fn parse(bytes: &[u8]) -> Result<Self, FormatError> {
        let text = std::str::from_utf8(bytes).map_err(|error| {
            FormatError::new(format!("is not valid UTF-8 at byte {}", error.valid_up_to()))
        })?;
        // serde's messages quote the content, so only the position is used
        if let Err(error) = serde_json::from_str::<IgnoredAny>(text) {
            let what = if error.is_eof() { "is cut off" } else { "is not valid JSON" };
            let (line, column) = (error.line(), error.column());
            return Err(FormatError::new(format!("{what} at line {line}, column {column}")));
        }
        let members: Object = serde_json::from_str(text)
            .map_err(|_| FormatError::new("has a duplicate member or is not an object"))?;
        let version = members.get(VERSION).and_then(|raw| raw.get().parse::<u64>().ok());
        match version {
            Some(CURRENT) => {}
            Some(newer) => {
                return Err(FormatError::new(format!(
                    "has version {newer}, but this program supports only version {CURRENT}: update the program"
                )));
            }
            None => {
                return Err(FormatError::new(format!(
                    "is not a zcrm token file: it has no version under `{VERSION}`"
                )));
            }
        }
        let raw: Vec<Box<RawValue>> = members
            .get(TOKENS)
            .and_then(|raw| serde_json::from_str(raw.get()).ok())
            .ok_or_else(|| FormatError::new(format!("has no list under `{TOKENS}`")))?;
        let mut tokens = Vec::with_capacity(raw.len());
        for (at, raw) in raw.iter().enumerate() {
            let token: Object = serde_json::from_str(raw.get()).map_err(|_| {
                FormatError::new(format!(
                    "has a duplicate member in token {at}, or that token is not an object"
                ))
            })?;
            for name in [USER, CLIENT, ENVIRONMENT] {
                token.required(at, name)?;
            }
            tokens.push(token);
        }
        Ok(Self { members, tokens })
    }

    pub(crate) fn to_bytes(&self) -> Result<Vec<u8>, FormatError> {
        let mut bytes = serde_json::to_vec_pretty(self).map_err(|_| unwritable())?;
        bytes.push(b'\n');
        Ok(bytes)
    }

    pub(crate) fn get(&self, key: &TokenKey) -> Result<Option<StoredToken>, FormatError> {
        match self.find(key)? {
            Some((at, token)) => token.to_token(at).map(Some),
            None => Ok(None),
        }
    }

    pub(crate) fn put(&mut self, key: &TokenKey, token: &StoredToken) -> Result<(), FormatError> {
        let found = self.find(key)?.map(|(at, _)| at);
        let mut changed = Object::default();
        if let Some(old) = found.and_then(|at| self.tokens.get(at)) {
            changed = old.clone();
        } else {
            changed.set(USER, key.user())?;
            changed.set(CLIENT, key.client_id())?;
            changed.set(ENVIRONMENT, key.environment().as_str())?;
            changed.set_or_remove(ORGANISATION, key.organisation())?;
        }
        changed.set(ACCESS, token.access.expose_secret())?;
        changed.set_or_remove(REFRESH, token.refresh.as_ref().map(ExposeSecret::expose_secret))?;
        changed.set(EXPIRES, &token.expires_at.to_rfc3339_opts(SecondsFormat::AutoSi, true))?;
        changed.set_or_remove(API_DOMAIN, token.api_domain.as_deref())?;
        changed.set_or_remove(ACCOUNTS, token.accounts_server.as_deref())?;
        changed.set_or_remove(SCOPE, token.scope.as_deref())?;
        match found.and_then(|at| self.tokens.get_mut(at)) {
            Some(old) => *old = changed,
            None => self.tokens.push(changed),
        }
        Ok(())
    }

    pub(crate) fn remove(&mut self, key: &TokenKey) -> Result<bool, FormatError> {
        let found = self.find(key)?.map(|(at, _)| at);
        if let Some(at) = found {
            self.tokens.remove(at);
        }
        Ok(found.is_some())
    }

    pub(crate) fn keys(&self) -> Result<Vec<TokenKey>, FormatError> {
        self.tokens.iter().enumerate().map(|(at, token)| token.to_key(at)).collect()
    }

    fn find(&self, key: &TokenKey) -> Result<Option<(usize, &Object)>, FormatError> {
        let mut found = None;
        for (at, token) in self.tokens.iter().enumerate() {
            let same = token.required(at, USER)? == key.user()
                && token.required(at, CLIENT)? == key.client_id()
                && token.required(at, ENVIRONMENT)? == key.environment().as_str()
                && token.optional(at, ORGANISATION)?.as_deref() == key.organisation();
            if same && found.replace((at, token)).is_some() {
                return Err(FormatError::new(format!(
                    "has two tokens for one key: token {at} is the second"
                )));
            }
        }
        Ok(found)
    }
}

impl Serialize for Document {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        if self.members.get(VERSION).is_none() {
            map.serialize_entry(VERSION, &CURRENT)?;
        }
        for (name, value) in &self.members.0 {
            if name != TOKENS {
                map.serialize_entry(name, value)?;
            }
        }
        map.serialize_entry(TOKENS, &self.tokens)?;
        map.end()
    }
}

/// A JSON object that keeps the order and the text of its members.
#[derive(Clone, Default)]
struct Object(Vec<(String, Box<RawValue>)>);

impl Object {
    fn get(&self, name: &str) -> Option<&RawValue> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, value)| &**value)
    }

    /// Returns the text of a member, or `None` if it is absent or null.
    fn optional(&self, at: usize, name: &str) -> Result<Option<String>, FormatError> {
        let Some(raw) = self.get(name) else {
            return Ok(None);
        };
        serde_json::from_str(raw.get())
            .map_err(|_| FormatError::new(format!("has a `{name}` of another type in token {at}")))
    }

    fn required(&self, at: usize, name: &str) -> Result<String, FormatError> {
        self.optional(at, name)?
            .ok_or_else(|| FormatError::new(format!("has no `{name}` in token {at}")))
    }

    fn set<T: Serialize + ?Sized>(&mut self, name: &str, value: &T) -> Result<(), FormatError> {
        let value = serde_json::value::to_raw_value(value).map_err(|_| unwritable())?;
        match self.0.iter_mut().find(|(known, _)| known == name) {
            Some((_, old)) => *old = value,
            None => self.0.push((name.to_owned(), value)),
        }
        Ok(())
    }

    fn set_or_remove(&mut self, name: &str, value: Option<&str>) -> Result<(), FormatError> {
        match value {
            Some(value) => self.set(name, value),
            None => {
                self.0.retain(|(known, _)| known != name);
                Ok(())
            }
        }
    }

    fn to_key(&self, at: usize) -> Result<TokenKey, FormatError> {
        let environment: Environment = self.required(at, ENVIRONMENT)?.parse().map_err(|_| {
            FormatError::new(format!(
                "has an unknown `{ENVIRONMENT}` in token {at}: expected production, sandbox or developer"
            ))
        })?;
        let key = TokenKey::new(self.required(at, USER)?, self.required(at, CLIENT)?, environment);
        Ok(match self.optional(at, ORGANISATION)? {
            Some(organisation) => key.with_organisation(organisation),
            None => key,
        })
    }

    /// Reads the token. Members that a login does not need are read leniently: a value that is not
    /// text counts as absent.
    fn to_token(&self, at: usize) -> Result<StoredToken, FormatError> {
        let expires: DateTime<Utc> = self.required(at, EXPIRES)?.parse().map_err(|_| {
            FormatError::new(format!("has an invalid `{EXPIRES}` in token {at}: expected RFC 3339, for example 2026-05-24T17:05:12Z"))
        })?;
        let mut token = StoredToken::new(self.required(at, ACCESS)?, expires);
        token.refresh = self.optional(at, REFRESH)?.map(SecretString::from);
        token.api_domain = self.text(API_DOMAIN);
        token.accounts_server = self.text(ACCOUNTS);
        token.scope = self.text(SCOPE).or_else(|| {
            let scopes: Vec<String> = serde_json::from_str(self.get(SCOPE)?.get()).ok()?;
            Some(scopes.join(","))
        });
        Ok(token)
    }

    /// Returns a member if it is text.
    fn text(&self, name: &str) -> Option<String> {
        serde_json::from_str(self.get(name)?.get()).ok()
    }
}

impl Serialize for Object {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (name, value) in &self.0 {
            map.serialize_entry(name, value)?;
        }
        map.end()
    }
}

impl<'de> Deserialize<'de> for Object {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Members;
        impl<'de> Visitor<'de> for Members {
            type Value = Object;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Object, A::Error> {
                let mut object = Object::default();
                while let Some((name, value)) = map.next_entry::<String, Box<RawValue>>()? {
                    if object.get(&name).is_some() {
                        return Err(A::Error::custom("a duplicate member"));
                    }
                    object.0.push((name, value));
                }
                Ok(object)
            }
        }
        deserializer.deserialize_map(Members)
    }
}

fn unwritable() -> FormatError {
    FormatError::new("cannot be written as JSON")
}
