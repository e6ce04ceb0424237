//! Stage 1: reads JSON documents whose values know their file, line, column and pointer.

mod node;
mod parse;
mod paths;

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::rc::Rc;

pub(crate) use crate::span::{FileId, Span};
pub(crate) use node::{Member, Node, Object, Value};
pub(crate) use node::{escape_token, unescape_token};
pub(crate) use paths::{
    decode_reference, has_scheme, join_reference, percent_decode, portable, slashes,
};

use crate::diagnostic::Diagnostic;
use crate::git_blob::BlobId;

/// A file that was read.
#[derive(Debug)]
pub struct SourceFile {
    /// Path as given on the command line, or relative to it, with forward slashes.
    pub name: String,
    /// Name for outputs. Never absolute.
    pub portable: String,
    /// Path that the file was read from.
    pub path: PathBuf,
    /// Text without a byte order mark. Invalid UTF-8 is replaced.
    pub text: String,
    /// Git blob ID of the text with line feeds.
    pub id: BlobId,
    /// Whether findings can quote lines of the file.
    pub(crate) is_quoted: bool,
    line_starts: Vec<usize>,
    /// Number of characters before each multiple of [`STEP`] bytes.
    characters: Vec<usize>,
}

/// Interval of bytes for which the number of characters is stored. A file can be a single line of
/// megabytes with a finding in each word, so characters are not counted from the start of the line.
const STEP: usize = 256;

/// All files that were read.
#[derive(Debug, Default)]
pub struct Sources {
    files: Vec<SourceFile>,
    trees: HashMap<PathBuf, (FileId, Option<Rc<Node>>)>,
    /// Canonical paths by requested path. Each operation can refer to the same file.
    real: HashMap<PathBuf, PathBuf>,
    /// Folder that names of files outside the current folder are relative to.
    base: PathBuf,
    /// Folder that references cannot leave.
    root: PathBuf,
    /// Whether to ignore the current folder in names.
    has_relocatable_names: bool,
}

/// A place in a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Location {
    /// File name.
    pub file: String,
    /// Line, starting at 1.
    pub line: usize,
    /// Column in characters, starting at 1.
    pub column: usize,
}

impl Sources {
    /// Creates an empty set of files. Files outside the current folder are named relative to
    /// `base`. References cannot leave this folder.
    pub fn new(base: &Path) -> Self {
        let sources = Self {
            base: base.to_owned(),
            ..Self::default()
        };
        sources.within(base)
    }

    /// Sets the folder that references cannot leave.
    pub(crate) fn within(mut self, root: &Path) -> Self {
        let here = Path::new(".");
        let is_here = root.as_os_str().is_empty();
        self.root = if is_here { here } else { root }.to_owned();
        self
    }

    /// Names files relative to the folder of the root file, regardless of the current folder.
    pub(crate) fn with_relocatable_names(mut self) -> Self {
        self.has_relocatable_names = true;
        self
    }

    /// Returns the name of a file for outputs. Never absolute.
    pub(crate) fn portable(&self, path: &Path) -> String {
        portable(path, &self.base, self.has_relocatable_names)
    }

    /// Reads and parses a file once. If the file is not a document, findings only quote it if it
    /// looks like one, because users can name any file.
    ///
    /// # Errors
    ///
    /// Returns the errors in the text. If the file failed before, fails without reporting them
    /// again.
    pub fn load(&mut self, path: &Path) -> Result<(FileId, Rc<Node>), Vec<Diagnostic>> {
        let real = self.real(path);
        if let Some((file, tree)) = self.trees.get(&real) {
            return tree.clone().map(|tree| (*file, tree)).ok_or_else(Vec::new);
        }
        let (file, invalid) = self.read(path)?;
        let text = &self.file(file).text;
        let parsed = match invalid {
            Some(problem) => Err(vec![*problem]),
            None => parse::parse(file, text),
        };
        // The file can contain secrets, so only quote it if it looks like a document.
        let is_quoted = parsed.is_ok() || text.trim_start().starts_with('{');
        if let Some(file) = self.files.get_mut(file.0 as usize) {
            file.is_quoted = is_quoted;
        }
        match parsed {
            Ok(tree) => {
                let tree = Rc::new(tree);
                self.trees.insert(real, (file, Some(Rc::clone(&tree))));
                Ok((file, tree))
            }
            Err(problems) => {
                self.trees.insert(real, (file, None));
                Err(match is_quoted {
                    true => problems,
                    false => self.without_quotes(file, problems),
                })
            }
        }
    }

    /// Checks that the folder that references cannot leave exists.
    ///
    /// # Errors
    ///
    /// Returns an error if it is not a folder.
    pub(crate) fn check_root(&self) -> Result<(), Vec<Diagnostic>> {
        let error = match self.root.metadata() {
            Ok(metadata) if metadata.is_dir() => return Ok(()),
            Ok(_) => io::Error::other("it is not a folder"),
            Err(error) => error,
        };
        let message = format!("{}: {error}", slashes(&self.root));
        let problem = Diagnostic::error_nowhere("file-unreadable", message);
        let help = "correct `--spec-root` (`diff`: `--spec-root-old` or `--spec-root-new`), the folder \
                    that references cannot leave";
        Err(vec![problem.with_help(help)])
    }

    /// Reads and parses a file that another file refers to. It must be a regular file in the folder
    /// that references cannot leave, also if links are followed.
    ///
    /// # Errors
    ///
    /// Returns an error if the file is not in the folder, and the same errors as
    /// [`load`](Self::load). All have the place of `reference`.
    pub(crate) fn load_part(
        &mut self,
        path: &Path,
        reference: &Node,
    ) -> Result<(FileId, Rc<Node>), Vec<Diagnostic>> {
        let real = self.real(path);
        let is_known = self.trees.contains_key(&real);
        let root = self.root.clone();
        let root = self.real(&root);
        let is_inside = if is_known || path.exists() {
            real.starts_with(root)
        } else {
            nearest_folder(path).is_some_and(|folder| folder.starts_with(root))
        };
        if !is_inside {
            return Err(vec![self.outside(reference)]);
        }
        let reference = reference.span;
        let checked = if is_known {
            Ok(())
        } else {
            check_regular(path)
        };
        let loaded = match checked {
            Ok(()) => self.load(path),
            Err(error) => Err(unreadable(path, &error)),
        };
        let problems = match loaded {
            Ok(loaded) => return Ok(loaded),
            Err(problems) => problems,
        };
        let place = |problem: &Diagnostic| problem.span.map(|span| span.file);
        let quoted = |file: FileId| self.file(file).is_quoted;
        let is_quoted = problems.iter().filter_map(place).all(quoted);
        let problems = problems.into_iter().map(|mut problem| {
            let Some(span) = problem.span else {
                problem.span = Some(reference);
                return problem;
            };
            if is_quoted {
                return problem.with_note(reference, "this reference refers to the file");
            }
            let location = self.location(span);
            let message = format!(
                "{} is not a JSON document (line {}, column {})",
                location.file, location.line, location.column
            );
            Diagnostic::error("ref-not-json", reference, message)
                .with_help("refer to a JSON file: `./file.json#/pointer`")
        });
        Err(problems.collect())
    }

    fn outside(&self, reference: &Node) -> Diagnostic {
        let message = format!(
            "`{}` is outside the folder `{}`, which references cannot leave",
            reference.as_str().unwrap_or_default(),
            slashes(&self.root)
        );
        let help = "move the file into the folder, or name a folder that contains both with \
                    `--spec-root` (`diff`: `--spec-root-old` and `--spec-root-new`; `test-pack` \
                    has no such option)";
        Diagnostic::error("ref-outside", reference.span, message).with_help(help)
    }

    /// Replaces errors by one without text of the file.
    fn without_quotes(&self, file: FileId, problems: Vec<Diagnostic>) -> Vec<Diagnostic> {
        if self.file(file).is_yaml() {
            return vec![not_yaml(file)];
        }
        let problems = problems.into_iter().map(|problem| match problem.rule {
            "json-depth" | "json-empty" | "json-utf8" => problem,
            _ => {
                let span = problem.span.unwrap_or(Span::start_of(file));
                Diagnostic::error("json-syntax", span, "this is not a JSON document")
                    .with_help("name a JSON file; a specification begins with `{`")
            }
        });
        // All errors are about the same text, so one is enough.
        problems.take(1).collect()
    }

    /// Returns the canonical path of a file, or the path itself if the file does not exist.
    fn real(&mut self, path: &Path) -> PathBuf {
        if let Some(real) = self.real.get(path) {
            return real.clone();
        }
        match path.canonicalize() {
            Ok(real) => {
                self.real.insert(path.to_owned(), real.clone());
                real
            }
            Err(_) => path.to_owned(),
        }
    }

    fn read(&mut self, path: &Path) -> Result<(FileId, Option<Box<Diagnostic>>), Vec<Diagnostic>> {
        let bytes = bytes(path).map_err(|error| unreadable(path, &error))?;
        let id = BlobId::of_text(&bytes);
        let bytes = without_byte_order_mark(bytes);
        let file = FileId(u32::try_from(self.files.len()).unwrap_or(u32::MAX));
        let (text, invalid) = match String::from_utf8(bytes) {
            Ok(text) => (text, None),
            Err(error) => {
                let at = u32::try_from(error.utf8_error().valid_up_to()).unwrap_or_default();
                let span = Span {
                    file,
                    start: at,
                    end: at + 1,
                };
                let bytes = error.as_bytes();
                let is_utf16 = bytes.starts_with(b"\xff\xfe") || bytes.starts_with(b"\xfe\xff");
                let help = match is_utf16 {
                    true => "the file seems to be UTF-16; save it as UTF-8",
                    false => "save the file as UTF-8",
                };
                let problem =
                    Diagnostic::error("json-utf8", span, "this byte is not UTF-8").with_help(help);
                let text = String::from_utf8_lossy(error.as_bytes()).into_owned();
                (text, Some(Box::new(problem)))
            }
        };
        self.files.push(SourceFile {
            name: slashes(path),
            portable: self.portable(path),
            path: path.to_owned(),
            is_quoted: false,
            line_starts: line_starts(&text),
            characters: characters(&text),
            text,
            id,
        });
        Ok((file, invalid))
    }

    /// Returns a loaded file.
    pub fn file(&self, id: FileId) -> &SourceFile {
        // Cannot panic, because only `read` creates a `FileId`, after adding the file.
        #[allow(clippy::indexing_slicing)]
        &self.files[id.0 as usize]
    }

    /// Returns all files in the order in which they were read.
    pub fn files(&self) -> &[SourceFile] {
        &self.files
    }

    /// Returns the start of a span.
    pub fn location(&self, span: Span) -> Location {
        let file = self.file(span.file);
        let (line, start) = file.line_at(span.start as usize);
        let column = file.characters_before(span.start as usize) - file.characters_before(start);
        Location {
            file: file.name.clone(),
            line,
            column: column + 1,
        }
    }

    /// Returns the JSON pointer of a span within its file.
    pub fn pointer(&self, span: Span) -> Option<String> {
        let mut trees = self.trees.values();
        let (_, tree) = trees.find(|(file, _)| *file == span.file)?;
        Some(tree.as_ref()?.pointer_at(span))
    }
}

/// Removes a byte order mark, which some editors write before UTF-8 text.
pub(crate) fn without_byte_order_mark(mut bytes: Vec<u8>) -> Vec<u8> {
    if bytes.starts_with(b"\xef\xbb\xbf") {
        bytes.drain(..3);
    }
    bytes
}

/// Returns the canonical path of the nearest existing folder of a file that does not exist.
fn nearest_folder(path: &Path) -> Option<PathBuf> {
    let here = Path::new(".");
    let mut folders = path.ancestors().skip(1);
    folders.find_map(|folder| {
        let is_here = folder.as_os_str().is_empty();
        let folder = if is_here { here } else { folder };
        folder.canonicalize().ok()
    })
}

/// Maximum size of a file in bytes.
const MAX_FILE: u32 = 256 << 20;

/// Returns an error unless the path is a regular file. Files that are named by users can be pipes,
/// but files that are named in documents cannot, because reading a pipe or device may never end.
pub(crate) fn check_regular(path: &Path) -> io::Result<()> {
    if path.metadata()?.is_file() {
        return Ok(());
    }
    Err(io::Error::other("it is not a regular file"))
}

fn bytes(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let mut file = File::open(path)?.take(u64::from(MAX_FILE) + 1);
    file.read_to_end(&mut bytes)?;
    if bytes.len() > MAX_FILE as usize {
        let text = format!("it is larger than {} MiB", MAX_FILE >> 20);
        return Err(io::Error::other(text));
    }
    Ok(bytes)
}

fn unreadable(path: &Path, error: &io::Error) -> Vec<Diagnostic> {
    let message = format!("{}: {error}", slashes(path));
    let problem = Diagnostic::error_nowhere("file-unreadable", message);
    vec![problem.with_help("check the path and its permissions")]
}

impl SourceFile {
    /// Returns the line (starting at 1) that contains a byte, and the byte offset of the line.
    fn line_at(&self, offset: usize) -> (usize, usize) {
        let line = self.line_starts.partition_point(|start| *start <= offset);
        let start = self.line_starts.get(line.saturating_sub(1)).copied();
        (line, start.unwrap_or_default())
    }

    /// Returns the number of characters before a byte offset.
    fn characters_before(&self, offset: usize) -> usize {
        let offset = offset.min(self.text.len());
        let step = offset / STEP;
        let counted = self.characters.get(step).copied().unwrap_or_default();
        let rest = self.text.as_bytes().get(step * STEP..offset);
        counted + rest.map_or(0, count_characters)
    }

    /// Returns whether the text looks like YAML.
    fn is_yaml(&self) -> bool {
        let text = self.text.trim_start();
        let first = text.lines().next().unwrap_or_default();
        let keys = ["swagger:", "openapi:", "overlay:", "---", "%YAML", "#"];
        let extension = self.path.extension();
        extension.is_some_and(|end| end == "yaml" || end == "yml")
            || keys.iter().any(|key| first.starts_with(key))
    }

    /// Returns a line (starting at 1) without its line break.
    pub fn line(&self, line: usize) -> &str {
        let start = self.line_starts.get(line.saturating_sub(1)).copied();
        let end = self.line_starts.get(line).copied();
        let line = start.unwrap_or_default()..end.unwrap_or(self.text.len());
        self.text
            .get(line)
            .unwrap_or_default()
            .trim_end_matches(['\r', '\n'])
    }
}

fn not_yaml(file: FileId) -> Diagnostic {
    let span = Span::start_of(file);
    Diagnostic::error("json-yaml", span, "this is YAML, which is not supported")
        .with_help("convert it to JSON, for example by `yq -o=json file.yaml`")
}

fn line_starts(text: &str) -> Vec<usize> {
    std::iter::once(0)
        .chain(text.match_indices('\n').map(|(at, _)| at + 1))
        .collect()
}

fn characters(text: &str) -> Vec<usize> {
    let steps = text.as_bytes().chunks(STEP).map(count_characters);
    std::iter::once(0)
        .chain(steps.scan(0, |before, own| {
            *before += own;
            Some(*before)
        }))
        .collect()
}

/// Returns the number of characters that start in some bytes.
fn count_characters(bytes: &[u8]) -> usize {
    let continues = |byte: u8| byte & 0b1100_0000 == 0b1000_0000;
    bytes.iter().filter(|byte| !continues(**byte)).count()
}
