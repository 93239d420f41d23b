//! The Rust SDK for Zoho CRM.
//!
//! Hand over the credentials once; from then on [`Client`] reads and writes CRM data through typed,
//! streaming calls, while tokens are exchanged, kept and refreshed by themselves.
//!
//! ```no_run
//! use zcrm::prelude::*;
//!
//! # async fn example() -> zcrm::Result<()> {
//! let client = Client::builder()
//!     .client_id("1000.ABC")
//!     .client_secret("secret")
//!     .redirect_uri("https://example.com/callback")
//!     .user("patricia@example.com")
//!     .data_center(DataCenter::EU)
//!     .token_path("tokens")
//!     .build()?;
//!
//! // at the first start only, with a grant token of Zoho's API console; later the file holds the login
//! let client = client.login_if_needed(GrantToken::new("1000.abc")).await?;
//!
//! let lead = Record::new().with("Last_Name", "Boyle").with("Company", "Zylker");
//! let created = client.records("Leads").create(&lead).await?;
//! println!("created {:?}", created.id);
//!
//! let mut leads = client.records("Leads").list().fields(["Last_Name", "Email"]).stream();
//! while let Some(lead) = leads.next().await {
//!     println!("{:?}", lead?.get::<String>("Last_Name")?);
//! }
//! # Ok(())
//! # }
//! ```
//!
//! # Features
//!
//! * `file-store` (on by default): tokens in one file, [`ClientBuilder::token_path`].
//! * `mysql-store`: tokens in MySQL or MariaDB, in the table of the Ruby SDK; `db_host` and its like.
//! * `logging`: logs in a file and on the console, as `application_log_file_path` and
//!   `log_in_console` say: the module `logging`.
//! * `ring` (on by default), `aws-lc-rs`: the cryptography of TLS.
//! * `webpki-roots` (on by default), `native-roots`: the authorities that are trusted, Mozilla's or
//!   the system's.
//! * `derive`: `#[derive(Module)]` for your own structs, see [`Module`].
//! * `ruby-marshal`: that file also in the format of the Ruby SDK, kept as it is found. Brings a
//!   dependency with the licence WTFPL.
//! * `conformance`: the module `stores::conformance`, a test suite for your own
//!   [`TokenStore`](stores::TokenStore).
//! * `test-util`: `ManualClock`, a clock that tests set forward without waiting.
//!
//! # Beyond its methods
//!
//! What has no method is called by its [`Operation`](operations::Operation): [`call`](request::Api::call), [`operations`]. An application puts
//! [layers](ClientBuilder::layer) and [headers](ClientBuilder::headers) of its own into the wire (for some
//! calls: [`with_headers`](request::Api::with_headers)), sets up the [connector](ClientBuilder::connector), or replaces it by a
//! [transport](ClientBuilder::transport) of its own.
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use serde_json::Value;
//! use zcrm::{operations::Operation, prelude::*};
//!
//! const ROLES: Operation = Operation::get("/settings/roles").id("roles.list");
//! # let sim = zcrm_sim::Simulator::start().await?;
//! # let client = Client::builder().config(Config::from_map(sim.settings())?).build()?;
//! # client.tokens().exchange(sim.grant_token()).await?;
//! # sim.clear_journal();
//!
//! let answer = client.call(&ROLES).header("x-trace", "7").json::<Value>().await?;
//! assert!(answer["roles"].is_array());
//! # assert_eq!(sim.journal().entries()[0].path, "/crm/v8/settings/roles");
//! # Ok(())
//! # }
//! ```
//!
//! # Layers
//!
//! This crate composes the layers below it and adds configuration. A library that needs one of
//! them alone depends on that: `zcrm-core` (data), `zcrm-http` (the wire), `zcrm-oauth` (tokens),
//! `zcrm-api` (operations), `zcrm-store-file`.

mod builder;
mod client;
mod clients;
mod config;
mod custom_http;
mod http_stack;
#[cfg(feature = "logging")]
pub mod logging;
mod store;
mod whoami;

pub use builder::ClientBuilder;
pub use client::Client;
pub use clients::Clients;
pub use config::Config;
pub use zcrm_core::{
    ApiVersion, DataCenter, Environment, Error, ErrorKind, Id, Module, Outcome, Record, Result,
};
#[cfg(feature = "derive")]
pub use zcrm_derive::Module;

pub use zcrm_api::{metadata, operations, organisation as org};

/// What most programs need: `use zcrm::prelude::*;`.
pub mod prelude {
    pub use crate::{
        ApiVersion, Client, Config, DataCenter, Environment, Id, Module, Record,
        oauth::GrantToken,
        records::field,
        values::{Decimal, LineItem, Lookup, Patch, Timestamp},
    };
}

/// Records: reading, finding and writing them, and what belongs to one (notes, tags, related records,
/// rows of subforms). Begin with [`Client::records`](crate::Client).
pub mod records {
    pub use zcrm_api::{
        ChangeTags, Condition, FieldRef, Note, NoteParent, Notes, Operand, RecordHandle,
        RecordNotes, RecordTags, Records, Related, Tags, field,
        records::{
            AllRecords, ChangeRows, ChangesRecords, ConvertLead, Converted, Create, DeleteRecord,
            DeleteRecords, Deleted, DeletedKind, DeletedRecord, Deletion, Found, GetIfModified,
            GetRecord, GetRows, Include, RecordQuery, RecordWrite, Rows, SortOrder, Trigger,
            Update, Upsert, Upserts, Verb, WriteAction, WriteOptions, WriteRecord, WriteRecords,
        },
    };
    pub use zcrm_core::{
        Action, ItemError, ItemSuccess, ModuleName, RecordError, WriteResults, Written,
    };
}

/// The builder of all requests, lists and their pages, raw calls, and what Zoho answers.
pub mod request {
    pub use zcrm_api::{
        Api, Call, Cursor, List, Request,
        list::{
            Collected, FieldList, HasPages, HasTokens, ItemStream, NamesFields, Paged, Pages,
            Sorted, Source, Whole,
        },
        request::{
            Acknowledge, Count, GetItem, Kind, ReadJson, ReadOutcomes, SingleCall, WriteItem,
            WriteItems, WriteResult,
        },
    };
    pub use zcrm_core::{ApiError, CallMeta, Code, More, Page, PageInfo, Reply, RetryClass};
    pub use zcrm_http::CallSettings;
}

/// Files: attachments and photos, uploads, and downloads that are saved whole or not at all.
pub mod files {
    pub use zcrm_api::{
        Attachment, Attachments, DownloadBytes, DownloadFile, FileDownload, Photo, SaveDownload,
        SaveFile, SavedFile, UploadFile,
    };
    pub use zcrm_http::{Download, Progress, ReqBody};
}

/// Logging in, tokens and their refresh.
pub mod oauth {
    pub use zcrm_core::{ExposeSecret, SecretString};
    pub use zcrm_oauth::{
        AuthorizeUrl, ClientSecret, CredentialsProvider, DeviceLogin, Grant, GrantToken, Redirect,
        RevokeBy, TokenFault, TokenManager, TokenManagerBuilder, TokenObserver, UnsavedToken,
        UserInfo, UserLookup, UserTokens,
    };
}

/// Where tokens are stored: the memory, a file, MySQL, or a store of your own, which implements
/// [`TokenStore`](stores::TokenStore).
pub mod stores {
    #[cfg(feature = "conformance")]
    pub use zcrm_oauth::store::conformance;
    pub use zcrm_oauth::{
        MemoryStore, RefreshLock, Release, StoreError, StoredToken, TokenKey, TokenStore,
    };
    #[cfg(feature = "file-store")]
    pub use zcrm_store_file::FileStore;
    #[cfg(feature = "mysql-store")]
    pub use zcrm_store_mysql::{MySqlStore, MySqlStoreBuilder};
}

/// The HTTP stack: connections, timeouts, limits, retries, and the clock that they go by.
pub mod http {
    #[cfg(feature = "test-util")]
    pub use zcrm_core::ManualClock;
    pub use zcrm_core::{CallMeta, Clock, Code, Origin, RetryClass, Sleep};
    pub use zcrm_http::{
        Attempts, Authorization, AuthorizedBy, Authorizer, BoxError, Connector, ConnectorBuilder,
        Ended, ForHost, LayerPosition, Limits, MaybeExecuted, Observer, ReqBody, ResBody, Resolve,
        StaticAuthorizer, Tenant, Timeouts, TokioClock, Transport,
        layer::{CreditMeter, RetryBudget, RetryPolicy},
    };
}

/// Values of records' fields, as types.
pub mod values {
    pub use zcrm_api::{Extra, MetaRef, RawJson};
    pub use zcrm_core::{
        Alarm, Decimal, Discount, FileField, LineItem, LineTax, Link, Lookup, Participant,
        ParticipantKind, Patch, PriceRange, Recurrence, Reminder, Tag, Tax, Timestamp,
    };
}

/// The README's code, compiled.
#[cfg(doctest)]
#[doc = include_str!("../../../README.md")]
struct Readme;

/// The page of settings, its code compiled.
#[cfg(doctest)]
#[doc = include_str!("../../../docs/configuration.md")]
struct ConfigurationPage;

/// The guide's code, compiled.
#[cfg(all(doctest, feature = "file-store"))]
#[doc = include_str!("../../../docs/migrating-from-ruby.md")]
struct Migrating;

/// The simulator's page, its code compiled and run.
#[cfg(all(doctest, feature = "file-store", feature = "test-util"))]
#[doc = include_str!("../../../docs/simulator.md")]
struct SimulatorPage;
