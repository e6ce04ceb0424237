//! Runs the pack's formatter, with few processes for many files.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use super::OutputError;
use super::formatter_process::{self, Ended, MOST_BYTES, Running, Stopped};
use super::scratch::Scratch;
use crate::render::{RenderedFile, has_header};

/// Options for running the formatter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Formatting {
    /// Whether to run the formatter. If not, files are written as rendered.
    pub enabled: bool,
    /// Time limit for a file, or for a batch of small files.
    pub time_limit: Duration,
}

impl Default for Formatting {
    fn default() -> Self {
        Self {
            enabled: true,
            time_limit: Duration::from_secs(60),
        }
    }
}

/// Formats files. Returns the texts in the same order.
pub(super) fn format(
    command: &[String],
    files: &[&RenderedFile],
    folder: &Path,
    time_limit: Duration,
) -> Result<Vec<String>, OutputError> {
    let Some((program, arguments)) = command.split_first() else {
        return Ok(files.iter().map(|file| file.text.clone()).collect());
    };
    if files.is_empty() {
        return Ok(Vec::new());
    }
    let formatter = Formatter {
        program,
        arguments,
        folder,
        time_limit,
    };
    if is_rustfmt(program) {
        formatter.format_together(files)
    } else {
        files
            .iter()
            .map(|file| formatter.format_alone(file))
            .collect()
    }
}

struct Formatter<'a> {
    program: &'a str,
    arguments: &'a [String],
    /// The output folder.
    folder: &'a Path,
    time_limit: Duration,
}

/// Minimum number of bytes for a second process. Starting rustfmt takes as long as formatting half
/// of this size, and two processes slow each other down while they start.
const WORTH_A_PROCESS: usize = 250_000;

impl Formatter<'_> {
    /// Formats many files with one process, because starting rustfmt takes longer than formatting
    /// most files.
    fn format_together(&self, files: &[&RenderedFile]) -> Result<Vec<String>, OutputError> {
        let scratch = Scratch::new(self.folder)?;
        let mut jobs = Vec::new();
        for (index, file) in files.iter().enumerate() {
            let path = scratch.path().join(format!("f{index}.rs"));
            let path =
                lay_out(path.clone(), &file.text).map_err(|error| OutputError::io(&path, error))?;
            jobs.push(Job {
                index,
                size: file.text.len(),
                path,
            });
        }
        let batches = shared_out(&jobs);
        let running: Vec<Running> = batches
            .iter()
            .map(|batch| self.start(batch, scratch.path()))
            .collect::<Result<_, _>>()?;
        // Wait for all processes before returning an error, because their folder is removed
        // afterwards.
        let ended: Vec<_> = running.into_iter().map(Running::finish).collect();
        let mut texts = vec![String::new(); files.len()];
        for (ended, batch) in ended.into_iter().zip(&batches) {
            let in_batch: Vec<&RenderedFile> = batch
                .iter()
                .filter_map(|job| files.get(job.index).copied())
                .collect();
            let ended = ended.map_err(|stopped| self.stopped(&in_batch, &stopped))?;
            for (job, file) in batch.iter().zip(in_batch) {
                let text = if ended.status.success() {
                    self.accepted(
                        file,
                        read(&job.path).map_err(|why| self.refused(file, &why))?,
                    )?
                } else {
                    // Format the files one by one, to find the one with the error.
                    self.format_alone(file)?
                };
                if let Some(slot) = texts.get_mut(job.index) {
                    *slot = text;
                }
            }
        }
        Ok(texts)
    }

    fn start(&self, batch: &[&Job], place: &Path) -> Result<Running, OutputError> {
        let names = batch
            .iter()
            .filter_map(|job| job.path.strip_prefix(place).ok());
        let mut command = Command::new(self.program);
        command.args(self.arguments).args(names).current_dir(place);
        formatter_process::start(&mut command, String::new(), self.time_limit)
            .map_err(|error| self.missing(error))
    }

    /// Formats one text through standard input and standard output.
    fn format_alone(&self, file: &RenderedFile) -> Result<String, OutputError> {
        let mut command = Command::new(self.program);
        command
            .args(self.arguments)
            // Formatters look for their configuration in the current folder and its ancestors.
            .current_dir(existing(self.folder));
        let ended = formatter_process::start(&mut command, file.text.clone(), self.time_limit)
            .map_err(|error| self.missing(error))?
            .finish()
            .map_err(|stopped| self.stopped(&[file], &stopped))?;
        let Ended {
            status,
            stdout,
            stderr,
        } = ended;
        if !status.success() {
            let failed = match status.code() {
                Some(_) if !stderr.trim().is_empty() => stderr,
                Some(_) => format!("it failed with {status} and printed no message"),
                None => format!("it was killed: {status}\n{stderr}"),
            };
            return Err(self.failed(file, &failed));
        }
        let text =
            String::from_utf8(stdout).map_err(|_| self.refused(file, "its output is not UTF-8"))?;
        self.accepted(file, text)
    }

    /// Checks that the formatter did not remove the text.
    fn accepted(&self, file: &RenderedFile, text: String) -> Result<String, OutputError> {
        if text.trim().is_empty() && !file.text.trim().is_empty() {
            return Err(self.refused(file, "its output is empty"));
        }
        if has_header(file.text.as_bytes()) && !has_header(text.as_bytes()) {
            let message = "its output does not begin with the `@generated` line";
            return Err(self.refused(file, message));
        }
        Ok(text)
    }

    fn command(&self) -> String {
        let mut words = vec![self.program.to_owned()];
        words.extend(self.arguments.iter().cloned());
        words.join(" ")
    }

    fn missing(&self, source: std::io::Error) -> OutputError {
        let known = is_rustfmt(self.program) && source.kind() == ErrorKind::NotFound;
        OutputError::FormatterMissing {
            command: self.command(),
            hint: if known {
                " with `rustup component add rustfmt`".to_owned()
            } else {
                String::new()
            },
            source,
        }
    }

    /// Creates the error for a formatter that failed.
    fn failed(&self, file: &RenderedFile, message: &str) -> OutputError {
        // The rustup proxy exists even if the component is not installed, and its message says so.
        let not_installed = message.contains("is not installed for the toolchain");
        if is_rustfmt(self.program) && not_installed {
            return OutputError::FormatterMissing {
                command: self.command(),
                hint: " with `rustup component add rustfmt`".to_owned(),
                source: std::io::Error::new(ErrorKind::NotFound, message.trim().to_owned()),
            };
        }
        let message = message.trim_end();
        self.error(
            file.path.clone(),
            file,
            format!("\n{message}{}", shown(message, &file.text)),
        )
    }

    /// Creates the error for a formatter whose output cannot be used.
    fn refused(&self, file: &RenderedFile, message: &str) -> OutputError {
        self.error(
            file.path.clone(),
            file,
            format!("{message}; {PROTOCOL}: {CORRECT}"),
        )
    }

    /// Creates the error for a formatter that exceeded a limit.
    fn stopped(&self, files: &[&RenderedFile], stopped: &Stopped) -> OutputError {
        let message = match stopped {
            Stopped::Time => format!(
                "it ran longer than {} s and was killed; correct `formatter` in pack.json, increase --formatter-timeout, or use --no-formatter",
                self.time_limit.as_secs_f64()
            ),
            Stopped::Size => format!(
                "its output is larger than {} MiB; {CORRECT}",
                MOST_BYTES >> 20
            ),
            Stopped::Io(error) => format!("cannot read its output: {error}"),
        };
        let Some((first, more)) = files.split_first() else {
            return OutputError::io(self.folder, std::io::Error::other(message));
        };
        let path = match more.len() {
            0 => first.path.clone(),
            more => format!("{} and {more} more files", first.path),
        };
        self.error(path, first, message)
    }

    fn error(&self, path: String, file: &RenderedFile, message: String) -> OutputError {
        OutputError::Formatter {
            command: self.command(),
            path,
            template: file.template.clone(),
            message,
        }
    }
}

/// Requirements for formatters.
const PROTOCOL: &str =
    "a formatter reads a file from standard input and writes it to standard output";
/// Advice for a formatter that does not meet them.
const CORRECT: &str = "correct `formatter` in pack.json, or use --no-formatter";

/// Reads a formatted file.
fn read(path: &Path) -> Result<String, String> {
    let failed = |error: std::io::Error| format!("cannot read the formatted file: {error}");
    let length = path.metadata().map_err(failed)?.len();
    if length > MOST_BYTES as u64 {
        return Err(format!(
            "its output is larger than {} MiB",
            MOST_BYTES >> 20
        ));
    }
    std::fs::read_to_string(path).map_err(failed)
}

/// Returns the line that the formatter complains about, with some lines before it. Nothing is
/// written, so the message is the only place where the user can see them.
fn shown(message: &str, text: &str) -> String {
    const BEFORE: usize = 2;
    let Some(line) = complaint(message).filter(|line| *line <= text.lines().count()) else {
        return format!("\n{PROTOCOL}");
    };
    let first = line.saturating_sub(BEFORE).max(1);
    let lines = text
        .lines()
        .enumerate()
        .skip(first - 1)
        .take(line + 1 - first);
    let lines = lines.map(|(index, text)| format!("\n{:>5} | {text}", index + 1));
    format!(
        "\nbefore it was formatted, the file had{}",
        lines.collect::<String>()
    )
}

/// Returns the line of the first `LINE:COLUMN` in a message.
fn complaint(message: &str) -> Option<usize> {
    message.match_indices(':').find_map(|(at, _)| {
        let before = message.get(..at)?;
        let digits = before.trim_end_matches(|c: char| c.is_ascii_digit()).len();
        let column = message
            .get(at + 1..)?
            .starts_with(|c: char| c.is_ascii_digit());
        let line = before.get(digits..)?.parse().ok()?;
        (column && line > 0).then_some(line)
    })
}

/// Returns the folder, or its nearest existing ancestor.
fn existing(folder: &Path) -> PathBuf {
    folder
        .ancestors()
        .find(|place| place.is_dir())
        .map_or_else(|| PathBuf::from("."), Path::to_owned)
}

fn is_rustfmt(program: &str) -> bool {
    Path::new(program)
        .file_stem()
        .is_some_and(|stem| stem == "rustfmt")
}

/// A file in the scratch folder.
#[derive(Debug)]
struct Job {
    index: usize,
    size: usize,
    path: PathBuf,
}

/// Writes a text to a file for rustfmt, and returns its path. rustfmt follows `mod x;` to other
/// files, so each text has its own folder with an empty file for each such module.
fn lay_out(path: PathBuf, text: &str) -> std::io::Result<PathBuf> {
    let mut modules = declared_modules(text).peekable();
    if modules.peek().is_none() {
        std::fs::write(&path, text)?;
        return Ok(path);
    }
    let folder = path.with_extension("");
    std::fs::create_dir(&folder)?;
    for module in modules {
        std::fs::write(folder.join(format!("{module}.rs")), "")?;
    }
    let path = folder.join("mod.rs");
    std::fs::write(&path, text)?;
    Ok(path)
}

/// Returns the modules that a text declares without a body.
fn declared_modules(text: &str) -> impl Iterator<Item = &str> {
    text.lines().filter_map(|line| {
        let (before, name) = line.trim().strip_suffix(';')?.rsplit_once(' ')?;
        let is_name = name.chars().all(|c| c.is_alphanumeric() || c == '_');
        let is_module = before == "mod" || before.ends_with(" mod");
        (is_name && is_module && name != "mod").then_some(name)
    })
}

/// Splits the jobs into batches of similar size, at most one per processor.
fn shared_out(jobs: &[Job]) -> Vec<Vec<&Job>> {
    let total: usize = jobs.iter().map(|job| job.size).sum();
    let processors = std::thread::available_parallelism().map_or(1, usize::from);
    let count = (total / WORTH_A_PROCESS + 1).min(processors);
    let mut jobs: Vec<&Job> = jobs.iter().collect();
    jobs.sort_by_key(|job| std::cmp::Reverse(job.size));
    let mut batches = vec![(0, Vec::new()); count];
    for job in jobs {
        if let Some((sum, batch)) = batches.iter_mut().min_by_key(|(sum, _)| *sum) {
            *sum += job.size;
            batch.push(job);
        }
    }
    let batches = batches.into_iter().map(|(_, batch)| batch);
    batches
        .filter(|batch: &Vec<&Job>| !batch.is_empty())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn module_declarations_are_found() {
        let text = "// x\npub(crate) mod bucket;\nmod tests {\n    mod inner;\n}\nuse a::b;\n";
        assert_eq!(
            declared_modules(text).collect::<Vec<_>>(),
            ["bucket", "inner"]
        );
    }

    #[test]
    fn batches_contain_every_file_once() {
        let job = |index| Job {
            index,
            size: 30_000,
            path: PathBuf::new(),
        };
        let jobs: Vec<_> = (0..9).map(job).collect();
        let batches = shared_out(&jobs);
        let mut all: Vec<_> = batches.iter().flatten().map(|job| job.index).collect();
        all.sort_unstable();
        assert_eq!(all, (0..9).collect::<Vec<_>>());
    }

    #[test]
    fn the_line_of_a_formatter_error_is_shown() {
        let text = "one\ntwo\nthree\nfour\n";
        for message in [
            "<standard input>:3:1: expected declaration",
            "error: it is wrong\n --> <stdin>:3:14",
            "SyntaxError: unexpected token (3:7)",
        ] {
            let shown = shown(message, text);
            assert!(
                shown.ends_with("had\n    1 | one\n    2 | two\n    3 | three"),
                "{shown}"
            );
        }
        for message in [
            "",
            "cannot use -w with standard input",
            "a:9:1",
            "a:0:1: x",
            ":",
        ] {
            assert!(shown(message, text).contains(PROTOCOL), "{message}");
        }
    }

    #[test]
    fn a_missing_formatter_is_reported() {
        let file = RenderedFile {
            path: "a.rs".to_owned(),
            template: "a.rs.tera".to_owned(),
            spec: "api.json".to_owned(),
            text: "fn f() {}\n".to_owned(),
        };
        let command = ["/nowhere/rustfmt".to_owned(), "--edition=2024".to_owned()];
        let folder = tempfile::tempdir().unwrap();
        let limit = Duration::from_secs(60);
        let error = format(&command, &[&file], folder.path(), limit)
            .unwrap_err()
            .to_string();
        assert!(error.contains("/nowhere/rustfmt --edition=2024"), "{error}");
        assert!(error.contains("rustup component add rustfmt"), "{error}");
    }
}
