//! [`GlobalOptions`]: the options of every command.

use std::path::PathBuf;

use clap::Args;
use clap::builder::NonEmptyStringValueParser;

/// Options of every command.
#[derive(Args, Clone, Debug, Default, PartialEq)]
#[command(next_help_heading = "Global options")]
pub(crate) struct GlobalOptions {
    /// Read the settings from this file instead of ~/.qingstor/config.yaml
    #[arg(long, global = true, value_name = "FILE", conflicts_with = "profile")]
    pub(crate) config: Option<PathBuf>,
    /// Read the settings from ~/.qingstor/NAME.yaml only
    #[arg(long, global = true, value_name = "NAME")]
    pub(crate) profile: Option<String>,
    /// Address of the service, such as http://127.0.0.1:9000
    #[arg(long, global = true, value_name = "URL", value_parser = NonEmptyStringValueParser::new())]
    pub(crate) endpoint: Option<String>,
    /// Zone of all buckets of this command; by default QINGSTOR_ZONE, or each bucket's zone is looked up
    #[arg(long, global = true, value_name = "ZONE", value_parser = NonEmptyStringValueParser::new())]
    pub(crate) zone: Option<String>,
    /// Do not sign requests, to read public objects
    #[arg(long, global = true)]
    pub(crate) anonymous: bool,
    /// Print one JSON object per line
    #[arg(long, global = true)]
    pub(crate) json: bool,
    /// Print errors only
    #[arg(long, short, global = true)]
    pub(crate) quiet: bool,
    /// Print a line on standard error for each request, response and retry; also --verbose
    // `-v` and `--verbose` are those of other programs.
    #[arg(long, short = 'v', global = true, alias = "verbose")]
    pub(crate) debug: bool,
    /// Treat * ? [ { in paths as ordinary characters
    #[arg(long, global = true)]
    pub(crate) raw: bool,
}
