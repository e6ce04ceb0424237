//! The command line: global options and commands.

mod objects;
mod operands;
mod transfers;

use std::path::{Path, PathBuf};

use clap::{Args, Parser, Subcommand};

use crate::api::ApiArguments;
use crate::global_options::GlobalOptions;
use crate::special_files::is_stdin;

pub(crate) use objects::{
    AbortArguments, CatArguments, DoctorArguments, DuArguments, FindArguments, LsArguments,
    MbArguments, PresignArguments, RbArguments, RmArguments, StatArguments, TeeArguments,
    UploadsArguments, UploadsCommand,
};
pub(crate) use operands::of_transfer;
use transfers::move_help;
pub(crate) use transfers::{
    CheckArguments, Comparison, CopyArguments, Filters, ObjectOptions, SyncArguments,
    TransferOptions,
};

const EXAMPLES: &str = "\
Examples:
  qingstor ls                                        list buckets
  qingstor cp photos/cat.jpg qs://bucket/cat.jpg     upload a file
  qingstor cp -r qs://bucket/photos/ photos          download a folder
  qingstor sync --delete photos qs://bucket/photos   make the bucket equal to the folder
  qingstor emulator                                  start a local QingStor

Access keys are read from ~/.qingstor/config.yaml, or from the environment
variables QINGSTOR_ACCESS_KEY_ID and QINGSTOR_SECRET_ACCESS_KEY.

Patterns: * and ? match within one folder, ** matches across folders,
[abc] matches one of these characters, {a,b} one of these words.
A folder that matches includes everything below it with -r and -R, and
always in du and find.

Exit codes: 0 all done, 1 something failed, 2 wrong usage, 130 interrupted.";

/// Manage buckets and objects of QingStor
#[derive(Debug, Parser)]
#[command(name = "qingstor", version, after_help = EXAMPLES, max_term_width = 100)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) global: GlobalOptions,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// A command.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// List buckets or objects
    Ls(LsArguments),
    /// Copy files and objects: up, down, and between buckets
    Cp(CopyArguments),
    /// Move files and objects: copy, then delete the source
    #[command(after_help = move_help())]
    Mv(CopyArguments),
    /// Make a folder equal to another one: up, down, or between buckets
    Sync(SyncArguments),
    /// Compare two folders, local or in buckets
    Check(CheckArguments),
    /// Delete objects
    Rm(RmArguments),
    /// Print objects
    Cat(CatArguments),
    /// Store standard input as an object, and print it as well
    Tee(TeeArguments),
    /// Show the properties of buckets and objects
    Stat(StatArguments),
    /// Add up the sizes of objects
    Du(DuArguments),
    /// Find objects by name, age and size
    Find(FindArguments),
    /// Create buckets
    Mb(MbArguments),
    /// Delete buckets
    Rb(RbArguments),
    /// Print a URL that gives access to an object for a limited time
    Presign(PresignArguments),
    /// List or abort unfinished multipart uploads, which use storage
    #[command(subcommand)]
    Uploads(UploadsCommand),
    /// Send one API request; there is a command for each operation
    Api(ApiArguments),
    /// Run commands from a file or standard input in one process
    Run(RunArguments),
    /// Start a local QingStor server for tests and development
    #[cfg(feature = "emulator")]
    Emulator(EmulatorArguments),
    /// Check the configuration, the connection and the rights, and say what to fix
    Doctor(DoctorArguments),
    /// Print the completion script of a shell, which also completes buckets and keys
    Completions(CompletionsArguments),
    /// Print the manual page
    Man,
}

impl Command {
    /// Returns whether the command stores objects, and may leave unfinished uploads.
    pub(crate) fn is_transfer(&self) -> bool {
        matches!(
            self,
            Self::Cp(_) | Self::Mv(_) | Self::Sync(_) | Self::Tee(_) | Self::Run(_)
        )
    }

    /// Returns whether the command reads standard input.
    pub(crate) fn reads_stdin(&self) -> bool {
        let sse_key = match self {
            Self::Cp(copy) | Self::Mv(copy) => &copy.object.sse_key,
            Self::Sync(sync) => &sync.object.sse_key,
            Self::Check(check) => &check.sse_key,
            Self::Cat(cat) => &cat.sse_key,
            Self::Stat(stat) => &stat.sse_key,
            _ => &None,
        };
        if sse_key.as_deref().is_some_and(is_stdin) {
            return true;
        }
        match self {
            Self::Cp(copy) | Self::Mv(copy) => copy
                .paths
                .iter()
                .rev()
                .skip(1)
                .any(|path| is_stdin(Path::new(path))),
            Self::Tee(_) => true,
            Self::Api(api) => api.reads_stdin(),
            Self::Run(run) => run.reads_stdin(),
            _ => false,
        }
    }

    /// Returns whether the command is a server, which a signal ends without being a failure.
    pub(crate) fn is_server(&self) -> bool {
        match self {
            #[cfg(feature = "emulator")]
            Self::Emulator(_) => true,
            _ => false,
        }
    }
}

/// Arguments of `run`.
#[derive(Args, Debug)]
#[command(after_help = "\
Each line is a command without the word qingstor. Empty lines and lines that
start with # are skipped. Quotes work as in a shell. Global options apply to
all lines: write them before the file.

Examples:
  qingstor run commands.txt
  printf 'cp a.txt qs://bucket/a.txt\\nrm qs://bucket/old.txt\\n' | qingstor run")]
pub(crate) struct RunArguments {
    /// File with commands; standard input by default
    pub(crate) file: Option<PathBuf>,
    /// Number of commands that run at the same time
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..))]
    pub(crate) jobs: u16,
}

impl RunArguments {
    /// Returns whether the commands come from standard input.
    pub(crate) fn reads_stdin(&self) -> bool {
        self.file.as_deref().is_none_or(is_stdin)
    }
}

/// Arguments of `emulator`.
#[cfg(feature = "emulator")]
#[derive(Args, Debug)]
#[command(after_help = "\
Prints its address, the address of the console, and the settings for another
shell as `export` lines. Ctrl-C stops the server. The crate qingstor-emulator
has more options.

Example:
  qingstor emulator --data-dir data")]
pub(crate) struct EmulatorArguments {
    /// Address to listen on; port 0 chooses a free port
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:9000")]
    pub(crate) listen: String,
    /// Directory for buckets and objects; by default, they are removed at the end
    #[arg(long, value_name = "DIRECTORY", conflicts_with = "in_memory")]
    pub(crate) data_dir: Option<PathBuf>,
    /// Keep buckets and objects in memory
    #[arg(long)]
    pub(crate) in_memory: bool,
    /// Create these buckets, which must not exist yet
    #[arg(long = "bucket", value_name = "NAME")]
    pub(crate) buckets: Vec<String>,
}

/// Arguments of `completions`.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  echo 'source <(qingstor completions bash)' >> ~/.bashrc
  echo 'source <(qingstor completions zsh)' >> ~/.zshrc
  qingstor completions fish > ~/.config/fish/completions/qingstor.fish")]
pub(crate) struct CompletionsArguments {
    /// bash, zsh, fish, elvish or powershell
    #[arg(value_parser = ["bash", "zsh", "fish", "elvish", "powershell"])]
    pub(crate) shell: String,
}
