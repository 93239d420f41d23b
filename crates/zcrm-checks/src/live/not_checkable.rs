//! What no run of this program can see, and why.

use super::check::{Check, CheckKind};

const fn not(name: &'static str, assumes: &'static str, why: &'static str) -> Check {
    Check { name, assumes, how: CheckKind::Not(why) }
}

pub(super) const CHECKS: &[Check] = &[
    not("uk-and-ae", "CRM answers at www.zohoapis.uk and .ae", "it needs logins there"),
    not("sg", "the data centre sg is not in the table", "it needs a login there"),
    not(
        "triggers",
        "`trigger: []` starts no automation",
        "it needs an automation that leaves a trace",
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
        "ruby-placeholders",
        "the form of the Ruby guide's sample dictionary",
        "no server knows it",
    ),
];
