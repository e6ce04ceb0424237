//! The commands, one file each.

mod buckets;
mod cat;
mod check;
mod completions;
mod copy;
mod doctor;
mod du;
#[cfg(feature = "emulator")]
mod emulator;
mod find;
mod folder;
mod inapplicable_options;
mod ls;
mod man;
mod moved_files;
mod moved_version;
mod presign;
mod rm;
mod run;
mod stat;
mod sync;
mod tee;
mod transfers;
mod uploads;

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use anyhow::Result;

use crate::action::Operands;
use crate::api::Api;
use crate::arguments::{Command, UploadsCommand};
use crate::output::Output;
use crate::session::Session;

/// Runs a command.
///
/// Failures of single files and objects are reported and counted by `output`; the command continues.
///
/// # Errors
///
/// Returns the error that ended the command. Its context has operands, if the command has any.
pub(crate) fn run<'a>(
    session: &'a Arc<Session>,
    output: &'a Arc<Output>,
    command: Command,
) -> Pin<Box<dyn Future<Output = Result<()>> + Send + 'a>> {
    // `run` calls this function, so the type of the future must be known.
    Box::pin(async move {
        let operands = command.operands();
        let done = dispatch(session, output, command).await;
        done.map_err(|error| match operands {
            Some(operands) if !error.is::<Operands>() => error.context(operands),
            _ => error,
        })
    })
}

async fn dispatch(session: &Arc<Session>, output: &Arc<Output>, command: Command) -> Result<()> {
    match command {
        Command::Ls(arguments) => ls::run(session, output, arguments).await,
        Command::Cp(arguments) => copy::run(session, output, arguments, false).await,
        Command::Mv(arguments) => copy::run(session, output, arguments, true).await,
        Command::Sync(arguments) => sync::run(session, output, arguments).await,
        Command::Check(arguments) => check::run(session, output, arguments).await,
        Command::Rm(arguments) => rm::run(session, output, arguments).await,
        Command::Cat(arguments) => cat::run(session, output, arguments).await,
        Command::Tee(arguments) => tee::run(session, output, arguments).await,
        Command::Stat(arguments) => stat::run(session, output, arguments).await,
        Command::Du(arguments) => du::run(session, output, arguments).await,
        Command::Find(arguments) => find::run(session, output, arguments).await,
        Command::Mb(arguments) => buckets::make(session, output, arguments).await,
        Command::Rb(arguments) => buckets::remove(session, output, arguments).await,
        Command::Presign(arguments) => presign::run(session, output, arguments).await,
        Command::Uploads(UploadsCommand::Ls(arguments)) => {
            uploads::list(session, output, arguments).await
        }
        Command::Uploads(UploadsCommand::Abort(arguments)) => {
            uploads::abort(session, output, arguments).await
        }
        Command::Api(arguments) => Api::new(session, output, arguments)?.run().await,
        Command::Run(arguments) => run::run(session, output, arguments).await,
        #[cfg(feature = "emulator")]
        Command::Emulator(arguments) => emulator::run(output, arguments).await,
        Command::Doctor(arguments) => doctor::run(session, output, arguments).await,
        Command::Completions(arguments) => completions::run(output, &arguments),
        Command::Man => man::run(output),
    }
}
