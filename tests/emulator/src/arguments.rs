//! The command line.

use std::path::PathBuf;
use std::time::Duration;

use clap::Parser;
use qingstor_emulator::FaultRule;
use tracing::level_filters::LevelFilter;

const ACCOUNTS: &str = "Accounts and zones";
const FAULTS: &str = "Faults, for tests of retries";

const EXAMPLES: &str = "\
Examples:
  Keep everything in a directory, with an account of your own:
    qingstor-emulator --data-dir data --access-key-id ALICE --secret-access-key alices-secret
  Listen on a free port, which the first line tells:
    qingstor-emulator --listen 127.0.0.1:0
  ApiResponse one in five reads below logs/ with an error, 3 times at most:
    qingstor-emulator --fault 'operation=GetObject,key=logs/*,probability=0.2,times=3,status=503'
  Store the first object, but lose the response; be slow ever after:
    qingstor-emulator --fault operation=PutObject,times=1,when=after,reset=before --fault latency=200ms

Parts of a fault rule, with commas between them:
  operation=ID           only this operation, such as GetObject; * is any, as without it
  bucket=NAME, key=KEY   only these; * stands for any characters, \\ protects the next one
  probability=P          strike with this probability, from 0 to 1
  after=N, times=N       let the first N pass; strike N times at most
  when=before|after      before the operation, which is then not done, or after it
  latency=DURATION       wait before the response
  status=N, code=CODE    response with an error; without a code it has no document
  retry-after=DURATION   ask for a wait, in that error
  reset=before|mid|body  reset the connection: before the response, in the middle of it, or in the
                         middle of the request's body
  truncate=BYTES         close the connection after so many bytes of the response's body
  trickle=BYTES          send so many bytes of the response's body per second
  etag=wrong             response with an ETag that is not the object's
  skew=DURATION          have the server's clock run ahead, or behind with a minus";

/// A QingStor object storage on this machine, for tests and development.
///
/// Prints one line, `listening on http://ADDRESS`, when it takes requests; logs one line for each
/// request to standard error. The first SIGINT or SIGTERM lets the requests in flight finish, the
/// second one ends it at once. If it can't start, it says why in one line and exits with code 2.
#[derive(Debug, Parser)]
#[command(version, after_help = EXAMPLES, verbatim_doc_comment)]
pub(crate) struct Arguments {
    /// Where to listen, such as [::1]:9000; port 0 takes a free one
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:9000")]
    pub(crate) listen: String,
    /// Where to keep buckets and objects; without it they go away at the end
    #[arg(long, value_name = "DIRECTORY", conflicts_with = "in_memory")]
    pub(crate) data_dir: Option<PathBuf>,
    /// Keep buckets and objects in memory
    #[arg(long)]
    pub(crate) in_memory: bool,
    /// What to log to standard error: off, error, warn, info or debug
    #[arg(long, value_name = "LEVEL", default_value = "info")]
    pub(crate) log: LevelFilter,
    /// How long requests in flight may take to finish at the end
    #[arg(long, value_name = "DURATION", default_value = "10s", value_parser = duration)]
    pub(crate) grace: Duration,
    /// The access key id of an account; repeat it for several accounts
    #[arg(long, value_name = "ID", help_heading = ACCOUNTS)]
    pub(crate) access_key_id: Vec<String>,
    /// The secret of the access key id at the same place
    #[arg(long, value_name = "SECRET", help_heading = ACCOUNTS)]
    pub(crate) secret_access_key: Vec<String>,
    /// A zone; the first one is the default. Repeat it for several zones
    #[arg(long, value_name = "ZONE", help_heading = ACCOUNTS)]
    pub(crate) zone: Vec<String>,
    /// What goes wrong, see below; of several rules the first one counts for each kind of fault
    #[arg(long, value_name = "RULE", help_heading = FAULTS)]
    pub(crate) fault: Vec<FaultRule>,
    /// Repeat the chances of an earlier run, whose log tells its seed
    #[arg(long, value_name = "NUMBER", help_heading = FAULTS)]
    pub(crate) fault_seed: Option<u64>,
    /// Serve /_emulator/, where everybody except web pages can change the faults and turn the clock
    #[arg(long, help_heading = FAULTS)]
    pub(crate) admin: bool,
}

fn duration(text: &str) -> Result<Duration, &'static str> {
    humantime::parse_duration(text).map_err(|_| "it is not a duration such as 10s or 500ms")
}
