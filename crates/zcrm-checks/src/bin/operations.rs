//! Prints the table of operations as JSON: `operations`.
//!
//! The surface of an operation is the public method that sends it. To find it, every public method
//! is called against a simulator and its requests are recorded.
#![allow(clippy::print_stdout, reason = "a check talks to its user through these streams")]

use std::collections::BTreeMap;

use serde_json::Value;
use zcrm_api::operations::ALL;
use zcrm_checks::{
    Arguments, BoxError,
    operations::{smoke, table},
};
use zcrm_core::ApiVersion;

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    Arguments::parse(std::env::args_os().skip(1), &[], &[])?;
    let mut surfaces = BTreeMap::new();
    // some operations exist in only one version
    for version in [ApiVersion::V8, ApiVersion::V2] {
        for exchange in smoke(version).await?.exchanges {
            if !exchange.surface.is_empty() {
                surfaces.entry(exchange.operation).or_insert(exchange.surface);
            }
        }
    }
    let shown = |operation: &&zcrm_core::Operation| {
        table::shown(operation, surfaces.get(operation.name()).copied())
    };
    let all: Vec<Value> = ALL.iter().map(shown).collect();
    println!("{}", serde_json::to_string_pretty(&all)?);
    Ok(())
}
