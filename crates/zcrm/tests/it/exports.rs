//! The structure of the facade: few names at its root, the others in modules by task.

/// Returns the public statements at the top level of `lib.rs`.
fn statements() -> Vec<String> {
    let source = include_str!("../../src/lib.rs");
    let mut statements = Vec::new();
    let mut open: Option<String> = None;
    for line in source.lines().filter(|line| !line.trim_start().starts_with("//")) {
        let text = match open.take() {
            Some(before) => format!("{before} {}", line.trim()),
            None if line.starts_with("pub use ") || line.starts_with("pub mod ") => line.to_owned(),
            None => continue,
        };
        match text.starts_with("pub mod ") || text.ends_with(';') {
            true => statements.push(text),
            false => open = Some(text),
        }
    }
    statements
}

/// Returns the names that `pub use` exports; those of modules begin with a small letter.
fn used() -> Vec<String> {
    let mut names = Vec::new();
    for statement in statements() {
        let Some(tree) = statement.strip_prefix("pub use ") else { continue };
        let tree = tree.trim_end_matches(';');
        let list = tree.split_once('{').map_or(tree, |(_, list)| list.trim_end_matches('}'));
        for name in list.split(',').map(str::trim).filter(|name| !name.is_empty()) {
            let name = name.rsplit([' ', ':']).next().unwrap();
            names.push(name.to_owned());
        }
    }
    names.sort();
    names.dedup();
    names
}

fn is_module(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_lowercase())
}

#[test]
fn holds_at_most_fourteen_names_at_its_root() {
    let names: Vec<String> = used().into_iter().filter(|name| !is_module(name)).collect();
    assert!(names.len() <= 14, "{names:?}");
    assert!(
        ["Client", "Config", "Error", "Record"].iter().all(|name| names.contains(&(*name).into()))
    );
}

#[test]
fn has_at_most_sixteen_modules() {
    let written = statements().into_iter().filter_map(|statement| {
        Some(statement.strip_prefix("pub mod ")?.trim_end_matches([' ', '{', ';']).to_owned())
    });
    let modules: Vec<String> =
        written.chain(used().into_iter().filter(|name| is_module(name))).collect();
    assert!((10..=16).contains(&modules.len()), "{modules:?}");
    for room in [
        "records",
        "composite",
        "request",
        "metadata",
        "org",
        "files",
        "notifications",
        "oauth",
        "stores",
        "http",
        "values",
    ] {
        assert!(modules.iter().any(|module| module == room), "{room}");
    }
}

#[test]
fn names_each_export_and_hides_none() {
    let source = include_str!("../../src/lib.rs");
    let code = source.lines().filter(|line| !line.trim_start().starts_with("//"));
    let code: Vec<&str> = code.filter(|line| !line.contains("prelude::*")).collect();
    assert!(!code.iter().any(|line| line.contains("::*") || line.contains("doc(hidden)")));
}
