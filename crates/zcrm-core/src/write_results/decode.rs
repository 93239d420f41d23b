//! Decoding of a write's results from elements of any shape.

use bytes::Bytes;
use http::StatusCode;
use serde_json::{Value, value::RawValue};

use super::{
    Action, ItemError, ItemSuccess, WriteResults, ordinary::ordinary, success_text::SuccessText,
};
use crate::{
    ApiError, Error, ErrorKind, Id, Outcome, Timestamp, escaped, json::Members,
    status_object::StatusObject,
};

/// Reads one result for each item that was sent.
///
/// `sent` holds the ids of the items, if they are known. The `elements` are parts of `body`. `context`
/// adds facts about the call to an error.
pub(crate) fn decode(
    status: StatusCode,
    body: &Bytes,
    elements: &[&RawValue],
    sent: &[Option<Id>],
    context: impl Fn(Error) -> Error,
) -> WriteResults<ItemSuccess> {
    if elements.len() != sent.len() {
        return wrong_number(status, elements, sent.len(), context);
    }
    let one = |(element, sent): (&&RawValue, &Option<Id>)| {
        let text = element.get();
        let ordinary = status.is_success().then(|| ordinary(body, text, sent.as_ref())).flatten();
        match ordinary {
            Some(success) => Ok(success),
            None => of_any_shape(status, body, text, sent.as_ref(), &context),
        }
    };
    elements.iter().zip(sent).map(one).collect()
}

/// Reads the result in an element of any shape.
pub(super) fn of_any_shape(
    status: StatusCode,
    body: &Bytes,
    text: &str,
    sent: Option<&Id>,
    context: impl Fn(Error) -> Error,
) -> Result<ItemSuccess, ItemError> {
    let problem = |outcome, message: String| {
        ItemError::of_call(context(Error::new(ErrorKind::Decode, outcome, message)))
    };
    if let Some(api) = ApiError::from_json(status, text.as_bytes()) {
        return Err(ItemError::of_call(context(Error::from_api(api))));
    }
    let Some((success, said)) = read(body, text) else {
        // a 207 may hold errors too, and an object with a code may be one
        let outcome = match status.is_success() && status != StatusCode::MULTI_STATUS {
            true if !has_code(text) => Outcome::Executed,
            _ => Outcome::Unknown,
        };
        let what = match has_code(text) {
            true => "has a code, but is neither a success nor an error",
            false => "is not a result",
        };
        return Err(problem(outcome, format!("an element of the answer {what}")));
    };
    if !status.is_success() {
        let message = format!("the answer has an error status, but its body reports {}", said.code);
        return Err(problem(Outcome::Unknown, message));
    }
    match (sent, &success.id) {
        (Some(sent), Some(id)) if sent != id => Err(problem(
            Outcome::Unknown,
            format!(
                "the answer is about the id {}, but {} was sent",
                escaped(id.as_str()),
                escaped(sent.as_str())
            ),
        )),
        _ => Ok(success),
    }
}

/// Returns unknown results, because it is not known which result belongs to which item.
fn wrong_number(
    status: StatusCode,
    elements: &[&RawValue],
    sent: usize,
    context: impl Fn(Error) -> Error,
) -> WriteResults<ItemSuccess> {
    let message = format!(
        "the answer has {} results but the request had {sent} records, so it is not known which \
         belongs to which",
        elements.len()
    );
    let mut error = Error::new(ErrorKind::Decode, Outcome::Unknown, message);
    let refusal = |element: &&RawValue| ApiError::from_json(status, element.get().as_bytes());
    if let Some(refusal) = elements.iter().find_map(refusal) {
        error = error.with_source(refusal);
    }
    WriteResults::failed(sent, &ItemError::new(Outcome::Unknown, context(error)))
}

fn has_code(text: &str) -> bool {
    Members::parse(text).is_ok_and(|members| members.get("code").is_some())
}

/// Returns `true` if a text is one success: a status object at the top or under one of its members,
/// or the only element of a list there.
pub(crate) fn sole_success(text: &str) -> bool {
    if is_success(text) {
        return true;
    }
    let Ok(members) = Members::parse(text) else { return false };
    let mut lists =
        members.0.iter().filter_map(|(_, value)| match serde_json::from_str(value.get()) {
            Ok(list) => Some::<Vec<&RawValue>>(list),
            Err(_) => has_code(value.get()).then(|| vec![*value]),
        });
    match (lists.next().as_deref(), lists.next()) {
        (Some([only]), None) => is_success(only.get()),
        _ => false,
    }
}

/// Returns `true` if a text is the status object of a success.
pub(crate) fn is_success(text: &str) -> bool {
    StatusObject::read(text.as_bytes()).is_some_and(|said| said.is_success())
}

/// Reads a success and its status object, if the text is a success. The text is a part of `body`.
fn read(body: &Bytes, text: &str) -> Option<(ItemSuccess, StatusObject)> {
    let said = StatusObject::read(text.as_bytes()).filter(StatusObject::is_success)?;
    let time = |name| said.details.get(name).and_then(Value::as_str)?.parse::<Timestamp>().ok();
    let success = ItemSuccess {
        id: said.details.get("id").and_then(|id| serde_json::from_value(id.clone()).ok()),
        action: said.action.as_deref().map(Action::from),
        created_time: time("Created_Time"),
        modified_time: time("Modified_Time"),
        text: SuccessText::new(body.slice_ref(text.as_bytes())),
    };
    Some((success, said))
}
