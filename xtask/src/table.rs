//! The layer table: which member may depend on what.
//!
//! This file is the only place to change for a new member or a new direct dependency. The table
//! says what `docs/architecture.md` says in prose; the rules that read it stand in `layers.rs`.

/// Where a member stands among the others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tier {
    /// A layer of the SDK. A crate depends only on crates of lower layers; two crates of one layer
    /// do not know each other.
    Layer(u8),
    /// Depends on no crate of the workspace. Used by nobody but those that name it in their `also`,
    /// and by the crates on top.
    Apart,
    /// Unpublished: may use every crate of the SDK, is used by none.
    Top,
    /// This tool: depends on no crate of the workspace, is used by none.
    Tool,
}

/// The external packages that a member may name as a normal or build dependency.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Externals {
    /// These and no others, in alphabetical order.
    Only(&'static [&'static str]),
    /// All, but those of a [`Family`] that is at home elsewhere.
    Free,
}

/// A member of the workspace.
#[derive(Debug)]
pub(crate) struct Row {
    pub(crate) name: &'static str,
    pub(crate) tier: Tier,
    /// Crates that stand [`Apart`](Tier::Apart), which this one may use all the same.
    pub(crate) also: &'static [&'static str],
    pub(crate) externals: Externals,
    /// The external packages that it may name only as optional dependencies, whatever `never` says.
    pub(crate) behind_features: &'static [&'static str],
    /// Families and packages that it must never name, with the reason. This holds whatever stands
    /// in `externals`, so that the list cannot grow against the architecture by accident.
    pub(crate) never: &'static [(&'static str, &'static str)],
}

/// Packages that belong together and are confined to a few members.
#[derive(Debug)]
pub(crate) struct Family {
    /// A package is of the family if its name is a stem, or a stem followed by `-` or `_`.
    pub(crate) stems: &'static [&'static str],
    /// The members that may depend on it.
    pub(crate) homes: &'static [&'static str],
}

/// The simulator, which every member of the SDK may use in its tests and examples.
pub(crate) const SIMULATOR: &str = "zcrm-sim";

/// What tests share; every member may use it in its tests.
pub(crate) const TEST_KIT: &str = "zcrm-test-kit";

const DATA_ONLY: &str = "zcrm-core is data only: no I/O, no async runtime, no HTTP stack";
const NO_WIRE: &str = "zcrm-api works over any transport of zcrm-http and does not know the wire";

/// The families.
pub(crate) const FAMILIES: &[Family] = &[
    // zcrm-checks looks into the logs of both, for secrets
    Family {
        stems: &["hyper"],
        homes: &["zcrm-http", "zcrm-sim", "zcrm-test-kit", "zcrm-bench", "zcrm-checks"],
    },
    Family {
        stems: &["diesel", "mysql", "mysql_async", "mysql_common"],
        homes: &["zcrm-store-mysql"],
    },
];

/// The members, the lower layers first.
pub(crate) const TABLE: &[Row] = &[
    Row {
        name: "zcrm-core",
        tier: Tier::Layer(0),
        also: &[],
        externals: Externals::Only(&[
            "bytes",
            "chrono",
            "http",
            "memchr",
            "percent-encoding",
            "pin-project-lite",
            "secrecy",
            "serde",
            "serde_json",
            "serde_path_to_error",
            "smol_str",
            "thiserror",
        ]),
        // the timer of `TokioClock`
        behind_features: &["tokio"],
        never: &[("tokio", DATA_ONLY), ("tower", DATA_ONLY), ("hyper", DATA_ONLY)],
    },
    Row {
        name: "zcrm-http",
        tier: Tier::Layer(1),
        also: &[],
        externals: Externals::Only(&[
            "async-compression",
            "async-trait",
            "bytes",
            "chrono",
            "fastrand",
            "futures-core",
            "futures-util",
            "h2",
            "http",
            "http-body",
            "hyper",
            "hyper-rustls",
            "hyper-util",
            "memchr",
            "pin-project-lite",
            "rustix",
            "rustls",
            "rustls-native-certs",
            "rustls-pki-types",
            "serde",
            "serde_json",
            "tokio",
            "tokio-util",
            "tower",
            "tracing",
            "webpki-roots",
        ]),
        behind_features: &[],
        never: &[],
    },
    Row {
        name: "zcrm-oauth",
        tier: Tier::Layer(2),
        also: &[],
        externals: Externals::Only(&[
            "arc-swap",
            "async-trait",
            "bytes",
            "chrono",
            "form_urlencoded",
            "futures-core",
            "futures-util",
            "getrandom",
            "http",
            "percent-encoding",
            "secrecy",
            "serde",
            "serde_json",
            "smol_str",
            "subtle",
            "thiserror",
            "tokio",
            "tower",
            "tracing",
        ]),
        behind_features: &[],
        never: &[],
    },
    Row {
        name: "zcrm-api",
        tier: Tier::Layer(2),
        also: &[],
        externals: Externals::Only(&[
            "bytes",
            "chrono",
            "futures-core",
            "futures-util",
            "http",
            "percent-encoding",
            "rustix",
            "serde",
            "serde_json",
            "tempfile",
            "thiserror",
            "tokio",
            "tower",
            "tracing",
        ]),
        behind_features: &[],
        never: &[("hyper", NO_WIRE)],
    },
    Row {
        name: "zcrm-store-file",
        tier: Tier::Layer(3),
        also: &[],
        externals: Externals::Only(&[
            "async-trait",
            "chrono",
            "marshal-rs",
            "rustix",
            "secrecy",
            "serde",
            "serde_json",
            "tempfile",
            "thiserror",
            "tokio",
            "tracing",
        ]),
        behind_features: &[],
        never: &[],
    },
    Row {
        name: "zcrm-store-mysql",
        tier: Tier::Layer(3),
        also: &[],
        externals: Externals::Only(&[
            "async-trait",
            "chrono",
            "diesel",
            "diesel-async",
            "diesel_migrations",
            "fastrand",
            "mysql_async",
            "rustls",
            "tokio",
            "tracing",
        ]),
        behind_features: &[],
        never: &[],
    },
    Row {
        name: "zcrm",
        tier: Tier::Layer(4),
        also: &["zcrm-derive"],
        externals: Externals::Only(&[
            "async-trait",
            "chrono",
            "futures-core",
            "futures-util",
            "http",
            "rustix",
            "secrecy",
            "serde",
            "serde_json",
            "strsim",
            "tokio",
            "toml",
            "tower",
            "tracing",
            "tracing-subscriber",
        ]),
        behind_features: &[],
        never: &[],
    },
    Row {
        name: "zcrm-derive",
        tier: Tier::Apart,
        also: &[],
        externals: Externals::Only(&["proc-macro2", "quote", "syn"]),
        behind_features: &[],
        never: &[],
    },
    Row {
        name: "zcrm-sim",
        tier: Tier::Apart,
        also: &[],
        externals: Externals::Free,
        behind_features: &[],
        never: &[],
    },
    Row {
        name: "zcrm-test-kit",
        tier: Tier::Top,
        also: &[],
        externals: Externals::Free,
        behind_features: &[],
        never: &[],
    },
    Row {
        name: "zcrm-bench",
        tier: Tier::Top,
        also: &[],
        externals: Externals::Free,
        behind_features: &[],
        never: &[],
    },
    Row {
        name: "zcrm-checks",
        tier: Tier::Top,
        also: &[],
        externals: Externals::Free,
        behind_features: &[],
        never: &[],
    },
    Row {
        name: "xtask",
        tier: Tier::Tool,
        also: &[],
        externals: Externals::Only(&["proc-macro2", "quote", "serde_json", "syn", "toml"]),
        behind_features: &[],
        never: &[],
    },
];

/// The row of a member.
pub(crate) fn row(name: &str) -> Option<&'static Row> {
    TABLE.iter().find(|row| row.name == name)
}

impl Row {
    /// Whether the member is meant to be published.
    pub(crate) fn published(&self) -> bool {
        matches!(self.tier, Tier::Layer(_) | Tier::Apart)
    }
}

/// Whether the package is the stem or of its family: `hyper`, `hyper-util`, but not `hyperlocal`.
pub(crate) fn of_family(package: &str, stem: &str) -> bool {
    package.strip_prefix(stem).is_some_and(|rest| rest.is_empty() || rest.starts_with(['-', '_']))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_does_not_contradict_itself() {
        for (at, row) in TABLE.iter().enumerate() {
            assert!(TABLE.iter().skip(at + 1).all(|other| other.name != row.name), "{}", row.name);
            for name in row.also {
                assert!(super::row(name).is_some(), "{} may use unknown {name}", row.name);
            }
            let Externals::Only(allowed) = row.externals else {
                continue;
            };
            assert!(allowed.is_sorted(), "{}: keep the list in order", row.name);
            for package in allowed {
                for (stem, _) in row.never {
                    assert!(!of_family(package, stem), "{}: {package} is refused", row.name);
                }
                for family in FAMILIES {
                    let of_it = family.stems.iter().any(|stem| of_family(package, stem));
                    assert!(!of_it || family.homes.contains(&row.name), "{}: {package}", row.name);
                }
            }
        }
        for home in FAMILIES.iter().flat_map(|family| family.homes) {
            assert!(row(home).is_some(), "unknown home {home}");
        }
        assert!(row(SIMULATOR).is_some() && row(TEST_KIT).is_some());
    }

    #[test]
    fn a_family_is_told_by_its_stem() {
        assert!(of_family("hyper", "hyper"));
        assert!(of_family("hyper-util", "hyper"));
        assert!(of_family("diesel_migrations", "diesel"));
        assert!(!of_family("hyperlocal", "hyper"));
        assert!(!of_family("http", "hyper"));
    }
}
