//! Answers about the limits.

use hyper::StatusCode;
use serde_json::json;

use crate::http::Answer;

/// What is left of an allowance, in the header that says so from half of it on.
pub(crate) fn with_remaining_credits(answer: Answer, allowance: u64, spent: u64) -> Answer {
    if spent.saturating_mul(2) < allowance {
        return answer;
    }
    let left = allowance.saturating_sub(spent).to_string();
    answer.with_header("x-api-credits-remaining", &left)
}

/// The refusal of a call too many. Zoho does not say which of the limits was hit.
pub(crate) fn too_many_requests() -> Answer {
    let mut answer = Answer::json(
        StatusCode::TOO_MANY_REQUESTS,
        &json!({
            "code": "TOO_MANY_REQUESTS",
            "details": {},
            "message": "You have made too many requests within a certain time frame.",
            "status": "error",
        }),
    );
    answer.authorised = true;
    answer.with_code("TOO_MANY_REQUESTS")
}
