//! Finds circles between the files of a crate, which `cargo xtask layers` rejects.
//!
//! A file depends on another one if one of its paths names an item that is defined there. Imports
//! and re-exports are followed to the definition; a re-export itself is not a dependency. Tests do
//! not count.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::path::{Path, PathBuf};

use anyhow::{Result, bail};
use proc_macro2::{TokenStream, TokenTree};
use quote::ToTokens;
use syn::parse::{ParseStream, Parser as _};
use syn::visit::{self, Visit};
use syn::{Attribute, UseTree, Visibility};

/// The maximum number of re-exports that a name may pass through; more are a circle.
const LONGEST_CHAIN: u8 = 16;

type Names = Vec<String>;
type Arrows<'a> = BTreeMap<&'a Path, BTreeMap<&'a Path, BTreeSet<String>>>;

/// Returns the circles and globs of the crate with this root file, the shortest circles first.
pub(crate) fn check(root: &Path) -> Result<Names> {
    let mut reader = Reader { modules: vec![Module::default()], ..Reader::default() };
    reader.read(root, root.parent().unwrap_or(root).to_owned());
    if let Some(error) = reader.error {
        bail!(error);
    }
    let (mut arrows, mut found) = (Arrows::new(), Names::new());
    for (module, path, glob) in &reader.paths {
        let from = reader.file(*module);
        match reader.resolve(*module, path, 0) {
            Some(Target::Module(_)) if *glob => {
                let path = path.join("::");
                found.push(format!("{}: `use {path}::*`: name the items", from.display()));
            }
            Some(Target::Item(to, name)) if reader.file(to) != from => {
                arrows.entry(from).or_default().entry(reader.file(to)).or_default().insert(name);
            }
            _ => {}
        }
    }
    let circles: BTreeSet<_> = arrows.keys().filter_map(|from| shortest(&arrows, from)).collect();
    for (length, circle) in circles {
        let mut text = format!("a circle of {length} files");
        for (from, to) in circle.iter().zip(circle.iter().cycle().skip(1)) {
            let names = arrows.get(from).and_then(|arrows| arrows.get(to)).into_iter().flatten();
            let names = names.map(String::as_str).collect::<Vec<_>>().join(", ");
            text += &format!("\n    {} takes {names} from {}", from.display(), to.display());
        }
        found.push(text);
    }
    Ok(found)
}

/// Returns the length and the files of the shortest circle through a file, in a fixed order.
fn shortest<'a>(arrows: &Arrows<'a>, start: &'a Path) -> Option<(usize, Vec<&'a Path>)> {
    let (mut before, mut queue) = (BTreeMap::new(), VecDeque::from([start]));
    while let Some(from) = queue.pop_front() {
        for to in arrows.get(from).into_iter().flat_map(BTreeMap::keys) {
            before.entry(*to).or_insert_with(|| {
                queue.push_back(to);
                from
            });
        }
    }
    let mut circle = vec![*before.get(start)?];
    while let Some(last) = circle.last().filter(|last| **last != start) {
        circle.push(before.get(last)?);
    }
    circle.reverse();
    let first = circle.iter().enumerate().min_by_key(|(_, file)| **file)?.0;
    circle.rotate_left(first);
    Some((circle.len(), circle))
}

#[derive(Default)]
struct Module {
    file: PathBuf,
    parent: usize,
    children: BTreeMap<String, usize>,
    imports: BTreeMap<String, Names>,
    /// Child modules whose items are all re-exported.
    globs: Vec<Names>,
}

enum Target {
    Module(usize),
    /// An item, with the module that defines it.
    Item(usize, String),
}

/// Reads the modules of a crate, starting at its root file.
#[derive(Default)]
struct Reader {
    modules: Vec<Module>,
    /// The current module, and the folder of its children.
    at: usize,
    folder: PathBuf,
    /// Every path in the code, with its module, and whether it is a glob import.
    paths: Vec<(usize, Names, bool)>,
    error: Option<String>,
}

impl Reader {
    fn read(&mut self, file: &Path, folder: PathBuf) {
        let text = std::fs::read_to_string(file).map_err(|error| error.to_string());
        match text.and_then(|text| syn::parse_file(&text).map_err(|error| error.to_string())) {
            Ok(parsed) => {
                self.here(|module| module.file = file.to_owned());
                let before = std::mem::replace(&mut self.folder, folder);
                self.visit_file(&parsed);
                self.folder = before;
            }
            Err(error) => self.error = Some(format!("cannot read {}: {error}", file.display())),
        }
    }

    fn here(&mut self, change: impl FnOnce(&mut Module)) {
        self.modules.get_mut(self.at).map(change);
    }

    fn file(&self, module: usize) -> &Path {
        self.modules.get(module).map_or(Path::new(""), |module| &module.file)
    }

    /// Resolves a path in a module, if its target is defined in this crate.
    fn resolve(&self, module: usize, path: &[String], hops: u8) -> Option<Target> {
        let mut target = self.find(module, path.first()?, hops)??;
        for name in path.iter().skip(1) {
            let Target::Module(at) = target else { break };
            // an unknown item is probably defined there by a macro
            target = self.find(at, name, hops).unwrap_or(Some(Target::Item(at, name.clone())))?;
        }
        Some(target)
    }

    /// Resolves a name: unknown, an item of another crate, or an item of this one.
    fn find(&self, at: usize, name: &str, hops: u8) -> Option<Option<Target>> {
        let module = self.modules.get(at).filter(|_| hops < LONGEST_CHAIN)?;
        let known = match name {
            "crate" => Some(0),
            "self" => Some(at),
            "super" => Some(module.parent),
            name => module.children.get(name).copied(),
        };
        if let Some(import) = module.imports.get(name) {
            return Some(self.resolve(at, import, hops + 1));
        }
        let within = |glob: &Names| match self.resolve(at, glob, hops + 1)? {
            Target::Module(other) => self.find(other, name, hops + 1),
            Target::Item(..) => None,
        };
        let known = known.map(|module| Some(Target::Module(module)));
        known.or_else(|| module.globs.iter().find_map(within))
    }

    fn import(&mut self, tree: &UseTree, mut path: Names, exported: bool) {
        let (last, name) = match tree {
            UseTree::Path(part) => {
                path.push(part.ident.to_string());
                return self.import(&part.tree, path, exported);
            }
            UseTree::Group(group) => {
                let each = |tree| self.import(tree, path.clone(), exported);
                return group.items.iter().for_each(each);
            }
            UseTree::Glob(_)
                if exported && !path.iter().any(|it| it == "super" || it == "crate") =>
            {
                return self.here(|module| module.globs.push(path));
            }
            UseTree::Glob(_) => return self.paths.push((self.at, path, true)),
            UseTree::Name(name) => (&name.ident, &name.ident),
            UseTree::Rename(rename) => (&rename.ident, &rename.rename),
        };
        let name = if name == "self" { path.last().cloned() } else { Some(name.to_string()) };
        path.extend((last != "self").then(|| last.to_string()));
        if !exported {
            self.paths.push((self.at, path.clone(), false));
        }
        self.here(|module| module.imports.extend(name.map(|name| (name, path))));
    }
}

/// Writes the paths in the arguments of a macro, separated from each other.
fn words(tokens: TokenStream, text: &mut String) {
    for token in tokens {
        match token {
            TokenTree::Ident(ident) if text.ends_with("::") => *text += &ident.to_string(),
            TokenTree::Ident(ident) => *text += &format!(" {ident}"),
            TokenTree::Punct(punct) if punct.as_char() == ':' => text.push(':'),
            TokenTree::Group(group) => {
                text.push(' ');
                words(group.stream(), text);
                text.push(' ');
            }
            _ => text.push(' '),
        }
    }
}

impl<'ast> Visit<'ast> for Reader {
    fn visit_item(&mut self, item: &'ast syn::Item) {
        if !is_for_tests(item) {
            visit::visit_item(self, item);
        }
    }

    fn visit_impl_item(&mut self, item: &'ast syn::ImplItem) {
        if !is_for_tests(item) {
            visit::visit_impl_item(self, item);
        }
    }

    fn visit_item_mod(&mut self, item: &'ast syn::ItemMod) {
        let (parent, child, name) = (self.at, self.modules.len(), item.ident.to_string());
        let (file, folder) = (self.file(parent).to_owned(), self.folder.join(&name));
        self.here(|module| module.children.extend([(name, child)]));
        self.modules.push(Module { file, parent, ..Module::default() });
        self.at = child;
        if item.content.is_some() {
            let before = std::mem::replace(&mut self.folder, folder);
            visit::visit_item_mod(self, item);
            self.folder = before;
        } else {
            let beside = folder.with_extension("rs");
            let file = if beside.is_file() { beside } else { folder.join("mod.rs") };
            self.read(&file, folder);
        }
        self.at = parent;
    }

    fn visit_item_use(&mut self, item: &'ast syn::ItemUse) {
        if item.leading_colon.is_none() {
            self.import(&item.tree, Names::new(), !matches!(item.vis, Visibility::Inherited));
        }
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        let names = path.segments.iter().map(|segment| segment.ident.to_string()).collect();
        if path.leading_colon.is_none() {
            self.paths.push((self.at, names, false));
        }
        visit::visit_path(self, path);
    }

    fn visit_macro(&mut self, call: &'ast syn::Macro) {
        let mut text = String::new();
        words(call.tokens.clone(), &mut text);
        for path in text.split_whitespace() {
            self.paths.push((self.at, path.split("::").map(str::to_owned).collect(), false));
        }
        visit::visit_macro(self, call);
    }

    fn visit_attribute(&mut self, _: &'ast Attribute) {}
}

/// Returns whether an item has `#[cfg(test)]` or `#[cfg(all(test, …))]`.
fn is_for_tests(item: &impl ToTokens) -> bool {
    let attributes = |input: ParseStream<'_>| {
        let attributes = input.call(Attribute::parse_outer)?;
        input.parse::<TokenStream>().map(|_| attributes)
    };
    let cfg = |it: &Attribute| Some(it.meta.require_list().ok()?.tokens.to_string());
    let test = |it: &Attribute| {
        it.path().is_ident("cfg")
            && cfg(it).is_some_and(|it| it == "test" || it.starts_with("all (test"))
    };
    attributes.parse2(item.to_token_stream()).is_ok_and(|them| them.iter().any(test))
}

#[cfg(test)]
mod tests {
    use super::check;

    /// Checks a crate with these files, given by name and text.
    fn findings(files: &[(&str, &str)]) -> Vec<String> {
        let sh = xshell::Shell::new().unwrap();
        let folder = sh.create_temp_dir().unwrap();
        files
            .iter()
            .for_each(|(name, text)| sh.write_file(folder.path().join(name), text).unwrap());
        let found = check(&folder.path().join("lib.rs")).unwrap();
        let root = format!("{}/", folder.path().display());
        found.iter().map(|text| text.replace(&root, "")).collect()
    }

    #[test]
    fn names_the_files_of_the_shortest_circles_first() {
        let found = findings(&[
            ("lib.rs", "mod a; mod b; mod c; mod d; pub use c::D;"),
            ("a.rs", "use crate::b::B; pub struct A(crate::D);"),
            ("b.rs", "pub struct B; fn f() { let _ = vec![super::a::A::new()]; }"),
            ("c.rs", "mod e { use super::super::d; fn f(_: d::E) {} } pub use super::d::D;"),
            ("d.rs", "pub struct D(crate::a::A); pub struct E;"),
        ]);
        let two = "a circle of 2 files\n    a.rs takes B from b.rs\n    b.rs takes A from a.rs";
        let other = "a circle of 2 files\n    a.rs takes D from d.rs\n    d.rs takes A from a.rs";
        assert_eq!(found, [two, other]);
    }

    #[test]
    fn ignores_tests_reexports_modules_and_other_crates() {
        let a = "mod b; pub use b::*; #[cfg(test)] mod tests { use super::*; fn f(_: B) {} }";
        let b = "pub struct A(crate::L, super::super::Method, ::a::B); #[cfg(all(test, unix))] \
                 use super::*; impl A { #[cfg(test)] fn f(_: crate::a::C) {} }";
        let root = "mod a; pub use a::A; pub struct L; use http::Method;";
        assert_eq!(findings(&[("lib.rs", root), ("a/mod.rs", a), ("a/b.rs", b)]), [""; 0]);
    }

    #[test]
    fn refuses_globs_of_modules_but_not_of_enums() {
        let a = "use super::*; use crate::E::*; pub(crate) use crate::*; use std::fmt::*;";
        let found = findings(&[("lib.rs", "mod a; pub enum E { F } pub struct L;"), ("a.rs", a)]);
        let text = |path: &str| format!("a.rs: `use {path}::*`: name the items");
        assert_eq!(found, [text("super"), text("crate")]);
    }
}
