//! What a member's `Cargo.toml` inherits from the workspace, which `cargo metadata` does not tell.

/// Whether the manifest says `<key>.workspace = true` in `[section]`, in one of the forms that TOML
/// has for it. The key is empty for a section that is inherited as a whole, such as `[lints]`.
pub(crate) fn inherits(manifest: &str, section: &str, key: &str) -> bool {
    let table = if key.is_empty() { section.to_owned() } else { format!("{section}.{key}") };
    let mut current = String::new();
    for line in manifest.lines() {
        let line: String = line
            .split('#')
            .next()
            .unwrap_or_default()
            .chars()
            .filter(|c| !c.is_whitespace())
            .collect();
        if let Some(name) = line.strip_prefix('[').and_then(|line| line.strip_suffix(']')) {
            current = name.to_owned();
            continue;
        }
        let Some((name, value)) = line.split_once('=') else {
            continue;
        };
        let full = if current.is_empty() { name.to_owned() } else { format!("{current}.{name}") };
        let whole = full == table && value == "{workspace=true}";
        let dotted = full.strip_suffix(".workspace") == Some(&table) && value == "true";
        if whole || dotted {
            return true;
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::inherits;

    #[test]
    fn every_form_is_understood() {
        for manifest in [
            "[package]\nname = \"a\"\nrust-version.workspace = true # one place\n",
            "[package]\nrust-version = { workspace = true }\n",
            "[package.rust-version]\nworkspace = true\n",
        ] {
            assert!(inherits(manifest, "package", "rust-version"), "{manifest}");
        }
        for manifest in ["[lints]\nworkspace = true\n", "lints.workspace = true\n[package]\n"] {
            assert!(inherits(manifest, "lints", ""), "{manifest}");
        }
    }

    #[test]
    fn what_only_looks_like_it_is_refused() {
        for manifest in [
            "[package]\nrust-version = \"1.89\"\n",
            "[package]\nedition.workspace = true\n",
            "[dependencies]\nrust-version.workspace = true\n",
            "[package]\n# rust-version.workspace = true\n",
        ] {
            assert!(!inherits(manifest, "package", "rust-version"), "{manifest}");
        }
        assert!(!inherits("[lints]\nworkspace = false\n", "lints", ""));
        assert!(!inherits("[lints.rust]\nunsafe_code = \"forbid\"\n", "lints", ""));
        assert!(!inherits("[package]\nname = \"a\"\n", "lints", ""));
    }
}
