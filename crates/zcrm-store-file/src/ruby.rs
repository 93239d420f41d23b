//! The format of the Ruby SDK: Ruby's `Marshal` of an array of token objects (feature
//! `ruby-marshal`).
//!
//! It holds the user, both tokens and the expiry in milliseconds. Other members that Ruby wrote are
//! kept.

use chrono::{DateTime, Utc};
use marshal_rs::{Arena, Kind, ReadError, ValueId, ValueRef, dump, load};
use zcrm_core::{ExposeSecret as _, SecretString};
use zcrm_oauth::StoredToken;

use crate::format_error::FormatError;

const CLASS: &[u8] = b"ZCRMSDK::OAuthClient::ZohoOAuthTokens";

/// The instance variables, in the order in which Ruby writes them.
const REFRESH: &str = "@refresh_token";
const ACCESS: &str = "@access_token";
const EXPIRY: &str = "@expiry_time";
const USER: &str = "@user_identifier";

/// The end of the year 9999 in milliseconds. Later expiry times are limited to it.
const LAST: i64 = 253_402_300_799_999;

/// The integers that Ruby writes as a Fixnum. All others are written as a Bignum.
const FIXNUM: std::ops::Range<i64> = -(1 << 30)..1 << 30;

/// The array of tokens.
pub(crate) struct RubyTokens {
    arena: Arena<'static>,
}

impl RubyTokens {
    pub(crate) fn parse(bytes: &[u8]) -> Result<Self, FormatError> {
        let arena = load(bytes).map_err(unreadable)?.into_owned();
        let root = ValueRef::root(&arena);
        if root.kind() != Kind::Array {
            return Err(FormatError::new("is in Ruby's format, but is not an array of tokens"));
        }
        for (at, token) in root.array().enumerate() {
            if token.kind() != Kind::Object || token.class_name() != Some(CLASS) {
                return Err(FormatError::new(format!(
                    "has an object other than ZohoOAuthTokens at index {at} of Ruby's array"
                )));
            }
            let user = member(token, USER);
            if !user.is_nil() && user.as_bytes().is_none() {
                return Err(not_text(USER, at));
            }
        }
        Ok(Self { arena })
    }

    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        dump(&self.arena)
    }

    /// Returns the first token of a user, as Ruby does.
    pub(crate) fn get(&self, user: &str) -> Result<Option<StoredToken>, FormatError> {
        let found = self.tokens().enumerate().find(|(_, token)| is_of(*token, user));
        found.map(|(at, token)| to_token(token, at)).transpose()
    }

    /// Saves a user's token at the end of the array, as Ruby does. Instance variables that are not known here
    /// are kept.
    pub(crate) fn put(&mut self, user: &str, token: &StoredToken) -> Result<(), FormatError> {
        let old = self.tokens().find(|token| is_of(*token, user));
        let mut others: Vec<(Vec<u8>, ValueId)> = Vec::new();
        for (name, value) in old.into_iter().flat_map(|old| old.members()) {
            if ![REFRESH, ACCESS, EXPIRY, USER].iter().any(|known| known.as_bytes() == name) {
                others.push((name.to_vec(), value.id()));
            }
        }
        let mut kept = self.others(user);
        let arena = &mut self.arena;
        let refresh = match &token.refresh {
            Some(refresh) => arena.push_string(refresh.expose_secret().to_owned()),
            None => arena.push_nil(),
        };
        let access = arena.push_string(token.access.expose_secret().to_owned());
        let expiry = push_integer(arena, token.expires_at.timestamp_millis());
        let user = arena.push_string(user.to_owned());
        let mut members = vec![
            (REFRESH.as_bytes().to_vec(), refresh),
            (ACCESS.as_bytes().to_vec(), access),
            (EXPIRY.as_bytes().to_vec(), expiry),
            (USER.as_bytes().to_vec(), user),
        ];
        members.append(&mut others);
        kept.push(arena.push_object(CLASS.to_vec(), &members).ok_or_else(unwritable)?);
        self.keep(&kept)
    }

    /// Removes the tokens of a user. Returns `true` if there was one.
    pub(crate) fn remove(&mut self, user: &str) -> Result<bool, FormatError> {
        let kept = self.others(user);
        let removed = kept.len() < self.tokens().len();
        self.keep(&kept)?;
        Ok(removed)
    }

    /// Returns the users, without duplicates. A token without a user has the empty name.
    pub(crate) fn users(&self) -> Result<Vec<String>, FormatError> {
        let mut users = Vec::new();
        for (at, token) in self.tokens().enumerate() {
            let user = member(token, USER);
            let user = match user.as_bytes() {
                None => String::new(),
                Some(bytes) => String::from_utf8(bytes.to_vec()).map_err(|_| not_text(USER, at))?,
            };
            if !users.contains(&user) {
                users.push(user);
            }
        }
        Ok(users)
    }

    fn tokens(&self) -> impl ExactSizeIterator<Item = ValueRef<'_, 'static>> {
        ValueRef::root(&self.arena).array()
    }

    fn others(&self, user: &str) -> Vec<ValueId> {
        self.tokens().filter(|token| !is_of(*token, user)).map(|token| token.id()).collect()
    }

    fn keep(&mut self, tokens: &[ValueId]) -> Result<(), FormatError> {
        let root = self.arena.push_array(tokens).ok_or_else(unwritable)?;
        if self.arena.set_root(root) { Ok(()) } else { Err(unwritable()) }
    }
}

fn member<'r, 'a>(token: ValueRef<'r, 'a>, name: &str) -> Member<'r, 'a> {
    Member(token.get(name))
}

/// An instance variable, which may be absent.
struct Member<'r, 'a>(Option<ValueRef<'r, 'a>>);

impl<'r> Member<'r, '_> {
    fn is_nil(&self) -> bool {
        self.0.is_none_or(|value| value.is_nil())
    }

    /// Returns the bytes of a string, for any encoding that Ruby gives it.
    fn as_bytes(&self) -> Option<&'r [u8]> {
        let value = self.0.filter(|value| matches!(value.kind(), Kind::Str | Kind::Bytes))?;
        value.as_bytes()
    }

    fn text(&self, name: &str, at: usize) -> Result<Option<String>, FormatError> {
        if self.is_nil() {
            return Ok(None);
        }
        let bytes = self.as_bytes().ok_or_else(|| not_text(name, at))?;
        String::from_utf8(bytes.to_vec()).map(Some).map_err(|_| not_text(name, at))
    }

    fn time(&self, at: usize) -> Result<DateTime<Utc>, FormatError> {
        let Some(value) = self.0.filter(|value| !value.is_nil()) else {
            // a token without an expiry counts as expired
            return Ok(DateTime::UNIX_EPOCH);
        };
        let text =
            || self.as_bytes().and_then(|it| std::str::from_utf8(it).ok()?.trim().parse().ok());
        let milliseconds = integer(value).or_else(text).ok_or_else(|| {
            FormatError::new(format!(
                "has an invalid `{EXPIRY}` in token {at}: expected milliseconds since 1970"
            ))
        })?;
        let bound = milliseconds.clamp(-LAST, LAST);
        Ok(DateTime::from_timestamp_millis(bound).unwrap_or_default())
    }
}

fn is_of(token: ValueRef<'_, '_>, user: &str) -> bool {
    member(token, USER).as_bytes().unwrap_or_default() == user.as_bytes()
}

fn to_token(token: ValueRef<'_, '_>, at: usize) -> Result<StoredToken, FormatError> {
    let access = member(token, ACCESS).text(ACCESS, at)?;
    // without an access token only the refresh token can be used
    let expires_at = match access {
        Some(_) => member(token, EXPIRY).time(at)?,
        None => DateTime::UNIX_EPOCH,
    };
    let mut stored = StoredToken::new(access.unwrap_or_default(), expires_at);
    stored.refresh = member(token, REFRESH).text(REFRESH, at)?.map(SecretString::from);
    Ok(stored)
}

/// Returns an integer, or the integer part of a float. Numbers outside the range of `i64` become
/// its nearest end.
fn integer(value: ValueRef<'_, '_>) -> Option<i64> {
    if let Some(number) = value.as_i64() {
        return Some(number);
    }
    if let Some((negative, _)) = value.as_bignum_bytes() {
        return Some(if negative { i64::MIN } else { i64::MAX });
    }
    #[expect(clippy::cast_possible_truncation, reason = "casting a float saturates")]
    value.as_f64().filter(|float| !float.is_nan()).map(|float| float as i64)
}

fn push_integer(arena: &mut Arena<'static>, value: i64) -> ValueId {
    match i32::try_from(value) {
        Ok(small) if FIXNUM.contains(&value) => arena.push_fixnum(small),
        _ => arena.push_bignum(value < 0, value.unsigned_abs().to_le_bytes().to_vec()),
    }
}

fn unreadable(error: ReadError) -> FormatError {
    let what = match error {
        ReadError::UnexpectedEof { offset } => {
            format!("is in Ruby's format, but is cut off at byte {offset}")
        }
        ReadError::LengthOverflow => "is in Ruby's format, but is cut off".to_owned(),
        other => format!("is in Ruby's format, but is malformed: {other}"),
    };
    FormatError::new(what).transient()
}

fn not_text(name: &str, at: usize) -> FormatError {
    FormatError::new(format!("has a `{name}` that is not UTF-8 text in token {at}"))
}

fn unwritable() -> FormatError {
    FormatError::new("cannot be written in Ruby's format")
}
