//! Assembles a request from the values that a builder collected.

use std::mem;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, Request, Uri, header::CONTENT_TYPE};
use percent_encoding::percent_decode_str;
use smol_str::SmolStr;

use super::{Payload, RequestBuilder, RequestDraft, encoding::encode_pairs};
use crate::{BodyShape, CallMeta, Error, operation::Segment};

impl RequestBuilder {
    pub(super) fn assemble(mut self) -> Result<(Head, Payload), Error> {
        let RequestDraft {
            operation,
            version,
            path,
            query,
            headers,
            body,
            parts,
            summary,
            retry,
            credits,
            mistake,
        } = &mut *self.draft;
        let (operation, version) = (&*operation, *version);
        let mut facts = operation.facts();
        summary.apply(operation, query.iter().map(|(name, _)| name.as_str()), &mut facts);
        facts.retry = retry.unwrap_or(facts.retry);
        facts.credits = credits.unwrap_or(facts.credits);
        facts.module = module(path, query);
        let meta = CallMeta::new(facts);
        if let Some(mistake) = mistake.take() {
            return Err(mistake.with_call(&meta));
        }
        let input = |message: String| Err(Error::input(message).with_call(&meta));
        let remedy = || match operation.alternative() {
            Some(other) => format!(": use `{other}` in this version"),
            None => String::new(),
        };
        if version < operation.first_version() {
            return input(format!(
                "`{}` exists from {} on, but the client uses {version}{}",
                operation.name(),
                operation.first_version(),
                remedy()
            ));
        }
        if let Some(last) = operation.last_version().filter(|last| version > *last) {
            return input(format!(
                "`{}` exists only up to {last}, but the client uses {version}{}",
                operation.name(),
                remedy()
            ));
        }
        let (body, kind) = match (body.take(), operation.body_shape()) {
            (None, BodyShape::Multipart(_)) if !parts.is_empty() => {
                (Some(Payload::Multipart(mem::take(parts))), None)
            }
            (body, shape) => {
                let kind = match shape {
                    BodyShape::Form => "application/x-www-form-urlencoded",
                    _ => "application/json",
                };
                (body.map(Payload::Bytes), Some(kind))
            }
        };
        let needs_body = operation.body_shape() != BodyShape::None && !operation.is_body_optional();
        if body.is_none() && needs_body {
            return input(format!("`{}` needs a body", operation.name()));
        }

        let length: usize = path.iter().map(|(_, value)| value.len()).sum();
        let mut uri = operation.prefix(version, operation.template().len() + length);
        let mut missing = None;
        for segment in operation.segments() {
            match segment {
                Segment::Text(text) => uri.push_str(text),
                Segment::Parameter(name) => match path.iter().find(|(given, _)| *given == name) {
                    Some((_, value)) => uri.push_str(value),
                    None => missing = missing.or(Some(name)),
                },
            }
        }
        if let Some(name) = missing {
            let operation = operation.name();
            return input(format!("`{operation}` needs a value for `{name}` in its path"));
        }
        if !query.is_empty() {
            uri.push('?');
            uri.push_str(&encode_pairs(query.iter().map(|(name, value)| (&**name, &**value))));
        }

        let unbuilt =
            || Error::input("the request could not be built").with_call(&operation.meta());
        let uri = Uri::from_maybe_shared(Bytes::from(uri))
            .map_err(|error| unbuilt().with_source(error))?;
        let mut fields = HeaderMap::new();
        for (name, value) in headers.drain(..) {
            fields.append(name, value);
        }
        if let Some(kind) = kind
            && body.is_some()
            && !fields.contains_key(CONTENT_TYPE)
        {
            fields.insert(CONTENT_TYPE, HeaderValue::from_static(kind));
        }
        let method = operation.method().clone();
        Ok((
            Head { method, uri, headers: fields, meta },
            body.unwrap_or(Payload::Bytes(Bytes::new())),
        ))
    }
}

/// Returns the module that a call names in its path or its query.
fn module(path: &[(&'static str, SmolStr)], query: &[(String, String)]) -> Option<SmolStr> {
    if let Some((_, encoded)) = path.iter().find(|(name, _)| *name == "module") {
        return Some(match encoded.bytes().any(|byte| byte == b'%') {
            true => percent_decode_str(encoded).decode_utf8_lossy().into(),
            false => encoded.clone(),
        });
    }
    query.iter().find(|(name, _)| name == "module").map(|(_, value)| SmolStr::new(value))
}

/// A request without its body.
pub(super) struct Head {
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    pub(super) meta: CallMeta,
}

impl Head {
    pub(super) fn with_body<B>(self, body: B) -> Request<B> {
        let mut request = Request::new(body);
        *request.method_mut() = self.method;
        *request.uri_mut() = self.uri;
        *request.headers_mut() = self.headers;
        request.extensions_mut().insert(self.meta);
        request
    }
}
