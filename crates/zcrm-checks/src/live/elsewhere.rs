//! What no run of this program can see, and why.

use super::{Check, How};

const fn not(name: &'static str, assumes: &'static str, why: &'static str) -> Check {
    Check { name, assumes, how: How::Not(why) }
}

pub(super) const CHECKS: &[Check] = &[
    not("uk-and-ae", "CRM answers at www.zohoapis.uk and .ae", "it needs logins there"),
    not("sg", "the data centre sg is not in the table", "it needs a login there"),
    not("invalid-host", "another host from v2.1 on: 400 INVALID_HOST", "it needs a second host"),
    not("other-dc", "a device is sent on by `other_dc`", "it needs a user of a second data centre"),
    not(
        "device-words",
        "a refused device is `access_denied`, a late one `expired`",
        "a person has to refuse",
    ),
    not(
        "grant-limit",
        "a client makes ten grant tokens in ten minutes",
        "grants are made by a person, and the simulator does not keep that limit",
    ),
    not(
        "refresh-tokens",
        "the 21st refresh token ends the first",
        "it would take logins from their users",
    ),
    not("refused-client", "a refused client spends no grant", "a grant is made by a person"),
    not(
        "throttle-pause",
        "a locked refresh token is good again after ten minutes",
        "it needs twenty minutes",
    ),
    not("page-token-wall", "page tokens reach 100,000 records", "it needs as many records"),
    not("expired-page-token", "400 EXPIRED_VALUE", "it needs 24 hours"),
    not(
        "recycle-bin",
        "deleted records lie there for 60 days, ids are kept for 120",
        "it needs months",
    ),
    not(
        "concurrency",
        "5 to 25 calls at once, 10 heavy ones",
        "it would disturb other users of the organisation",
    ),
    not(
        "refused-429",
        "429 executes nothing and costs nothing",
        "no call can be made to meet it on purpose",
    ),
    not(
        "triggers",
        "`trigger: []` starts no automation",
        "it needs an automation that leaves a trace",
    ),
    not(
        "several-external-fields",
        "X-EXTERNAL takes fields with commas between",
        "it needs two modules with such fields",
    ),
    not(
        "upload-hosts",
        "content.zohoapis.*, upload.zohocloud.ca, files.zoho.sa",
        "zcrm sends no bulk upload yet",
    ),
    not(
        "bulk-pages",
        "the most pages of a bulk read: 50 or 500",
        "a job costs 50 credits and leaves a file",
    ),
    not(
        "bulk-downloads",
        "10 downloads of results in a minute, or 50",
        "it needs jobs, which cost credits",
    ),
    not("webhook-retry", "how often a notification is delivered", "it needs a public address"),
    not(
        "large-attachment",
        "attachments of up to 100 MB, or 20 MB",
        "it would fill the organisation's storage",
    ),
    not(
        "ruby-placeholders",
        "the form of the Ruby guide's sample dictionary",
        "no server knows it",
    ),
    not(
        "reset-header",
        "no other header tells of limits",
        "the header of a limit is sent near it alone",
    ),
];
