//! Arguments that several commands share: the specification, the pack, and the output folder.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use qingstor_codegen::Formatting;
use qingstor_codegen::Generator;

use super::streams::print_error;

#[derive(Debug, Args)]
pub(crate) struct Input {
    /// Root file of the specification.
    #[arg(short = 'f', long = "file", value_name = "SPEC")]
    spec: PathBuf,
    /// Overlay with corrections and additions to the specification. Can be repeated; overlays apply
    /// in order.
    #[arg(long, value_name = "FILE")]
    overlay: Vec<PathBuf>,
    /// Folder that references of the specification cannot leave, instead of the folder of its root
    /// file.
    #[arg(long, value_name = "DIR")]
    spec_root: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct Output {
    #[command(flatten)]
    input: Input,
    /// Folder with the templates and pack.json. Runs the formatter of pack.json unless
    /// --no-formatter is given.
    #[arg(short, long, value_name = "PACK")]
    template: PathBuf,
    #[command(flatten)]
    overrides: Overrides,
    #[command(flatten)]
    formatter: Formatter,
    /// Folder that files are written to.
    #[arg(short = 'o', long = "output", value_name = "DIR")]
    pub(crate) folder: PathBuf,
}

#[derive(Debug, Args)]
pub(crate) struct Overrides {
    /// Folder with templates that replace templates of the pack. Can be repeated; folders apply in
    /// order.
    #[arg(long = "override", value_name = "DIR")]
    pub(crate) folders: Vec<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct Formatter {
    /// Do not run the formatter of pack.json. The formatter can be any command, so use this option
    /// for packs that you do not trust.
    #[arg(long)]
    no_formatter: bool,
    /// Longest time that the formatter may take for one file.
    #[arg(
        long,
        value_name = "SECONDS",
        default_value_t = 60,
        value_parser = clap::value_parser!(u64).range(1..=86_400),
        conflicts_with = "no_formatter"
    )]
    formatter_timeout: u64,
}

impl From<Formatter> for Formatting {
    fn from(formatter: Formatter) -> Self {
        Self {
            enabled: !formatter.no_formatter,
            time_limit: Duration::from_secs(formatter.formatter_timeout),
        }
    }
}

impl Overrides {
    pub(crate) fn apply(self, generator: Generator) -> Generator {
        self.folders
            .into_iter()
            .fold(generator, Generator::override_templates)
    }
}

impl Input {
    pub(crate) fn generator(self) -> Generator {
        let mut generator = Generator::new().spec(self.spec);
        if let Some(folder) = self.spec_root {
            generator = generator.spec_root(folder);
        }
        self.overlay.into_iter().fold(generator, Generator::overlay)
    }
}

impl Output {
    pub(crate) fn generator(self) -> Generator {
        let generator = self.overrides.apply(self.input.generator());
        let generator = generator.pack(self.template).out_dir(self.folder);
        let formatting = Formatting::from(self.formatter);
        let generator = generator.formatter_time_limit(formatting.time_limit);
        let generator = match formatting.enabled {
            true => generator,
            false => generator.without_formatter(),
        };
        // If standard error is closed, the files are still written.
        generator.on_warnings(|warnings| print_error(warnings))
    }
}
