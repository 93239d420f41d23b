//! The parts of an operation's description: its prefix, its host, its body and its answer.

/// The prefix of an operation's path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Base {
    /// `/crm/{version}`, the prefix of nearly all operations.
    Crm,
    /// `/crm/bulk/{version}`.
    Bulk,
    /// `/crm/email/{version}`.
    Email,
    /// No prefix: the template is the entire path.
    Root,
}

/// The host of an operation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Host {
    /// The API host of the user's data centre, which nearly all operations use.
    #[default]
    Api,
    /// The accounts server.
    Accounts,
    /// The host that takes uploads.
    Content,
    /// The URL in the answer of another operation.
    ResultUrl,
}

/// How the pages of a list follow one another.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Paging {
    /// One answer holds all items.
    #[default]
    None,
    /// By the parameter `page`, counted from 1.
    Numbers,
    /// By `page` at first, and then by the `page_token` in the previous page.
    Tokens,
}

/// The shape of an operation's request body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum BodyShape {
    /// No body.
    None,
    /// A JSON object with a list of items under this key.
    List(&'static str),
    /// JSON of any shape.
    Json,
    /// Names and values, encoded as a web form.
    Form,
    /// A file in the part of this name.
    Multipart(&'static str),
}

/// The shape of an operation's answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ResponseShape {
    /// A list of items under this key, next to `info`. A list in a nested object is named by its
    /// path, such as `org_taxes.taxes`.
    List(&'static str),
    /// One result for each item of the request, under this key.
    WriteResults(&'static str),
    /// One result for the entire request, under this key.
    WriteResult(&'static str),
    /// One object under this key or path, or a list of one.
    Object(&'static str),
    /// JSON of another shape.
    Bare,
    /// A file.
    Binary,
}
