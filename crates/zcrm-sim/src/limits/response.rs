//! Answers and headers about the limits.

use hyper::StatusCode;
use serde_json::json;

use crate::http::Answer;

/// Adds the header with the remaining credits once half of the allowance is spent.
pub(crate) fn with_remaining_credits(answer: Answer, allowance: u64, spent: u64) -> Answer {
    if spent.saturating_mul(2) < allowance {
        return answer;
    }
    let left = allowance.saturating_sub(spent).to_string();
    answer.with_header("x-api-credits-remaining", &left)
}

/// Returns the refusal of a call that exceeds a limit. Zoho does not say which limit was exceeded.
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
