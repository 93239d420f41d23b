//! The members of the workspace and their direct dependencies, read from `cargo metadata`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::manifest::inherits;
use crate::shell::{self, Error, Workspace};

/// A member of the workspace.
#[derive(Debug, Clone)]
pub(crate) struct Member {
    pub(crate) name: String,
    /// Whether its manifest lets it be published.
    pub(crate) published: bool,
    pub(crate) description: Option<String>,
    pub(crate) license: Option<String>,
    /// `[lints] workspace = true`
    pub(crate) inherits_lints: bool,
    /// `rust-version.workspace = true`
    pub(crate) inherits_rust_version: bool,
    /// The features, and what each one switches on.
    pub(crate) features: BTreeMap<String, Vec<String>>,
    pub(crate) dependencies: Vec<Dependency>,
    /// The root files of its library and programs.
    pub(crate) roots: Vec<PathBuf>,
}

/// A direct dependency, as the manifest declares it.
#[derive(Debug, Clone)]
pub(crate) struct Dependency {
    /// The package's own name, whatever the manifest renames it to.
    pub(crate) name: String,
    pub(crate) kind: Kind,
    /// Whether it stands in a folder of this machine and not in a registry.
    pub(crate) local: bool,
    /// Whether only a feature brings it.
    pub(crate) optional: bool,
}

/// The section of the manifest in which a dependency stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Normal,
    Build,
    Dev,
}

/// The folder that cargo builds into.
pub(crate) fn target(workspace: &Workspace) -> Result<PathBuf, Error> {
    let metadata = read(workspace)?;
    let folder = metadata.get("target_directory").and_then(Value::as_str);
    folder.map(PathBuf::from).ok_or_else(|| Error::failed("cargo tells no target folder"))
}

fn read(workspace: &Workspace) -> Result<Value, Error> {
    let text =
        shell::output(&mut workspace.cargo("metadata", &["--format-version", "1", "--no-deps"]))?;
    serde_json::from_str(&text)
        .map_err(|error| Error::failed(format!("cannot read cargo's metadata: {error}")))
}

/// Reads the members of the workspace.
pub(crate) fn members(workspace: &Workspace) -> Result<Vec<Member>, Error> {
    parse(&read(workspace)?, |manifest| {
        std::fs::read_to_string(manifest)
            .map_err(|error| Error::failed(format!("cannot read {}: {error}", manifest.display())))
    })
}

/// Turns cargo's metadata into members; `read` returns the text of a manifest.
fn parse(
    metadata: &Value,
    read: impl Fn(&Path) -> Result<String, Error>,
) -> Result<Vec<Member>, Error> {
    let mut members = array(metadata, "packages")?
        .iter()
        .map(|package| {
            let manifest = read(Path::new(text(package, "manifest_path")?))?;
            Ok(Member {
                name: text(package, "name")?.to_owned(),
                published: package
                    .get("publish")
                    .and_then(Value::as_array)
                    .is_none_or(|registries| !registries.is_empty()),
                description: optional(package, "description"),
                license: optional(package, "license"),
                inherits_lints: inherits(&manifest, "lints", ""),
                inherits_rust_version: inherits(&manifest, "package", "rust-version"),
                features: features(package),
                dependencies: array(package, "dependencies")?
                    .iter()
                    .map(dependency)
                    .collect::<Result<_, _>>()?,
                roots: array(package, "targets")?
                    .iter()
                    .filter_map(|t| Some(PathBuf::from(text(t, "src_path").ok()?)))
                    .collect(),
            })
        })
        .collect::<Result<Vec<_>, Error>>()?;
    members.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(members)
}

fn dependency(value: &Value) -> Result<Dependency, Error> {
    let kind = match value.get("kind").and_then(Value::as_str) {
        None => Kind::Normal,
        Some("build") => Kind::Build,
        Some("dev") => Kind::Dev,
        Some(other) => {
            return Err(Error::failed(format!("cargo has a new kind of dependency: {other}")));
        }
    };
    let local = value.get("path").is_some_and(Value::is_string);
    let optional = value.get("optional").and_then(Value::as_bool).unwrap_or(false);
    Ok(Dependency { name: text(value, "name")?.to_owned(), kind, local, optional })
}

fn features(package: &Value) -> BTreeMap<String, Vec<String>> {
    let table = package.get("features").and_then(Value::as_object);
    table
        .into_iter()
        .flatten()
        .map(|(name, parts)| {
            let parts = parts.as_array().into_iter().flatten();
            (name.clone(), parts.filter_map(Value::as_str).map(str::to_owned).collect())
        })
        .collect()
}

fn text<'a>(value: &'a Value, key: &str) -> Result<&'a str, Error> {
    value.get(key).and_then(Value::as_str).ok_or_else(|| missing(key))
}

fn array<'a>(value: &'a Value, key: &str) -> Result<&'a Vec<Value>, Error> {
    value.get(key).and_then(Value::as_array).ok_or_else(|| missing(key))
}

fn optional(value: &Value, key: &str) -> Option<String> {
    value.get(key).and_then(Value::as_str).map(str::to_owned)
}

fn missing(key: &str) -> Error {
    Error::failed(format!("cargo's metadata has no `{key}` where one is expected"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn members_are_read() {
        let metadata = json!({"packages": [
            {
                "name": "b", "manifest_path": "b/Cargo.toml", "publish": [],
                "description": null, "license": "MIT", "features": {}, "targets": [],
                "dependencies": [],
            },
            {
                "name": "a", "manifest_path": "a/Cargo.toml", "publish": null,
                "description": "first", "license": null,
                "features": {"default": ["x"], "x": []}, "targets": [],
                "dependencies": [
                    {"name": "bytes", "kind": null, "rename": "octets"},
                    {"name": "b", "kind": "dev", "path": "b"},
                    {"name": "cc", "kind": "build"},
                ],
            },
        ]});
        let read = |_: &Path| Ok("[lints]\nworkspace = true\n".to_owned());
        let members = parse(&metadata, read).unwrap();
        let [a, b] = members.as_slice() else { panic!("{members:?}") };

        assert_eq!((a.name.as_str(), a.published), ("a", true));
        assert_eq!(a.description.as_deref(), Some("first"));
        assert_eq!(a.features.keys().collect::<Vec<_>>(), ["default", "x"]);
        assert!(a.inherits_lints && !a.inherits_rust_version);
        let kinds: Vec<_> =
            a.dependencies.iter().map(|d| (d.name.as_str(), d.kind, d.local)).collect();
        assert_eq!(
            kinds,
            [("bytes", Kind::Normal, false), ("b", Kind::Dev, true), ("cc", Kind::Build, false)]
        );
        assert_eq!((b.name.as_str(), b.published), ("b", false));
    }

    #[test]
    fn what_is_missing_is_named() {
        let read = |_: &Path| Ok(String::new());
        let error = parse(&json!({"packages": [{}]}), read).unwrap_err();
        assert!(error.message().contains("`manifest_path`"));
    }
}
