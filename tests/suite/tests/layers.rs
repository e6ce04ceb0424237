//! The layers of the crates: a module imports only from its own layer and lower layers, without
//! cycles.

#![cfg(test)]

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use qingstor_suite::repository::root;

/// A module path, such as `["message", "body"]`.
type Module = Vec<String>;

/// The layers of a crate.
struct Crate {
    source: &'static str,
    /// The layers from top to bottom. A layer consists of the listed modules and their submodules.
    layers: &'static [(&'static str, &'static [&'static str])],
    /// Modules at the root that do not belong to a layer.
    outside: &'static [&'static str],
    /// Fewer modules mean that the test does not find them.
    min_modules: usize,
}

const CRATES: &[Crate] = &[SDK, EMULATOR, CODEGEN];

/// Sources of small crates, which have no layers.
const WITHOUT_LAYERS: &[&str] = &["sdk/object_store/src", "sdk/cli/src", "sdk/md5/src"];

const SDK: Crate = Crate {
    source: "sdk/src",
    layers: &[
        ("operations that take several requests", &["managed"]),
        ("generated operations and types", &["generated", "prelude"]),
        ("calls: setters, paging, presigned URLs", &["call"]),
        ("handles, and the retry loop", &["client"]),
        ("HTTP", &["transport"]),
        ("settings, credentials, signatures", &["config"]),
        ("requests and responses", &["message"]),
        (
            "values, errors, files, and generated facts",
            &["base", "generated::facts"],
        ),
    ],
    outside: &["guide"],
    min_modules: 80,
};

const EMULATOR: Crate = Crate {
    source: "tests/emulator/src",
    layers: &[
        ("the emulator and its builder", &["emulator"]),
        ("connections, steps of a request, admin API", &["server"]),
        ("operations", &["handlers"]),
        ("accounts, signatures, access decisions", &["auth"]),
        ("parts of a request", &["request"]),
        ("work outside of requests", &["background"]),
        ("image processing", &["image"]),
        ("records and blobs", &["store"]),
        ("bucket settings", &["settings"]),
        ("fault rules", &["faults"]),
        (
            "values, errors, responses, and generated facts",
            &["base", "generated"],
        ),
    ],
    outside: &["arguments", "signals"],
    min_modules: 80,
};

const CODEGEN: Crate = Crate {
    source: "codegen/src",
    layers: &[
        ("new packs, and tests of packs", &["new_pack", "pack_test"]),
        ("all stages in a row", &["generator"]),
        ("formatting, writing and comparing files", &["output"]),
        ("templates and their filters", &["render"]),
        ("JSON Schemas of the model and of pack.json", &["schema"]),
        ("template packs", &["pack"]),
        ("changes between two models", &["diff"]),
        ("rules for specifications", &["lint"]),
        ("the model that templates see", &["model"]),
        ("the typed specification", &["document"]),
        ("type maps of packs", &["target_language"]),
        ("identifiers", &["naming"]),
        (
            "findings with source lines",
            &["diagnostic::report", "diagnostic::github"],
        ),
        ("JSON files", &["source"]),
        (
            "findings and their rules, places, git blob IDs, misspelled words",
            &["diagnostic", "span", "git_blob", "spelling"],
        ),
    ],
    outside: &["commands"],
    min_modules: 80,
};

#[test]
fn modules_do_not_import_from_higher_layers() {
    let mut upward = Vec::new();
    for Crate { source, layers, .. } in CRATES {
        for (from, targets) in Tree::read(&root().join(source)).imports() {
            for to in targets {
                if let (Some(from_layer), Some(to_layer)) =
                    (layer(&from, layers), layer(&to, layers))
                    && from_layer > to_layer
                {
                    let (from, to) = (from.join("::"), to.join("::"));
                    upward.push(format!("{source}: {from} -> {to}"));
                }
            }
        }
    }
    assert!(upward.is_empty(), "upward imports: {upward:#?}");
}

#[test]
fn every_module_belongs_to_a_layer() {
    for package in CRATES {
        let source = package.source;
        let modules = Tree::read(&root().join(source)).modules;
        let count = modules.len();
        assert!(count > package.min_modules, "{source}: {count} modules");
        for module in modules.keys() {
            let is_outside = module.is_empty() || package.outside.contains(&&*module[0]);
            assert!(
                is_outside || layer(module, package.layers).is_some(),
                "{source}: {} does not belong to a layer",
                module.join("::")
            );
        }
    }
}

#[test]
fn modules_have_no_import_cycles() {
    let layered = CRATES.iter().map(|package| package.source);
    for source in layered.chain(WITHOUT_LAYERS.iter().copied()) {
        let cycles = cycles(&Tree::read(&root().join(source)).imports());
        assert!(cycles.is_empty(), "cycles in {source}: {cycles:#?}");
    }
}

/// The compiler ignores a file without a declaration, so it would remain after a move. The store is not
/// checked, because it declares each file once for each version of `object_store`, by its path.
#[test]
fn every_file_is_declared_as_a_module() {
    let layered = CRATES.iter().map(|package| package.source);
    for source in layered.chain(["sdk/cli/src", "sdk/md5/src"]) {
        let undeclared = Tree::read(&root().join(source)).undeclared();
        assert!(
            undeclared.is_empty(),
            "{source}: no module declares {undeclared:?}"
        );
    }
}

/// Tests the analysis itself with small modules.
#[test]
fn finds_upward_imports_and_cycles() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    };
    write("lib.rs", "mod a;\nmod b;\npub use a::One;\n");
    write(
        "a.rs",
        "mod inner;\npub use inner::One;\n// use crate::b::Nothing;\n",
    );
    write(
        "a/inner.rs",
        "use crate::{b::{Two, Three as Third}};\npub struct One;\n",
    );
    write(
        "b.rs",
        "pub struct Two;\npub struct Three;\nfn f() { let _ = crate::a::One; }\n\
         #[cfg(test)]\nmod tests {\n    use crate::c::Four;\n}\n",
    );
    write(
        "c.rs",
        "use super::b::Two;\nconst TEXT: &str = \"crate::a::One\";\n",
    );
    let imports = Tree::read(folder.path()).imports();
    let named = |from: &[&str]| {
        let from: Module = from.iter().map(|name| (*name).to_owned()).collect();
        let targets = imports.get(&from).cloned().unwrap_or_default();
        targets.iter().map(|to| to.join("::")).collect::<Vec<_>>()
    };
    assert_eq!(named(&["a", "inner"]), ["b"]);
    assert_eq!(named(&["b"]), ["a::inner"]);
    assert_eq!(named(&["c"]), ["b"]);
    assert_eq!(cycles(&imports), ["a::inner, b"]);
    assert_eq!(Tree::read(folder.path()).undeclared(), ["c"]);
}

/// Returns the index of the layer of a module, counted from the top. The longest matching entry decides.
fn layer(module: &Module, layers: &[(&str, &[&str])]) -> Option<usize> {
    let name = module.join("::");
    let mut found: Option<(usize, usize)> = None;
    for (index, (_, members)) in layers.iter().enumerate() {
        for member in *members {
            let is_member = name == *member || name.starts_with(&format!("{member}::"));
            if is_member && found.is_none_or(|(length, _)| length < member.len()) {
                found = Some((member.len(), index));
            }
        }
    }
    found.map(|(_, index)| index)
}

/// The modules of a crate.
struct Tree {
    /// The code of each module without comments, strings and tests.
    modules: BTreeMap<Module, String>,
    /// The complete text of each module.
    texts: BTreeMap<Module, String>,
    /// Names that a module reexports, with the path of their definition.
    exports: BTreeMap<Module, BTreeMap<String, Module>>,
}

impl Tree {
    fn read(source: &Path) -> Self {
        let mut tree = Self {
            modules: BTreeMap::new(),
            texts: BTreeMap::new(),
            exports: BTreeMap::new(),
        };
        tree.read_folder(source, &mut Vec::new());
        for (module, code) in &tree.modules {
            let mut names = BTreeMap::new();
            for (is_export, path) in use_paths(code) {
                if is_export
                    && let (Some(path), Some(name)) = (tree.absolute(module, &path), path.last())
                {
                    names.insert(name.clone(), path);
                }
            }
            tree.exports.insert(module.clone(), names);
        }
        tree
    }

    fn read_folder(&mut self, folder: &Path, module: &mut Module) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
            if path.is_dir() {
                module.push(name);
                self.read_folder(&path, module);
                module.pop();
            } else if path.extension().is_some_and(|extension| extension == "rs") && name != "tests"
            {
                let mut own = module.clone();
                if !matches!(&*name, "lib" | "main" | "mod") {
                    own.push(name);
                }
                let text = std::fs::read_to_string(&path).unwrap();
                self.modules.insert(own.clone(), code_of(&text));
                // A crate that is a library and a program has two roots.
                self.texts.entry(own).or_default().push_str(&text);
            }
        }
    }

    /// Returns the modules that their parent does not declare. Modules below `tests` are not checked.
    fn undeclared(&self) -> Vec<String> {
        let is_declared = |module: &Module| {
            if module.iter().any(|name| name == "tests") {
                return true;
            }
            let Some((name, parents)) = module.split_last() else {
                return true;
            };
            let declaration = format!("mod {name};");
            // A module in braces has no file.
            let lengths = (0..=parents.len()).rev();
            let parent = lengths
                .filter_map(|length| self.texts.get(&parents[..length]))
                .next();
            parent.is_some_and(|text| text.contains(&declaration))
        };
        let undeclared = self.texts.keys().filter(|module| !is_declared(module));
        undeclared.map(|module| module.join("::")).collect()
    }

    /// Returns the modules that each module imports from. Ignores items of ancestors and reexports of
    /// submodules.
    fn imports(&self) -> BTreeMap<Module, BTreeSet<Module>> {
        let mut imports = BTreeMap::new();
        for (module, code) in &self.modules {
            let mut targets = BTreeSet::new();
            let inline = inline_paths(code).into_iter().map(|path| (false, path));
            for (is_export, path) in use_paths(code).into_iter().chain(inline) {
                let Some(path) = self.absolute(module, &path) else {
                    continue;
                };
                let target = self.defining_module(&path, 8);
                let exports_child = is_export && target.starts_with(module);
                if !module.starts_with(&target) && !exports_child {
                    targets.insert(target);
                }
            }
            imports.insert(module.clone(), targets);
        }
        imports
    }

    /// Resolves a path from the crate root. Returns `None` for a path into another crate.
    fn absolute(&self, module: &Module, path: &[String]) -> Option<Module> {
        let mut base = match &**path.first()? {
            "crate" => Vec::new(),
            "self" => module.clone(),
            "super" => module.split_last()?.1.to_vec(),
            first => {
                let mut child = module.clone();
                child.push(first.to_owned());
                return self.modules.contains_key(&child).then(|| {
                    child.extend_from_slice(&path[1..]);
                    child
                });
            }
        };
        let mut rest = &path[1..];
        while let [first, after @ ..] = rest
            && first == "super"
        {
            base.pop();
            rest = after;
        }
        base.extend_from_slice(rest);
        Some(base)
    }

    /// Returns the module that defines the item of a path. Follows reexports.
    fn defining_module(&self, path: &Module, depth: usize) -> Module {
        let mut length = path.len();
        while length > 0 && !self.modules.contains_key(&path[..length]) {
            length -= 1;
        }
        let module = path[..length].to_vec();
        let exported = path
            .get(length)
            .and_then(|name| self.exports.get(&module)?.get(name));
        match exported {
            Some(path) if depth > 0 => self.defining_module(path, depth - 1),
            _ => module,
        }
    }
}

/// Returns the code of a file without comments, strings and test modules.
fn code_of(text: &str) -> String {
    let mut code = String::new();
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        match (character, characters.peek()) {
            ('/', Some('/')) => while characters.next_if(|next| *next != '\n').is_some() {},
            ('"', _) => {
                while let Some(next) = characters.next() {
                    match next {
                        '\\' => drop(characters.next()),
                        '"' => break,
                        _ => {}
                    }
                }
            }
            ('\'', Some('"')) => {
                characters.next();
                characters.next();
            }
            _ => code.push(character),
        }
    }
    match code.find("#[cfg(test)]\nmod tests {") {
        Some(start) => code[..start].to_owned(),
        None => code,
    }
}

/// Returns the paths of all `use` items, and whether each is a reexport.
fn use_paths(code: &str) -> Vec<(bool, Vec<String>)> {
    let mut paths = Vec::new();
    for item in code.split(';') {
        let Some(start) = item.rfind("use ") else {
            continue;
        };
        let before = item[..start].trim_end();
        let is_item =
            before.is_empty() || before.ends_with(['{', '}', ']', ')']) || before.ends_with("pub");
        if !is_item {
            continue;
        }
        let is_export = before.ends_with("pub")
            || before.ends_with("pub(crate)")
            || before.ends_with("pub(super)");
        let tree = item[start + 4..]
            .split_whitespace()
            .collect::<Vec<_>>()
            .join(" ");
        for path in expand(&tree) {
            paths.push((is_export, path));
        }
    }
    paths
}

/// Expands braces: `a::{b, c::{d, e}}` becomes `a::b`, `a::c::d` and `a::c::e`.
fn expand(tree: &str) -> Vec<Vec<String>> {
    let tree = tree.trim();
    let Some((head, rest)) = tree.split_once('{') else {
        let path = tree.split(" as ").next().unwrap_or_default();
        let parts = path.split("::").map(|part| part.trim().to_owned());
        return vec![parts.filter(|part| !part.is_empty()).collect()];
    };
    let prefix: Vec<String> = head
        .split("::")
        .map(|part| part.trim().to_owned())
        .filter(|part| !part.is_empty())
        .collect();
    let inner = rest.rsplit_once('}').map_or(rest, |(inner, _)| inner);
    let mut all = Vec::new();
    let (mut depth, mut current) = (0, String::new());
    for character in inner.chars().chain([',']) {
        match character {
            ',' if depth == 0 => {
                for path in expand(&std::mem::take(&mut current)) {
                    if !path.is_empty() {
                        all.push(prefix.iter().cloned().chain(path).collect());
                    }
                }
                continue;
            }
            '{' => depth += 1,
            '}' => depth -= 1,
            _ => {}
        }
        current.push(character);
    }
    all
}

/// Returns the paths in expressions and types that start at the crate root.
fn inline_paths(code: &str) -> Vec<Vec<String>> {
    code.match_indices("crate::")
        .map(|(start, _)| {
            let path: &str = &code[start..];
            let end = path.find(|c: char| !(c.is_alphanumeric() || c == '_' || c == ':'));
            let path = &path[..end.unwrap_or(path.len())];
            let parts = path.split("::").filter(|part| !part.is_empty());
            parts.map(str::to_owned).collect()
        })
        .collect()
}

/// Returns the groups of modules that import each other, one line per group.
fn cycles(imports: &BTreeMap<Module, BTreeSet<Module>>) -> Vec<String> {
    let reachable: BTreeMap<&Module, BTreeSet<&Module>> = imports
        .keys()
        .map(|module| (module, reachable_from(module, imports)))
        .collect();
    let mut groups = BTreeSet::new();
    for (module, targets) in &reachable {
        if targets.contains(module) {
            let group: Vec<String> = targets
                .iter()
                .filter(|other| {
                    reachable
                        .get(*other)
                        .is_some_and(|back| back.contains(module))
                })
                .map(|other| other.join("::"))
                .collect();
            groups.insert(group.join(", "));
        }
    }
    groups.into_iter().collect()
}

fn reachable_from<'a>(
    start: &Module,
    imports: &'a BTreeMap<Module, BTreeSet<Module>>,
) -> BTreeSet<&'a Module> {
    let mut found = BTreeSet::new();
    let mut open: Vec<&Module> = imports.get(start).into_iter().flatten().collect();
    while let Some(module) = open.pop() {
        if found.insert(module) {
            open.extend(imports.get(module).into_iter().flatten());
        }
    }
    found
}
