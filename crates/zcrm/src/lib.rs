//! The Rust SDK for Zoho CRM.
//!
//! Configure the credentials once. [`Client`] then reads and writes CRM data through typed,
//! streaming calls, and exchanges, stores and refreshes the tokens automatically.
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
//! * `mysql-store`: tokens in MySQL or MariaDB, in the table of the Ruby SDK; `db_host` and the
//!   other `db_…` settings.
//! * `logging`: logs in a file and on the console, set by `application_log_file_path` and
//!   `log_in_console`; see the module `logging`.
//! * `ring` (on by default), `aws-lc-rs`: the cryptography of TLS.
//! * `webpki-roots` (on by default), `native-roots`: the trusted certificate authorities: Mozilla's
//!   list, or those of the system.
//! * `derive`: `#[derive(Module)]` for your own structs, see [`Module`].
//! * `ruby-marshal`: token files in the format of the Ruby SDK. A file in that format is read and
//!   written in it. Adds a dependency with the licence WTFPL.
//! * `bulk`: bulk reads and writes, which move entire modules out of and into Zoho CRM; see the
//!   module `bulk`.
//! * `conformance`: the module `stores::conformance`, a test suite for your own
//!   [`TokenStore`](stores::TokenStore).
//! * `test-util`: `ManualClock`, a clock that tests advance without waiting.
//!
//! # Operations without a method, and custom HTTP
//!
//! Call an operation that has no method with [`call`](request::Api::call) and its
//! [`Operation`](operations::Operation); [`operations`] lists the known ones. An application can
//! add [layers](ClientBuilder::layer) and [headers](ClientBuilder::headers) to the HTTP stack (for
//! some calls: [`with_headers`](request::Api::with_headers)), configure the
//! [connector](ClientBuilder::connector), or replace it by a custom
//! [transport](ClientBuilder::transport).
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
//! This crate combines the layers below it and adds configuration. A library that needs only one of
//! them can depend on it directly: `zcrm-core` (data), `zcrm-http` (HTTP), `zcrm-oauth` (tokens),
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

pub use zcrm_api::{composite, coql, metadata, operations, organisation as org};

/// The types that most programs need: `use zcrm::prelude::*;`.
pub mod prelude {
    pub use crate::{
        ApiVersion, Client, Config, DataCenter, Environment, Id, Module, Record,
        oauth::GrantToken,
        records::field,
        values::{Decimal, LineItem, Lookup, Patch, Timestamp},
    };
}

/// Reading, searching and writing records, and the data that belongs to a record: notes, tags,
/// related records, rows of subforms, locks, shares, its timeline and its blueprint; the recycle
/// bin. Start with [`Client::records`](crate::Client).
pub mod records {
    pub use zcrm_api::{
        AutomationDetails, BinRecord, BinRecords, BlueprintProcess, BlueprintState, ChangeTags,
        Condition, FieldChange, FieldRef, MergeRecords, Merged, Note, NoteParent, Notes, Operand,
        RecordBlueprint, RecordHandle, RecordJob, RecordJobKind, RecordJobState, RecordJobStatus,
        RecordLock, RecordLocks, RecordNotes, RecordShares, RecordTags, RecordTerritories, Records,
        RecycleBin, Related, RunTransition, ScheduleRecordJob, Share, ShareMember, SharePermission,
        ShareRecord, Tags, Timeline, TimelineAction, TimelineEntry, TimelineRecord, Transition,
        TransitionField, TransitionOutcome, ValueChange, WaitForRecordJob,
        changes::{Change, ChangeMark, ChangeRound, ChangeStream, Changes, OwnWrite},
        field,
        records::{
            AllRecords, ChangeRows, ChangesRecords, ConvertLead, Converted, CountRecords, Create,
            DeleteRecord, DeleteRecords, Deleted, DeletedKind, DeletedRecord, Deletion, Found,
            GetIfModified, GetRecord, GetRows, Include, RecordQuery, RecordWrite, RelatedCount,
            RelatedCounts, Rows, SortOrder, Trigger, Update, Upsert, Upserts, Verb, WriteAction,
            WriteOptions, WriteRecord, WriteRecords,
        },
    };
    pub use zcrm_core::{
        Action, ItemError, ItemSuccess, ModuleName, RecordError, WriteResults, Written,
    };
}

/// Bulk reads and writes: jobs of many records. Start with
/// [`Records::bulk_read`](records::Records::bulk_read), with
/// [`Records::export`](records::Records::export) for all records of a module, with
/// [`Records::bulk_write`](records::Records::bulk_write), or with
/// [`Records::import`](records::Records::import) for records that must not be written twice.
#[cfg(feature = "bulk")]
pub mod bulk {
    pub use zcrm_api::bulk::{
        BulkChild, BulkChildPosition, BulkColumn, BulkCsv, BulkFileStatus, BulkJob, BulkJobHandle,
        BulkOutcome, BulkOutcomes, BulkPosition, BulkProgress, BulkRead, BulkRecordPosition,
        BulkResult, BulkRowError, BulkRowStatus, BulkRows, BulkState, BulkStatus, BulkWrite,
        BulkWriteHandle, BulkWriteJob, BulkWriteJobs, BulkWriteResult, BulkWriteStatus, CsvOptions,
        DroppedField, Export, ExportReport, ExportStream, Import, ImportOutcomes, ImportProgress,
        ImportReport, SaveCsv, SaveExport, WaitForBulk, WaitForBulkWrite, WaitKind, WaitOptions,
    };
    pub use zcrm_api::changes::{Difference, Differences};
}

/// The builder of requests, lists and their pages, raw calls, and the answers of Zoho.
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

/// Notification channels: Zoho calls an address of the application when records change.
pub mod notifications {
    pub use zcrm_api::notifications::{
        CatchUp, CatchUpEvent, Channel, ChannelKeeper, Event, KeeperEvent, LeaseSeen, MemorySeen,
        Notification, NotificationStream, Notifications, NotifiedOperation, NotifiedRecord,
        OwnEchoes, Receiver, ReceiverBuilder, SeenStore, Subscription, WatchedChannel,
    };
}

/// Attachments, photos, uploads and downloads. A saved download is either complete or absent.
pub mod files {
    pub use zcrm_api::{
        Attachment, Attachments, DownloadBytes, DownloadFile, FileDownload, Files, Photo,
        SaveDownload, SaveFile, SavedFile, UploadFile,
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

/// Token stores: in memory, in a file, in MySQL, or a custom type that implements
/// [`TokenStore`](stores::TokenStore). Stores of leases, by which the processes of a fleet share out work.
pub mod stores {
    #[cfg(feature = "conformance")]
    pub use zcrm_core::lease::conformance as lease_conformance;
    pub use zcrm_core::lease::{Lease, LeaseStore, MemoryLeases};
    #[cfg(feature = "conformance")]
    pub use zcrm_oauth::store::conformance;
    pub use zcrm_oauth::{
        MemoryStore, RefreshLock, Release, StoreError, StoredToken, TokenKey, TokenStore,
    };
    #[cfg(feature = "file-store")]
    pub use zcrm_store_file::{FileLeases, FileStore};
    #[cfg(feature = "mysql-store")]
    pub use zcrm_store_mysql::{MySqlLeases, MySqlStore, MySqlStoreBuilder};
}

/// The HTTP stack: connections, timeouts, limits, retries, and the clock that they use.
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

/// Types for the values of record fields.
pub mod values {
    pub use zcrm_api::{Extra, MetaRef, RawJson};
    pub use zcrm_core::{
        Alarm, Decimal, Discount, FileField, LineItem, LineTax, Link, Lookup, Participant,
        ParticipantKind, Patch, PriceRange, Recurrence, Reminder, Tag, Tax, Timestamp,
    };
}

/// Compiles the code of the README.
#[cfg(doctest)]
#[doc = include_str!("../../../README.md")]
struct Readme;

/// Compiles the code of the page about settings.
#[cfg(doctest)]
#[doc = include_str!("../../../docs/configuration.md")]
struct ConfigurationPage;

/// Compiles the code of the guide for users of the Ruby SDK.
#[cfg(all(doctest, feature = "file-store"))]
#[doc = include_str!("../../../docs/migrating-from-ruby.md")]
struct Migrating;

/// Compiles and runs the code of the page about the simulator.
#[cfg(all(doctest, feature = "file-store", feature = "test-util"))]
#[doc = include_str!("../../../docs/simulator.md")]
struct SimulatorPage;
