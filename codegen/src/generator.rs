//! Runs all stages.

mod build_script;

use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::diagnostic::{Diagnostic, Report};
use crate::diff::{self, diff};
use crate::document::{self, Loaded};
use crate::lint;
use crate::model::{self, Model};
use crate::output::{Formatting, Inputs, OutputError, Plan, Stale, Summary};
use crate::pack::{Manifest, Pack, PackError, rust_manifest};
use crate::render::{self, RenderError, Rendered};
use crate::source::Sources;
use crate::target_language::TargetLanguage;

/// Generates files from a specification and a pack of templates.
///
/// ```no_run
/// # fn main() -> Result<(), qingstor_codegen::Error> {
/// let summary = qingstor_codegen::Generator::new()
///     .spec("specs/api.json")
///     .overlay("specs/overlay.json")
///     .pack("templates/rust")
///     .out_dir("src/generated")
///     .run()?;
/// println!("{} files written", summary.written.len());
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Default)]
pub struct Generator {
    spec: PathBuf,
    overlays: Vec<PathBuf>,
    pack: Option<PathBuf>,
    overrides: Vec<PathBuf>,
    has_relocatable_names: bool,
    out_dir: PathBuf,
    base: Option<PathBuf>,
    spec_root: Option<PathBuf>,
    on_warnings: Option<fn(&Report)>,
    formatting: Formatting,
}

/// Reason why no output was written.
///
/// `{:?}`, which a failed `main` of a build script prints, writes the text of `Display`. `{:#?}`
/// writes all fields.
#[derive(thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The specification or an overlay has errors.
    #[error("{0}")]
    Spec(Report),
    /// The pack has errors.
    #[error("error[pack]: {0}")]
    Pack(#[from] PackError),
    /// A template has errors.
    #[error("{0}")]
    Render(#[from] RenderError),
    /// The output cannot be formatted, written or compared.
    #[error("error[output]: {0}")]
    Output(#[from] OutputError),
    /// No pack was given.
    #[error("error[pack]: no pack was given; call `Generator::pack`")]
    NoPack,
    /// A build script has no output folder.
    #[error(
        "error[output]: there is no OUT_DIR; call this from a build.rs, or call `Generator::out_dir`"
    )]
    NoOutDir,
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !f.alternate() {
            return write!(f, "{self}");
        }
        match self {
            Self::Spec(report) => f.debug_tuple("Spec").field(report).finish(),
            Self::Pack(error) => f.debug_tuple("Pack").field(error).finish(),
            Self::Render(error) => f.debug_tuple("Render").field(error).finish(),
            Self::Output(error) => f.debug_tuple("Output").field(error).finish(),
            Self::NoPack => f.write_str("NoPack"),
            Self::NoOutDir => f.write_str("NoOutDir"),
        }
    }
}

impl Generator {
    /// Creates a generator without inputs.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets the root file of the specification.
    #[must_use]
    pub fn spec(mut self, path: impl Into<PathBuf>) -> Self {
        self.spec = path.into();
        self
    }

    /// Sets the folder that the references of the specification cannot leave. The default is the
    /// folder of the root file.
    ///
    /// A `$ref` can name any file in this folder, and findings quote lines of these files.
    #[must_use]
    pub fn spec_root(mut self, folder: impl Into<PathBuf>) -> Self {
        self.spec_root = Some(folder.into());
        self
    }

    /// Adds an overlay with corrections and additions to the specification. Overlays apply in
    /// order.
    #[must_use]
    pub fn overlay(mut self, path: impl Into<PathBuf>) -> Self {
        self.overlays.push(path.into());
        self
    }

    /// Sets the folder with the templates and `pack.json`.
    #[must_use]
    pub fn pack(mut self, path: impl Into<PathBuf>) -> Self {
        self.pack = Some(path.into());
        self
    }

    /// Adds a folder with templates that replace templates of the pack, or add to them. A
    /// `pack.json` in the folder is merged into that of the pack. Folders apply in order.
    #[must_use]
    pub fn override_templates(mut self, folder: impl Into<PathBuf>) -> Self {
        self.overrides.push(folder.into());
        self
    }

    /// Names inputs relative to the folders of the pack and the specification, so that outputs do
    /// not depend on their location. Paths must be absolute.
    #[must_use]
    pub(crate) fn with_relocatable_names(mut self) -> Self {
        self.has_relocatable_names = true;
        self
    }

    /// Sets the output folder.
    #[must_use]
    pub fn out_dir(mut self, path: impl Into<PathBuf>) -> Self {
        self.out_dir = path.into();
        self
    }

    /// Sets the folder that file names in messages and headers are relative to. Without it, they
    /// are relative to the current folder, or to the folder of the root file if that is elsewhere.
    #[must_use]
    pub fn base(mut self, path: impl Into<PathBuf>) -> Self {
        self.base = Some(path.into());
        self
    }

    /// Sets a function that receives warnings whenever files are written or compared.
    ///
    /// These are the warnings of [`Generator::lint`] which mean that the output may differ from the
    /// intention of the specification's author, for example unknown keys. Without this function
    /// they are not computed.
    #[must_use]
    pub fn on_warnings(mut self, print: fn(&Report)) -> Self {
        self.on_warnings = Some(print);
        self
    }

    /// Disables the pack's formatter.
    ///
    /// `formatter` in `pack.json` can be any command, and runs with the rights of this process.
    /// Call this method for packs that you do not trust. Files that an earlier run formatted stay
    /// unchanged if they would be rendered in the same way.
    #[must_use]
    pub fn without_formatter(mut self) -> Self {
        self.formatting.enabled = false;
        self
    }

    /// Sets the time limit of the formatter for a file, or for a batch of small files. The default
    /// is 60 seconds. If the formatter takes longer, it is killed and nothing is written.
    #[must_use]
    pub fn formatter_time_limit(mut self, limit: Duration) -> Self {
        self.formatting.time_limit = limit;
        self
    }

    /// Writes all files, or none. Runs the pack's formatter, if it has one.
    ///
    /// # Errors
    ///
    /// Returns an error if the specification or the pack is wrong, or if a file cannot be formatted
    /// or written.
    pub fn run(&self) -> Result<Summary, Error> {
        Ok(self.plan()?.write()?)
    }

    /// Writes the files like [`Generator::run`], and returns how each of them changed.
    ///
    /// # Errors
    ///
    /// Returns the same errors as [`Generator::run`].
    pub fn update(&self) -> Result<Vec<Stale>, Error> {
        let plan = self.plan()?;
        let changes = plan.compare();
        plan.write()?;
        Ok(changes)
    }

    /// Returns the folder of the pack, and the folders that override it.
    pub fn pack_folders(&self) -> impl Iterator<Item = &Path> {
        self.pack
            .iter()
            .chain(&self.overrides)
            .map(PathBuf::as_path)
    }

    /// Returns the files of the specification, as far as they can be found, and its overlays.
    pub fn spec_files(&self) -> Vec<PathBuf> {
        let mut sources = self.sources();
        // The other methods report errors.
        let _ = document::load(&self.spec, &self.overlays, &mut sources);
        let read = sources.files().iter().map(|file| file.path.clone());
        let named = std::iter::once(&self.spec).chain(&self.overlays).cloned();
        named.chain(read).collect()
    }

    /// Compares the files with those that [`Generator::run`] would write. Runs the pack's
    /// formatter, if it has one.
    ///
    /// # Errors
    ///
    /// Returns an error if the specification or the pack is wrong, or if a file cannot be formatted
    /// or read.
    pub fn check(&self) -> Result<Vec<Stale>, Error> {
        Ok(self.plan()?.compare())
    }

    /// Renders the files in memory, without formatting or writing them.
    ///
    /// # Errors
    ///
    /// Returns an error if the specification or the pack is wrong.
    pub fn render(&self) -> Result<Rendered, Error> {
        let (pack, mut sources) = self.open()?;
        let model = self.lower(&pack.language(), &mut sources)?;
        Ok(render::render(&model, &pack)?)
    }

    /// Returns the model that templates see. Without a pack, uses default names and types.
    ///
    /// # Errors
    ///
    /// Returns an error if the specification or the pack is wrong.
    pub fn model(&self) -> Result<Model, Error> {
        let language = match &self.pack {
            Some(_) => self.open()?.0.language(),
            None => TargetLanguage::default(),
        };
        self.lower(&language, &mut self.sources())
    }

    /// Compares this specification with an older one. Uses the names and types of this generator's
    /// pack. Without a pack, uses those of the pack `rust` of this project, for any handles.
    ///
    /// # Errors
    ///
    /// Returns an error if a specification or the pack is wrong.
    pub fn changes_since(&self, old: &Self) -> Result<diff::Report, Error> {
        let manifest = self.manifest()?;
        let language = manifest.language();
        let old = old.lower(&language, &mut old.sources())?;
        let new = self.lower(&language, &mut self.sources())?;
        let client = manifest.client().unwrap_or(&new.service.ident);
        Ok(diff(&old, &new, &language, client))
    }

    /// Returns all findings about the specification: errors, warnings and notes. Uses the names and
    /// types of this generator's pack. Without a pack, uses those of the pack `rust` of this
    /// project, for any handles.
    ///
    /// # Errors
    ///
    /// Returns an error if the pack is wrong. Errors of the specification are findings.
    pub fn lint(&self) -> Result<Report, Error> {
        let language = self.manifest()?.language();
        let mut sources = self.sources();
        let loaded = document::load(&self.spec, &self.overlays, &mut sources);
        let diagnostics = match loaded {
            Err(problems) => problems,
            Ok(loaded) => {
                let mut found = Vec::new();
                let lowered = self.lower_loaded(&loaded, &language, &sources, &mut found);
                found.extend(lowered.err().unwrap_or_default());
                lint::lint(&loaded, found)
            }
        };
        Ok(Report::new(diagnostics, &sources))
    }

    /// Returns `pack.json` of the pack. Without a pack, returns that of the pack `rust`, for
    /// commands that render nothing and therefore need no code for the handles.
    fn manifest(&self) -> Result<Manifest, Error> {
        Ok(match self.pack.as_deref() {
            Some(pack) => Pack::load(pack, &self.overrides)?.manifest,
            None => Manifest {
                handles: None,
                ..rust_manifest()?
            },
        })
    }

    /// Creates an empty set of source files.
    fn sources(&self) -> Sources {
        let own = self.spec.parent().unwrap_or(Path::new(""));
        Sources::new(self.names_begin()).within(self.spec_root.as_deref().unwrap_or(own))
    }

    fn names_begin(&self) -> &Path {
        let own = self.spec.parent().unwrap_or(Path::new(""));
        self.base.as_deref().unwrap_or(own)
    }

    fn plan(&self) -> Result<Plan, Error> {
        let (pack, mut sources) = self.open()?;
        let mut warnings = Vec::new();
        let (model, loaded) = self.load(&pack.language(), &mut sources, &mut warnings)?;
        let rendered = render::render(&model, &pack)?;
        if let Some(print) = self.on_warnings {
            let mut report = Report::new(lint::doubts(&loaded, warnings), &sources);
            report.findings.extend(rendered.warnings.iter().cloned());
            if !report.findings.is_empty() {
                print(&report);
            }
        }
        let inputs = inputs(&pack, &sources);
        let plan = Plan::new(rendered, &pack, inputs, &self.out_dir, self.formatting)?;
        Ok(plan)
    }

    fn open(&self) -> Result<(Pack, Sources), Error> {
        let folder = self.pack.as_deref().ok_or(Error::NoPack)?;
        let pack = Pack::load(folder, &self.overrides)?;
        let sources = self.sources();
        Ok(if self.has_relocatable_names {
            (
                pack.with_relocatable_names(),
                sources.with_relocatable_names(),
            )
        } else {
            (pack, sources)
        })
    }

    fn lower(&self, language: &TargetLanguage, sources: &mut Sources) -> Result<Model, Error> {
        Ok(self.load(language, sources, &mut Vec::new())?.0)
    }

    /// Reads the specification, and lowers it for a target language.
    fn load(
        &self,
        language: &TargetLanguage,
        sources: &mut Sources,
        warnings: &mut Vec<Diagnostic>,
    ) -> Result<(Model, Loaded), Error> {
        let loaded = document::load(&self.spec, &self.overlays, sources)
            .map_err(|problems| Error::Spec(Report::new(problems, sources)))?;
        let mut problems = lint::errors(&loaded);
        match self.lower_loaded(&loaded, language, sources, warnings) {
            Ok(model) if problems.is_empty() => return Ok((model, loaded)),
            Ok(_) => {}
            Err(more) => problems.extend(more),
        }
        Err(Error::Spec(Report::new(problems, sources)))
    }

    fn lower_loaded(
        &self,
        loaded: &Loaded,
        language: &TargetLanguage,
        sources: &Sources,
        warnings: &mut Vec<Diagnostic>,
    ) -> Result<Model, Vec<Diagnostic>> {
        let name = sources.portable(&self.spec);
        model::lower(&loaded.document, language, sources, &name, warnings)
    }
}

/// Returns all input files with their git blob IDs.
fn inputs(pack: &Pack, sources: &Sources) -> Inputs {
    let mut inputs: Inputs = pack.inputs().map(|(name, id)| (name, id.clone())).collect();
    let files = sources.files().iter();
    inputs.extend(files.map(|file| (file.portable.clone(), file.id.clone())));
    inputs
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_of_an_error_is_its_message() {
        let error = Generator::new()
            .spec("absent.json")
            .pack("absent")
            .run()
            .unwrap_err();
        assert_eq!(
            format!("{error:?}"),
            "error[pack]: absent: the folder does not exist"
        );
        let shown = format!("{error:#?}");
        assert!(shown.starts_with("Pack(\n    Invalid {"), "{shown}");
    }
}
