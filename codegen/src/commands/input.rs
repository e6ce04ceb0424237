//! What commands read, and where they write to.

use std::io::Write;
use std::path::PathBuf;

use clap::Args;
use qingstor_codegen::Generator;

#[derive(Debug, Args)]
pub(crate) struct Input {
    /// The root file of the specification.
    #[arg(short = 'f', long = "file", value_name = "SPEC")]
    spec: PathBuf,
    /// Corrections and additions to the specification; may be given again, and apply in order.
    #[arg(long, value_name = "FILE")]
    overlay: Vec<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct Output {
    #[command(flatten)]
    input: Input,
    /// The folder with the templates and pack.json.
    #[arg(short, long, value_name = "PACK")]
    template: PathBuf,
    #[command(flatten)]
    overrides: Overrides,
    /// Where files are written to.
    #[arg(short = 'o', long = "output", value_name = "DIR")]
    pub(crate) folder: PathBuf,
}

#[derive(Debug, Args)]
pub(crate) struct Overrides {
    /// A folder with templates that take the place of the pack's; may be given again, and apply in order.
    #[arg(long = "override", value_name = "DIR")]
    pub(crate) folders: Vec<PathBuf>,
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
        let generator = Generator::new().spec(self.spec);
        self.overlay.into_iter().fold(generator, Generator::overlay)
    }
}

impl Output {
    pub(crate) fn generator(self) -> Generator {
        let generator = self.overrides.apply(self.input.generator());
        let generator = generator.pack(self.template).out_dir(self.folder);
        // Output that nobody reads any more is no reason to write no files.
        generator.on_warnings(|warnings| drop(writeln!(std::io::stderr(), "{warnings}")))
    }
}
