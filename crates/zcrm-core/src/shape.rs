//! The words in which an operation is described: where it lives, what it takes and what it answers with.

/// The prefix of an operation's path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Base {
    /// `/crm/{version}`, where nearly everything is.
    Crm,
    /// `/crm/bulk/{version}`.
    Bulk,
    /// `/crm/email/{version}`.
    Email,
    /// Nothing: the template is the whole path.
    Root,
}

/// Which of Zoho's hosts an operation lives on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Host {
    /// The API host of the user's data centre, where nearly everything is.
    #[default]
    Api,
    /// The accounts server.
    Accounts,
    /// The host that takes uploads.
    Content,
    /// Wherever the answer of another operation says.
    ResultUrl,
}

/// How the pages of a list follow one another.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Paging {
    /// One answer holds all.
    #[default]
    None,
    /// By `page`, counted from 1.
    Numbers,
    /// By `page` at first, then by the `page_token` that the page before told.
    Tokens,
}

/// What an operation sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum BodyShape {
    /// No body.
    None,
    /// A JSON object with a list of items under this key.
    List(&'static str),
    /// JSON of the caller's own shape.
    Json,
    /// Names and values, as a web form sends them.
    Form,
    /// A file in the part of this name.
    Multipart(&'static str),
}

/// What an operation answers with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ResponseShape {
    /// A list of items under this key, beside `info`. A list within an object is named by its path,
    /// such as `org_taxes.taxes`.
    List(&'static str),
    /// One outcome for each item of the request, under this key.
    WriteResults(&'static str),
    /// One outcome for the request as a whole, under this key.
    WriteResult(&'static str),
    /// One object under this key or path, or a list of one.
    Object(&'static str),
    /// JSON of its own shape.
    Bare,
    /// A file.
    Binary,
}
