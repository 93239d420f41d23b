//! Queries in COQL.
//!
//! `token` and `parse` turn a text into the tree of `syntax`. `check`, with `conditions` and
//! `column`, turns it into a `checked` query, whose names, values and limits are valid. `execute`
//! finds the `rows` that `plan` selects and `filter` accepts, and orders them; `aggregate` groups
//! them. `render` returns their values. `query` is the operation.

mod aggregate;
mod authorize;
mod check;
mod checked;
mod column;
mod conditions;
mod execute;
mod filter;
mod limits;
mod parse;
mod plan;
mod query;
mod refusals;
mod render;
mod rows;
mod scalar;
mod syntax;
mod token;

pub(crate) use query::query;
