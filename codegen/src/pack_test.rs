//! Tests of packs: small specifications, and their expected outputs.
//!
//! A test is a folder `tests/NAME` in the pack with `expected/`, which contains the outputs, and
//! optionally `spec.json` (by default a small API of the generator), `overlay.json`, and a
//! `pack.json` that is merged into that of the pack.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use similar::TextDiff;

use crate::generator::{Error, Generator};
use crate::output::{Formatting, OutputError, crlf_advice, refuse_links};
use crate::pack::{MANIFEST, Pack, TESTS};
use crate::render::LOCK_NAME;
use crate::source::slashes;

/// Specification of tests without `spec.json`. It contains every kind of operation and type.
pub const SMALL_SPEC: &str = include_str!("pack_test/api.json");

/// Name of the first test of a new pack.
pub const FIRST_TEST: &str = "small";

/// The tests of a pack.
#[derive(Debug)]
pub struct PackTests {
    pack: PathBuf,
    overrides: Vec<PathBuf>,
    formatting: Formatting,
}

/// Result of a test.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// Name of the test.
    pub name: String,
    /// Files that differ from the expected ones, in order.
    pub differences: Vec<Difference>,
}

/// A file that differs from the expected one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// Path of the file, including the pack's folder.
    pub path: String,
    /// Unified diff from the expected to the actual file.
    pub diff: String,
}

/// Texts of files by path in a folder.
type Files = BTreeMap<String, String>;

impl PackTests {
    /// Creates the tests of a pack.
    pub fn new(pack: impl Into<PathBuf>) -> Self {
        Self {
            pack: pack.into(),
            overrides: Vec::new(),
            formatting: Formatting::default(),
        }
    }

    /// Sets the options of the formatter.
    #[must_use]
    pub fn formatting(mut self, formatting: Formatting) -> Self {
        self.formatting = formatting;
        self
    }

    /// Adds a folder that overrides templates of the pack, like [`Generator::override_templates`].
    #[must_use]
    pub fn override_templates(mut self, folder: impl Into<PathBuf>) -> Self {
        self.overrides.push(folder.into());
        self
    }

    /// Returns the names of the tests, sorted.
    ///
    /// # Errors
    ///
    /// Returns an error if the pack cannot be read.
    pub fn names(&self) -> Result<Vec<String>, Error> {
        // Report a wrong path, instead of a pack without tests.
        Pack::load(&self.pack, &self.overrides)?;
        let folder = self.pack.join(TESTS);
        if !folder.is_dir() {
            return Ok(Vec::new());
        }
        let failed = |error| OutputError::io(&folder, error);
        let mut names = BTreeSet::new();
        for entry in std::fs::read_dir(&folder).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            if entry.path().is_dir() {
                names.insert(entry.file_name().to_string_lossy().into_owned());
            }
        }
        Ok(names.into_iter().collect())
    }

    /// Runs a test: compares the outputs with the expected files.
    ///
    /// # Errors
    ///
    /// Returns an error if the pack cannot be rendered, or a file cannot be read.
    pub fn run(&self, name: &str) -> Result<Outcome, Error> {
        let expected = self.expected(name)?;
        let made = self.make(name, &expected)?;
        let folder = self.expected_folder(name);
        let paths: BTreeSet<&String> = expected.keys().chain(made.keys()).collect();
        let mut differences = Vec::new();
        for path in paths {
            let (old, new) = (expected.get(path), made.get(path));
            if old == new {
                continue;
            }
            let path = slashes(&folder.join(path));
            if let (Some(old), Some(new)) = (old, new)
                && old.replace("\r\n", "\n") == *new
            {
                let diff = format!("{path}: {}\n", crlf_advice(&self.pack));
                differences.push(Difference { path, diff });
                continue;
            }
            let (old, new) = (
                old.map(String::as_str).unwrap_or_default(),
                new.map(String::as_str).unwrap_or_default(),
            );
            let diff = TextDiff::from_lines(old, new)
                .unified_diff()
                .header(&format!("{path} (expected)"), &format!("{path} (rendered)"))
                .to_string();
            differences.push(Difference { path, diff });
        }
        Ok(Outcome {
            name: name.to_owned(),
            differences,
        })
    }

    /// Replaces the expected files of a test by the outputs. Creates the test if it does not exist.
    /// Returns the files that changed.
    ///
    /// # Errors
    ///
    /// Returns an error if the pack cannot be rendered, or a file cannot be written.
    pub fn update(&self, name: &str) -> Result<Vec<String>, Error> {
        let expected = self.expected(name)?;
        let made = self.make(name, &expected)?;
        let folder = self.expected_folder(name);
        let mut changed = Vec::new();
        for (path, text) in &made {
            if expected.get(path) == Some(text) {
                continue;
            }
            let target = folder.join(path);
            refuse_links(&self.pack, &format!("{TESTS}/{name}/expected/{path}"))?;
            crate::output::write_whole(&target, text)?;
            changed.push(slashes(&target));
        }
        for path in expected.keys().filter(|path| !made.contains_key(*path)) {
            let target = folder.join(path);
            std::fs::remove_file(&target).map_err(|error| OutputError::io(&target, error))?;
            changed.push(slashes(&target));
        }
        changed.sort();
        Ok(changed)
    }

    fn expected_folder(&self, name: &str) -> PathBuf {
        self.pack.join(TESTS).join(name).join("expected")
    }

    fn expected(&self, name: &str) -> Result<Files, Error> {
        let folder = self.expected_folder(name);
        refuse_links(&self.pack, &format!("{TESTS}/{name}/expected"))?;
        let mut files = Files::new();
        if folder.is_dir() {
            collect(&folder, "", &mut files)?;
        }
        Ok(files)
    }

    /// Renders, formats and writes the outputs to a temporary folder, and reads them.
    fn make(&self, name: &str, expected: &Files) -> Result<Files, Error> {
        let overrides = self.overrides_of(name);
        // Load the pack first, because its errors are the most helpful ones for a wrong folder.
        let loaded = Pack::load(&self.pack, &overrides)?;
        let scratch =
            tempfile::tempdir().map_err(|error| OutputError::io(Path::new("."), error))?;
        let pack = absolute(&self.pack)?;
        let test = pack.join(TESTS).join(name);
        let mut spec = test.join("spec.json");
        // Tests can share parts of their specifications.
        let mut spec_root = pack.as_path();
        if !spec.is_file() {
            spec_root = scratch.path();
            spec = spec_root.join("api.json");
            crate::output::write_whole(&spec, &small_spec(&loaded))?;
        }
        let out = scratch.path().join("out");
        place_sections(&loaded, &out, expected)?;
        let generator = Generator::new().spec(spec).spec_root(spec_root);
        let generator = generator.pack(&pack).out_dir(&out).with_relocatable_names();
        let mut generator = generator.formatter_time_limit(self.formatting.time_limit);
        if !self.formatting.enabled {
            generator = generator.without_formatter();
        }
        let overlay = test.join("overlay.json");
        if overlay.is_file() {
            generator = generator.overlay(overlay);
        }
        for folder in overrides {
            generator = generator.override_templates(absolute(&folder)?);
        }
        generator.run()?;
        let mut files = Files::new();
        collect(&out, "", &mut files)?;
        files.remove(LOCK_NAME);
        Ok(files)
    }

    /// Returns the folders that override the pack in a test. The folder of the test is the last.
    fn overrides_of(&self, name: &str) -> Vec<PathBuf> {
        let own = self.pack.join(TESTS).join(name);
        let own = Some(own).filter(|own| own.join(MANIFEST).is_file());
        self.overrides.iter().cloned().chain(own).collect()
    }
}

/// Returns the small API, with a handle that the pack has code for.
fn small_spec(pack: &Pack) -> String {
    let Some(handles) = &pack.manifest.handles else {
        return SMALL_SPEC.to_owned();
    };
    match handles.first() {
        Some(handle) => {
            // The tag of the handle has the same name.
            let name = serde_json::Value::from(handle.as_str()).to_string();
            SMALL_SPEC.replace("\"Shelf\"", &name)
        }
        None => {
            let lines = SMALL_SPEC.split_inclusive('\n');
            let is_kept = |line: &&str| !line.trim_start().starts_with("\"x-handles\"");
            lines.filter(is_kept).collect()
        }
    }
}

/// Creates the files that contain sections: the expected files, or files with only the markers.
fn place_sections(pack: &Pack, out: &Path, expected: &Files) -> Result<(), Error> {
    let mut files = Files::new();
    let rules = pack.manifest.files.iter();
    for into in rules.filter_map(|rule| rule.into.as_ref()) {
        // Rendering reports the invalid path.
        if crate::render::check_path(&into.file).is_err() {
            continue;
        }
        let marker = &into.marker;
        match expected.get(&into.file) {
            Some(text) => drop(files.insert(into.file.clone(), text.clone())),
            None => files
                .entry(into.file.clone())
                .or_default()
                .push_str(&format!("<!-- {marker}:begin -->\n<!-- {marker}:end -->\n")),
        }
    }
    for (path, text) in files {
        crate::output::write_whole(&out.join(path), &text)?;
    }
    Ok(())
}

fn absolute(path: &Path) -> Result<PathBuf, OutputError> {
    path.canonicalize()
        .map_err(|error| OutputError::io(path, error))
}

/// Reads all files below a folder, with forward slashes in their names.
fn collect(folder: &Path, prefix: &str, files: &mut Files) -> Result<(), OutputError> {
    let failed = |error| OutputError::io(folder, error);
    for entry in std::fs::read_dir(folder).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        let path = entry.path();
        let name = format!("{prefix}{}", entry.file_name().to_string_lossy());
        refuse_links(folder, &entry.file_name().to_string_lossy())?;
        if entry.file_type().map_err(failed)?.is_dir() {
            collect(&path, &format!("{name}/"), files)?;
        } else {
            let text =
                std::fs::read_to_string(&path).map_err(|error| OutputError::io(&path, error))?;
            files.insert(name, text);
        }
    }
    Ok(())
}
