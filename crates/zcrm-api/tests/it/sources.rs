//! The public methods of a crate, read from its sources.

use std::{
    fs,
    path::{Path, PathBuf},
};

/// A public function or method.
#[derive(Debug)]
pub(crate) struct Method {
    /// The type and the name, as `Records::get`.
    pub(crate) name: String,
    pub(crate) is_async: bool,
    /// The return type on one line, or an empty text.
    pub(crate) returns: String,
}

/// Returns the sources of a crate in this workspace, without comments and unit tests.
pub(crate) fn sources(name: &str) -> Vec<String> {
    let crates = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let mut files = Vec::new();
    collect(&crates.join(name).join("src"), &mut files);
    assert!(!files.is_empty());
    files.iter().map(|file| code(&fs::read_to_string(file).unwrap())).collect()
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        match path.is_dir() {
            true => collect(&path, files),
            false if name.ends_with("test.rs") || name == "tests.rs" => {}
            false if name.ends_with(".rs") => files.push(path),
            false => {}
        }
    }
}

/// Returns the code without comments, up to the unit tests at the end.
fn code(text: &str) -> String {
    let lines = text.lines().take_while(|line| *line != "mod tests {");
    let code = lines.filter(|line| !line.trim_start().starts_with("//"));
    code.flat_map(|line| [line, "\n"]).collect()
}

/// Returns the public functions and methods of a source.
pub(crate) fn methods(source: &str) -> Vec<Method> {
    let mut found = Vec::new();
    let (mut of, mut rest) = (String::new(), source);
    while let Some((line, after)) = rest.split_once('\n') {
        if line.starts_with("impl") {
            of = implementor(rest.split('{').next().unwrap());
        } else if line == "}" {
            of.clear();
        }
        if let Some(at) = line.trim_start().strip_prefix("pub ")
            && let Some((before, _)) = at.split_once("fn ")
            && ["", "const ", "async "].contains(&before)
        {
            let signature = rest.split_once("fn ").unwrap().1;
            let name = signature.split(['(', '<']).next().unwrap();
            found.push(Method {
                name: if of.is_empty() { name.to_owned() } else { format!("{of}::{name}") },
                is_async: before == "async ",
                returns: returned(signature),
            });
        }
        rest = after;
    }
    found
}

/// Returns the type of an `impl`: with the argument of `Request`, but without other generics.
pub(crate) fn implementor(head: &str) -> String {
    let head = match head.strip_prefix("impl").unwrap_or(head).trim_start() {
        generic if generic.starts_with('<') => bracket(generic).1,
        plain => plain,
    };
    let of = head.split_once(" for ").map_or(head, |(_, of)| of).trim();
    let name = |text: &str| text.split(['<', '>', ',', ' ', '\n']).next().unwrap().to_owned();
    match of.strip_prefix("Request<") {
        Some(kind) => format!("Request<{}>", name(kind)),
        None => name(of),
    }
}

/// Splits a text after the bracket pair that it begins with.
fn bracket(text: &str) -> (&str, &str) {
    let mut depth = 0;
    let mut before = ' ';
    for (at, sign) in text.char_indices() {
        match sign {
            '<' | '(' => depth += 1,
            '>' if before == '-' => {}
            '>' | ')' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return text.split_at(at + sign.len_utf8());
        }
        before = sign;
    }
    panic!("a bracket is not closed: {text}");
}

fn returned(signature: &str) -> String {
    let mut rest = signature.split_at(signature.find(['(', '<']).unwrap()).1;
    if rest.starts_with('<') {
        rest = bracket(rest).1;
    }
    let rest = bracket(rest).1;
    let head = rest.split(['{', ';']).next().unwrap().split("where").next().unwrap();
    let returned = head.trim().strip_prefix("->").unwrap_or_default();
    returned.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Returns the arguments of the first type with this name: `Page<T>, Error` for `Result<Page<T>,
/// Error>`.
pub(crate) fn arguments<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    let open = text.find(&format!("{name}<"))? + name.len();
    let whole = bracket(text.split_at(open).1).0;
    whole.strip_prefix('<')?.strip_suffix('>')
}

/// Returns the second argument of a type.
pub(crate) fn second(arguments: &str) -> Option<&str> {
    let mut depth = 0;
    let comma = arguments.char_indices().find(|(_, sign)| {
        depth += i32::from(*sign == '<') - i32::from(*sign == '>');
        depth == 0 && *sign == ','
    });
    comma.map(|(at, _)| arguments.split_at(at + 1).1.trim())
}

#[test]
fn reads_the_methods_of_a_source() {
    let source = code(
        "impl<T: Fn() -> u8> Request<List<T, S>> {\n    /// pub fn no(self)\n    pub fn all(\n        self,\n        \
         f: impl Fn(u8) -> u8,\n    ) -> Request<List<Vec<T>, S>>\n    where\n        T: A,\n    {\n    }\n\n    \
         pub(crate) fn hidden(self) {}\n}\n\npub async fn free<T>() {}\n\nimpl Kind for Count {}\n",
    );
    let methods = methods(&source);
    assert_eq!(methods.len(), 2, "{methods:?}");
    assert_eq!(methods[0].name, "Request<List>::all");
    assert_eq!(methods[0].returns, "Request<List<Vec<T>, S>>");
    let list = arguments(&methods[0].returns, "Request").unwrap();
    assert_eq!(second(arguments(list, "List").unwrap()), Some("S"));
    assert_eq!((methods[1].name.as_str(), methods[1].is_async), ("free", true));
    assert_eq!(implementor("impl Kind for Count "), "Count");
}
