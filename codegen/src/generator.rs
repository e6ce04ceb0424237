//! All stages in a row.

mod build_script;

use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::diagnostic::Report;
use crate::diff::{self, diff};
use crate::document::{self, Loaded};
use crate::lint;
use crate::model::{self, Model};
use crate::output::{Formatting, Inputs, OutputError, Plan, Stale, Summary};
use crate::pack::{Pack, PackError};
use crate::render::{self, RenderError, Rendered};
use crate::source::Sources;
use crate::target_language::TargetLanguage;

/// Makes files from a specification and a pack of templates.
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
    apart: bool,
    out_dir: PathBuf,
    base: Option<PathBuf>,
    on_warnings: Option<fn(&Report)>,
    formatting: Formatting,
}

/// Why nothing was made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The specification or its overlay is wrong.
    #[error("{0}")]
    Spec(Report),
    /// The pack is wrong.
    #[error("error[pack]: {0}")]
    Pack(#[from] PackError),
    /// A template is wrong.
    #[error("{0}")]
    Render(#[from] RenderError),
    /// The output can't be formatted, written or compared.
    #[error("error[output]: {0}")]
    Output(#[from] OutputError),
    /// No pack was given.
    #[error("error[pack]: no pack was given; call `Generator::pack`")]
    NoPack,
    /// A build script has no folder to write to.
    #[error(
        "error[output]: there is no OUT_DIR; call this from a build.rs, or call `Generator::out_dir`"
    )]
    NoOutDir,
}

impl Generator {
    /// A generator that knows nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// The root file of the specification.
    #[must_use]
    pub fn spec(mut self, path: impl Into<PathBuf>) -> Self {
        self.spec = path.into();
        self
    }

    /// Corrections and additions to the specification. More of them apply one after the other.
    #[must_use]
    pub fn overlay(mut self, path: impl Into<PathBuf>) -> Self {
        self.overlays.push(path.into());
        self
    }

    /// The folder with the templates and `pack.json`.
    #[must_use]
    pub fn pack(mut self, path: impl Into<PathBuf>) -> Self {
        self.pack = Some(path.into());
        self
    }

    /// A folder whose templates take the place of the pack's templates of the same path, or join
    /// them; its `pack.json`, if there is one, is merged into the pack's. More of them apply one
    /// after the other.
    #[must_use]
    pub fn override_templates(mut self, folder: impl Into<PathBuf>) -> Self {
        self.overrides.push(folder.into());
        self
    }

    /// Names inputs by the folders of pack and specification, so that outputs are the same wherever
    /// they are made. Paths must be absolute.
    #[must_use]
    pub(crate) fn apart(mut self) -> Self {
        self.apart = true;
        self
    }

    /// Where files are written to.
    #[must_use]
    pub fn out_dir(mut self, path: impl Into<PathBuf>) -> Self {
        self.out_dir = path.into();
        self
    }

    /// The folder that names of files begin at, where the specification stands outside the current
    /// one. Without it, they begin at the folder of the root file.
    #[must_use]
    pub fn base(mut self, path: impl Into<PathBuf>) -> Self {
        self.base = Some(path.into());
        self
    }

    /// Calls a function with warnings about the specification, if there are any, whenever files are
    /// made or compared.
    ///
    /// These are the warnings of [`Generator::lint`] which mean that the output may differ from
    /// what the author of the specification meant, for example that a key is unknown. Without this
    /// call they are not computed.
    #[must_use]
    pub fn on_warnings(mut self, print: fn(&Report)) -> Self {
        self.on_warnings = Some(print);
        self
    }

    /// Writes files as they are rendered, without running the pack's formatter.
    ///
    /// `formatter` in `pack.json`, also in that of an overriding folder, names any command, which
    /// is run with the rights of this process. Call this method for packs that you do not trust
    /// with that. Files that an earlier run formatted stay as they are if they would be rendered in
    /// the same way.
    #[must_use]
    pub fn without_formatter(mut self) -> Self {
        self.formatting.enabled = false;
        self
    }

    /// Sets how long the pack's formatter may take for a file, or for a batch of small files; 60
    /// seconds by default. A formatter that takes longer is ended, and nothing is written.
    #[must_use]
    pub fn formatter_time_limit(mut self, limit: Duration) -> Self {
        self.formatting.time_limit = limit;
        self
    }

    /// Writes the files: all of them, or none. Runs the pack's formatter, if it has one.
    ///
    /// # Errors
    ///
    /// Anything that keeps a file from being made or written.
    pub fn run(&self) -> Result<Summary, Error> {
        Ok(self.plan()?.write()?)
    }

    /// Writes the files as [`Generator::run`] does, and tells how each of them changed.
    ///
    /// # Errors
    ///
    /// Anything that keeps a file from being made or written.
    pub fn update(&self) -> Result<Vec<Stale>, Error> {
        let plan = self.plan()?;
        let changes = plan.compare();
        plan.write()?;
        Ok(changes)
    }

    /// The folders with templates: the pack's, and those that override it.
    pub fn pack_folders(&self) -> impl Iterator<Item = &Path> {
        self.pack
            .iter()
            .chain(&self.overrides)
            .map(PathBuf::as_path)
    }

    /// The files of the specification, as far as they can be found, and its overlays.
    pub fn spec_files(&self) -> Vec<PathBuf> {
        let mut sources = self.sources();
        // What is wrong with them is told by the other methods.
        let _ = document::load(&self.spec, &self.overlays, &mut sources);
        let read = sources.files().iter().map(|file| file.path.clone());
        let named = std::iter::once(&self.spec).chain(&self.overlays).cloned();
        named.chain(read).collect()
    }

    /// Compares the files with what would be written. Runs the pack's formatter, if it has one.
    ///
    /// # Errors
    ///
    /// Anything that keeps a file from being made or compared.
    pub fn check(&self) -> Result<Vec<Stale>, Error> {
        Ok(self.plan()?.compare())
    }

    /// Renders in memory: nothing is formatted, nothing is written.
    ///
    /// # Errors
    ///
    /// Anything that is wrong with the specification or the pack.
    pub fn render(&self) -> Result<Rendered, Error> {
        let (pack, mut sources) = self.open()?;
        let model = self.lower(&pack.language(), &mut sources)?;
        Ok(render::render(&model, &pack)?)
    }

    /// The model that templates see; without a pack, in neutral words.
    ///
    /// # Errors
    ///
    /// Anything that is wrong with the specification or the pack.
    pub fn model(&self) -> Result<Model, Error> {
        let language = match &self.pack {
            Some(_) => self.open()?.0.language(),
            None => TargetLanguage::default(),
        };
        self.lower(&language, &mut self.sources())
    }

    /// What changed since another specification, in the words of this generator's pack; without a
    /// pack, in neutral words.
    ///
    /// # Errors
    ///
    /// Anything that is wrong with one of the specifications or the pack.
    pub fn changes_since(&self, old: &Self) -> Result<diff::Report, Error> {
        let pack = self.pack.as_deref().map(Pack::load).transpose()?;
        let language = pack.as_ref().map(Pack::language).unwrap_or_default();
        let old = old.lower(&language, &mut old.sources())?;
        let new = self.lower(&language, &mut self.sources())?;
        let client = pack.as_ref().and_then(Pack::client);
        let client = client.unwrap_or(&new.service.ident);
        Ok(diff(&old, &new, &language, client))
    }

    /// Everything worth saying about the specification, errors and warnings.
    pub fn lint(&self) -> Report {
        let mut sources = self.sources();
        let loaded = document::load(&self.spec, &self.overlays, &mut sources);
        let diagnostics = match loaded {
            Err(problems) => problems,
            Ok(loaded) => {
                let lowered = self.lower_loaded(&loaded, &TargetLanguage::default(), &sources);
                lint::lint(&loaded, lowered.err().unwrap_or_default())
            }
        };
        Report::new(diagnostics, &sources)
    }

    /// No files yet, named by the rule.
    fn sources(&self) -> Sources {
        Sources::new(self.names_begin())
    }

    fn names_begin(&self) -> &Path {
        let own = self.spec.parent().unwrap_or(Path::new(""));
        self.base.as_deref().unwrap_or(own)
    }

    fn plan(&self) -> Result<Plan, Error> {
        let (pack, mut sources) = self.open()?;
        let (model, loaded) = self.load(&pack.language(), &mut sources)?;
        let rendered = render::render(&model, &pack)?;
        if let Some(print) = self.on_warnings {
            let mut report = Report::new(lint::doubts(&loaded), &sources);
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
        let pack = Pack::load_with(folder, &self.overrides)?;
        let sources = self.sources();
        Ok(if self.apart {
            (pack.apart(), sources.apart())
        } else {
            (pack, sources)
        })
    }

    fn lower(&self, language: &TargetLanguage, sources: &mut Sources) -> Result<Model, Error> {
        Ok(self.load(language, sources)?.0)
    }

    /// Reads the specification; returns its model in the words of a language.
    fn load(
        &self,
        language: &TargetLanguage,
        sources: &mut Sources,
    ) -> Result<(Model, Loaded), Error> {
        let loaded = document::load(&self.spec, &self.overlays, sources)
            .map_err(|problems| Error::Spec(Report::new(problems, sources)))?;
        let mut problems = lint::errors(&loaded);
        match self.lower_loaded(&loaded, language, sources) {
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
    ) -> Result<Model, Vec<crate::diagnostic::Diagnostic>> {
        let name = sources.portable(&self.spec);
        model::lower(&loaded.document, language, sources, &name)
    }
}

/// Everything that outputs are made from, with git's ids.
fn inputs(pack: &Pack, sources: &Sources) -> Inputs {
    let mut inputs: Inputs = pack.inputs().map(|(name, id)| (name, id.clone())).collect();
    let files = sources.files().iter();
    inputs.extend(files.map(|file| (file.portable.clone(), file.id.clone())));
    inputs
}
