//! All stages in a row.

use std::path::{Path, PathBuf};

use crate::diagnostic::Report;
use crate::document::{self, Loaded};
use crate::language::Language;
use crate::lint;
use crate::model::{self, Model};
use crate::output::{Inputs, OutputError, Plan, Stale, Summary};
use crate::pack::{Pack, PackError};
use crate::render::{self, RenderError, Rendered};
use crate::source::{Sources, portable};

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
    out_dir: PathBuf,
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

    /// Where files are written to.
    #[must_use]
    pub fn out_dir(mut self, path: impl Into<PathBuf>) -> Self {
        self.out_dir = path.into();
        self
    }

    /// Writes the files: all of them, or none.
    ///
    /// # Errors
    ///
    /// Anything that keeps a file from being made or written.
    pub fn run(&self) -> Result<Summary, Error> {
        Ok(self.plan()?.write()?)
    }

    /// Compares the files with what would be written.
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
            Some(folder) => Pack::load(folder)?.language(),
            None => Language::default(),
        };
        self.lower(&language, &mut Sources::new(&self.spec))
    }

    /// Everything worth saying about the specification, errors and warnings.
    pub fn lint(&self) -> Report {
        let mut sources = Sources::new(&self.spec);
        let loaded = document::load(&self.spec, &self.overlays, &mut sources);
        let diagnostics = match loaded {
            Err(problems) => problems,
            Ok(loaded) => {
                let lowered = self.lower_loaded(&loaded, &Language::default(), &sources);
                lint::lint(&loaded, lowered.err().unwrap_or_default())
            }
        };
        Report::new(diagnostics, &sources)
    }

    fn plan(&self) -> Result<Plan, Error> {
        let (pack, mut sources) = self.open()?;
        let model = self.lower(&pack.language(), &mut sources)?;
        let rendered = render::render(&model, &pack)?;
        let inputs = inputs(&pack, &sources);
        Ok(Plan::new(rendered, &pack, inputs, &self.out_dir)?)
    }

    fn open(&self) -> Result<(Pack, Sources), Error> {
        let folder = self.pack.as_deref().ok_or(Error::NoPack)?;
        Ok((Pack::load(folder)?, Sources::new(&self.spec)))
    }

    fn lower(&self, language: &Language, sources: &mut Sources) -> Result<Model, Error> {
        let loaded = document::load(&self.spec, &self.overlays, sources)
            .map_err(|problems| Error::Spec(Report::new(problems, sources)))?;
        let mut problems = lint::errors(&loaded.document);
        match self.lower_loaded(&loaded, language, sources) {
            Ok(model) if problems.is_empty() => return Ok(model),
            Ok(_) => {}
            Err(more) => problems.extend(more),
        }
        Err(Error::Spec(Report::new(problems, sources)))
    }

    fn lower_loaded(
        &self,
        loaded: &Loaded,
        language: &Language,
        sources: &Sources,
    ) -> Result<Model, Vec<crate::diagnostic::Diagnostic>> {
        let root = self.spec.parent().unwrap_or(Path::new(""));
        let name = portable(&self.spec, root);
        model::lower(&loaded.document, language, sources, &name)
    }
}

/// Everything that outputs are made from, with git's ids.
fn inputs(pack: &Pack, sources: &Sources) -> Inputs {
    let mut inputs: Inputs = pack
        .templates
        .iter()
        .map(|(name, template)| (pack.portable_name(name), template.id.clone()))
        .collect();
    inputs.insert(pack.portable_name("pack.json"), pack.manifest_id.clone());
    let files = sources.files().iter();
    inputs.extend(files.map(|file| (file.portable.clone(), file.id.clone())));
    inputs
}
