//! Circles between the files of a crate, which `cargo xtask layers` refuses.
//!
//! A file points to another one if one of its paths names an item that is defined there. Imports and re-exports
//! are followed to the definition, and a re-export itself is no arrow. Code under `#[cfg(test)]` does not count.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::path::{Path, PathBuf};

use proc_macro2::{TokenStream, TokenTree};
use quote::ToTokens;
use syn::parse::{ParseStream, Parser};
use syn::punctuated::Punctuated;
use syn::visit::{self, Visit};
use syn::{Attribute, Item, Meta, Token, UseTree, Visibility};

use crate::shell::Error;

/// Re-exports that lead through more modules than this are a circle themselves.
const LONGEST_CHAIN: u8 = 16;

type Names = Vec<String>;

/// Returns the circles and globs of the crate with this root file, the shortest circles first.
pub(crate) fn check(root: &Path) -> Result<Vec<String>, Error> {
    let mut reader = Reader { modules: vec![Module::default()], at: 0, ..Reader::default() };
    reader.read(root, root.parent().unwrap_or(root).to_owned());
    if let Some(error) = reader.error {
        return Err(Error::failed(error));
    }
    let (mut arrows, mut found) = (BTreeMap::<_, BTreeMap<_, BTreeSet<_>>>::new(), Vec::new());
    for (module, path, glob) in &reader.paths {
        let from = reader.file(*module);
        match reader.resolve(*module, path, 0) {
            Some(Target::Module(_)) if *glob => {
                let path = path.join("::");
                found.push(format!("{}: `use {path}::*`: name the items instead", from.display()));
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
            let names: Names = arrows
                .get(from)
                .and_then(|to_| to_.get(to))
                .into_iter()
                .flatten()
                .cloned()
                .collect();
            text += &format!(
                "\n    {} takes {} from {}",
                from.display(),
                names.join(", "),
                to.display()
            );
        }
        found.push(text);
    }
    Ok(found)
}

type Arrows<'a> = BTreeMap<&'a Path, BTreeMap<&'a Path, BTreeSet<String>>>;

/// Returns the length and the files of the shortest circle through a file, beginning with the first of them by name.
fn shortest<'a>(arrows: &Arrows<'a>, start: &'a Path) -> Option<(usize, Vec<&'a Path>)> {
    let mut before = BTreeMap::new();
    let mut queue = VecDeque::from([start]);
    while let Some(from) = queue.pop_front() {
        for to in arrows.get(from).into_iter().flat_map(BTreeMap::keys) {
            if !before.contains_key(to) {
                before.insert(*to, from);
                queue.push_back(to);
            }
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

/// The names of a module.
#[derive(Debug, Default)]
struct Module {
    file: PathBuf,
    parent: usize,
    children: BTreeMap<String, usize>,
    items: BTreeSet<String>,
    imports: BTreeMap<String, Names>,
    /// Child modules whose items are all exported again.
    globs: Vec<Names>,
}

enum Target {
    Module(usize),
    /// An item, and the module that defines it.
    Item(usize, String),
}

/// Reads the modules of a crate from its root file on.
#[derive(Default)]
struct Reader {
    modules: Vec<Module>,
    /// The module that is read, and the folder of its children.
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
            Ok(parsed) if parsed.attrs.iter().any(is_test) => {}
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

    /// Returns what a path in a module leads to, if it is defined in this crate.
    fn resolve(&self, module: usize, path: &[String], hops: u8) -> Option<Target> {
        let (first, rest) = path.split_first()?;
        let mut target = match first.as_str() {
            "crate" => Target::Module(0),
            "self" => Target::Module(module),
            "super" => Target::Module(self.modules.get(module)?.parent),
            name => self.find(module, name, hops)??,
        };
        for name in rest {
            let Target::Module(module) = target else { break };
            target = match name.as_str() {
                "super" => Target::Module(self.modules.get(module)?.parent),
                // an unknown item comes from a macro
                name => self
                    .find(module, name, hops)
                    .unwrap_or(Some(Target::Item(module, name.into())))?,
            };
        }
        Some(target)
    }

    /// Returns what a name means in a module: nothing, something of another crate, or something of this one.
    fn find(&self, at: usize, name: &str, hops: u8) -> Option<Option<Target>> {
        let module = self.modules.get(at).filter(|_| hops < LONGEST_CHAIN)?;
        if let Some(import) = module.imports.get(name) {
            return Some(self.resolve(at, import, hops + 1));
        }
        if module.items.contains(name) {
            return Some(Some(Target::Item(at, name.to_owned())));
        }
        if let Some(child) = module.children.get(name) {
            return Some(Some(Target::Module(*child)));
        }
        module.globs.iter().find_map(|glob| match self.resolve(at, glob, hops + 1)? {
            Target::Module(other) => self.find(other, name, hops + 1),
            Target::Item(..) => None,
        })
    }

    fn import(&mut self, tree: &UseTree, mut path: Names, exported: bool) {
        let name = match tree {
            UseTree::Path(part) => {
                path.push(part.ident.to_string());
                return self.import(&part.tree, path, exported);
            }
            UseTree::Group(group) => {
                return group
                    .items
                    .iter()
                    .for_each(|tree| self.import(tree, path.clone(), exported));
            }
            UseTree::Glob(_) => {
                let child = matches!(path.as_slice(), [only] if only != "super" && only != "crate");
                if exported && child {
                    return self.here(|module| module.globs.push(path));
                }
                return self.paths.push((self.at, path, true));
            }
            UseTree::Name(name) if name.ident == "self" => path.last().cloned().unwrap_or_default(),
            UseTree::Name(name) => {
                path.push(name.ident.to_string());
                name.ident.to_string()
            }
            UseTree::Rename(rename) => {
                path.push(rename.ident.to_string());
                rename.rename.to_string()
            }
        };
        if !exported {
            self.paths.push((self.at, path.clone(), false));
        }
        self.here(|module| module.imports.extend([(name, path)]));
    }

    /// Takes the paths out of a macro's arguments.
    fn tokens(&mut self, tokens: TokenStream) {
        let (mut path, mut colons) = (Names::new(), 0);
        for token in tokens {
            match token {
                TokenTree::Ident(ident) => {
                    if colons != 2 || ident == "crate" {
                        self.paths.push((self.at, std::mem::take(&mut path), false));
                    }
                    path.push(ident.to_string());
                    colons = 0;
                }
                TokenTree::Punct(punct) if punct.as_char() == ':' => colons += 1,
                other => {
                    self.paths.push((self.at, std::mem::take(&mut path), false));
                    // a field, a method or a macro's variable follows
                    let member =
                        matches!(&other, TokenTree::Punct(p) if matches!(p.as_char(), '.' | '$'));
                    (path, colons) =
                        if member { (vec![String::new()], 2) } else { (Names::new(), 0) };
                    if let TokenTree::Group(group) = other {
                        self.tokens(group.stream());
                    }
                }
            }
        }
        self.paths.push((self.at, path, false));
    }
}

impl<'ast> Visit<'ast> for Reader {
    fn visit_item(&mut self, item: &'ast Item) {
        if only_in_tests(item) {
            return;
        }
        let name = match item {
            Item::Const(item) => Some(&item.ident),
            Item::Enum(item) => Some(&item.ident),
            Item::Fn(item) => Some(&item.sig.ident),
            Item::Macro(item) => item.ident.as_ref(),
            Item::Static(item) => Some(&item.ident),
            Item::Struct(item) => Some(&item.ident),
            Item::Trait(item) => Some(&item.ident),
            Item::Type(item) => Some(&item.ident),
            Item::Union(item) => Some(&item.ident),
            _ => None,
        };
        self.here(|module| module.items.extend(name.map(ToString::to_string)));
        visit::visit_item(self, item);
    }

    fn visit_impl_item(&mut self, item: &'ast syn::ImplItem) {
        if !only_in_tests(item) {
            visit::visit_impl_item(self, item);
        }
    }

    fn visit_item_mod(&mut self, item: &'ast syn::ItemMod) {
        let (parent, name) = (self.at, item.ident.to_string());
        let child = self.modules.len();
        let file = self.file(parent).to_owned();
        self.here(|module| module.children.extend([(name.clone(), child)]));
        self.modules.push(Module { file, parent, ..Module::default() });
        self.at = child;
        let folder = self.folder.join(&name);
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
        if path.leading_colon.is_none() {
            let names = path.segments.iter().map(|segment| segment.ident.to_string()).collect();
            self.paths.push((self.at, names, false));
        }
        visit::visit_path(self, path);
    }

    fn visit_macro(&mut self, call: &'ast syn::Macro) {
        self.tokens(call.tokens.clone());
        visit::visit_macro(self, call);
    }

    fn visit_attribute(&mut self, _: &'ast Attribute) {}
}

fn only_in_tests(item: &impl ToTokens) -> bool {
    let attributes = |input: ParseStream<'_>| {
        let attributes = input.call(Attribute::parse_outer)?;
        input.parse::<TokenStream>().map(|_| attributes)
    };
    attributes.parse2(item.to_token_stream()).is_ok_and(|them| them.iter().any(is_test))
}

fn is_test(attribute: &Attribute) -> bool {
    attribute.path().is_ident("cfg") && attribute.parse_args().is_ok_and(|meta| needs_test(&meta))
}

fn needs_test(meta: &Meta) -> bool {
    let Meta::List(list) = meta else { return meta.path().is_ident("test") };
    let parts =
        list.parse_args_with(Punctuated::<Meta, Token![,]>::parse_terminated).unwrap_or_default();
    match list.path.is_ident("all") {
        true => parts.iter().any(needs_test),
        false => list.path.is_ident("any") && parts.iter().all(needs_test),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Checks a crate of these files, given by name and text.
    fn findings(files: &[(&str, &str)]) -> Vec<String> {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in files {
            std::fs::create_dir_all(folder.path().join(name).parent().unwrap()).unwrap();
            std::fs::write(folder.path().join(name), text).unwrap();
        }
        let found = check(&folder.path().join("lib.rs")).unwrap();
        found
            .iter()
            .map(|text| text.replace(&format!("{}/", folder.path().display()), ""))
            .collect()
    }

    #[test]
    fn names_the_files_of_the_shortest_circles_first() {
        let found = findings(&[
            ("lib.rs", "mod a; mod b; mod c; mod d; pub use c::D;"),
            ("a.rs", "use crate::b::B; pub struct A(crate::D);"),
            ("b.rs", "pub struct B; fn f() { let _ = vec![super::a::A::new()]; }"),
            ("c.rs", "mod inner { use super::super::d; fn f(_: d::E) {} } pub use super::d::D;"),
            ("d.rs", "pub struct D(crate::a::A); pub struct E;"),
        ]);
        let two = "a circle of 2 files\n    a.rs takes B from b.rs\n    b.rs takes A from a.rs";
        let other = "a circle of 2 files\n    a.rs takes D from d.rs\n    d.rs takes A from a.rs";
        assert_eq!(found, [two, other]);
    }

    #[test]
    fn ignores_tests_reexports_modules_and_other_crates() {
        let found = findings(&[
            ("lib.rs", "mod a; pub use a::A; pub struct L; use http::Method;"),
            (
                "a/mod.rs",
                "mod b; pub use b::*; #[cfg(test)] mod tests { use super::*; fn f(_: B) {} }",
            ),
            (
                "a/b.rs",
                "pub struct A(crate::L, super::super::Method, ::a::B); \
              #[cfg(all(test, unix))] use super::*; impl A { #[cfg(test)] fn f(_: crate::a::C) {} }",
            ),
        ]);
        assert_eq!(found, [""; 0]);
    }

    #[test]
    fn refuses_globs_of_modules_but_not_of_enums() {
        let found = findings(&[
            ("lib.rs", "mod a; pub enum E { F } pub struct L;"),
            ("a.rs", "use super::*; use crate::E::*; pub(crate) use crate::*; use std::fmt::*;"),
        ]);
        assert_eq!(
            found,
            [
                "a.rs: `use super::*`: name the items instead",
                "a.rs: `use crate::*`: name the items instead"
            ]
        );
    }
}
