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
  Store everything in a directory, with a custom account:
    qingstor-emulator --data-dir data --access-key-id ALICE --secret-access-key alices-secret
  Listen on a free port, which the first line of output contains:
    qingstor-emulator --listen 127.0.0.1:0
  Fail one in five reads below logs/, at most 3 times:
    qingstor-emulator --fault 'operation=GetObject,key=logs/*,probability=0.2,times=3,status=503'
  Store the first object, but lose the response; delay all other responses:
    qingstor-emulator --fault operation=PutObject,times=1,when=after,reset=before --fault latency=200ms

Parts of a fault rule, separated by commas:
  operation=ID           apply only to this operation, such as GetObject; * is any operation
  bucket=NAME, key=KEY   apply only to these; * matches any characters, \\ escapes the next one
  probability=P          apply with this probability, from 0 to 1
  after=N, times=N       skip the first N requests; apply at most N times
  when=before|after      fail instead of the operation (default), or after it
  latency=DURATION       delay the response
  status=N, code=CODE    respond with an error; without a code, the response has no document
  retry-after=DURATION   send Retry-After with the error
  reset=before|mid|body  reset the connection: before the response, after half of the response, or
                         after half of the request body
  truncate=BYTES         close the connection after so many bytes of the response body
  trickle=BYTES          limit the response body to so many bytes per second
  etag=wrong             respond with an ETag that is not that of the object
  skew=DURATION          move the server clock forward, or backward if negative

If several rules apply to a request, the first rule of each kind of fault wins.";

/// A local QingStor object storage server for tests and development.
///
/// Prints one line, `listening on http://ADDRESS`, when it accepts requests, and logs one line for
/// each request to standard error. The first SIGINT or SIGTERM lets the requests in flight finish,
/// the second one ends the process at once. If the start fails, prints the reason and exits with
/// code 2.
#[derive(Debug, Parser)]
#[command(version, after_help = EXAMPLES, verbatim_doc_comment)]
pub(crate) struct Arguments {
    /// Address to listen on, such as [::1]:9000; port 0 chooses a free port
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:9000")]
    pub(crate) listen: String,
    /// Directory for buckets and objects; by default, they are removed at the end
    #[arg(long, value_name = "DIRECTORY", conflicts_with = "in_memory")]
    pub(crate) data_dir: Option<PathBuf>,
    /// Keep buckets and objects in memory
    #[arg(long)]
    pub(crate) in_memory: bool,
    /// Log level on standard error: off, error, warn, info or debug
    #[arg(long, value_name = "LEVEL", default_value = "info")]
    pub(crate) log: LevelFilter,
    /// Time for requests in flight to finish at the end
    #[arg(long, value_name = "DURATION", default_value = "10s", value_parser = duration)]
    pub(crate) grace: Duration,
    /// Access key ID of an account; repeat for several accounts [default: EMULATORACCESSKEYID]
    #[arg(long, value_name = "ID", help_heading = ACCOUNTS)]
    pub(crate) access_key_id: Vec<String>,
    /// Secret access key of the access key ID at the same position [default:
    /// emulator-secret-access-key]
    #[arg(long, value_name = "SECRET", help_heading = ACCOUNTS)]
    pub(crate) secret_access_key: Vec<String>,
    /// Explain wrong signatures in error documents, which is on by default for loopback addresses
    #[arg(long, help_heading = ACCOUNTS)]
    pub(crate) explain_signatures: bool,
    /// A zone; the first one is the default; repeat for several zones
    #[arg(long, value_name = "ZONE", help_heading = ACCOUNTS)]
    pub(crate) zone: Vec<String>,
    /// A fault rule, see below; repeat for several rules
    #[arg(long, value_name = "RULE", help_heading = FAULTS)]
    pub(crate) fault: Vec<FaultRule>,
    /// Seed of random faults; repeats an earlier run, whose log contains its seed
    #[arg(long, value_name = "NUMBER", help_heading = FAULTS)]
    pub(crate) fault_seed: Option<u64>,
    /// Serve /_emulator/, where all clients except web pages can change faults and move the clock
    #[arg(long, help_heading = FAULTS)]
    pub(crate) admin: bool,
    /// Serve the console, a page in the browser at /_console/; --admin includes it
    #[arg(long)]
    pub(crate) console: bool,
    /// A host name at which the console is served besides loopback names; repeat for several
    #[arg(long, value_name = "HOST")]
    pub(crate) console_host: Vec<String>,
}

fn duration(text: &str) -> Result<Duration, &'static str> {
    humantime::parse_duration(text).map_err(|_| "expected a duration such as 10s or 500ms")
}
