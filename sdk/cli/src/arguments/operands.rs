//! The operands of a command, for failures that name no others.

use std::ffi::{OsStr, OsString};

use super::{Command, CopyArguments, UploadsCommand};
use crate::action::{Operands, Verb};
use crate::location::{Location, SCHEME, is_address};

impl Command {
    /// Returns the first operand and, for transfers, the target. `None` for commands without operands.
    pub(crate) fn operands(&self) -> Option<Operands> {
        match self {
            Self::Ls(list) => Some(Operands::new(
                Verb::List,
                list.path.as_deref().unwrap_or(SCHEME),
            )),
            Self::Cp(copy) => of_copy(copy, false),
            Self::Mv(copy) => of_copy(copy, true),
            Self::Sync(sync) => Some(of_transfer(&sync.source, Some(&sync.target), false)),
            Self::Check(check) => {
                let operands = Operands::new(Verb::Check, check.source.display());
                Some(operands.to(check.target.display()))
            }
            Self::Rm(remove) => one(Verb::Delete, remove.paths.first()),
            Self::Cat(cat) => one(Verb::Cat, cat.paths.first()),
            Self::Tee(tee) => Some(Operands::new(Verb::Upload, Location::Stdio).to(&tee.path)),
            Self::Stat(stat) => one(Verb::Stat, stat.paths.first()),
            Self::Du(sum) => one(Verb::Du, sum.paths.first()),
            Self::Find(find) => one(Verb::Find, Some(&find.path)),
            Self::Mb(make) => one(Verb::CreateBucket, make.buckets.first()),
            Self::Rb(remove) => one(Verb::RemoveBucket, remove.buckets.first()),
            Self::Presign(presign) => one(Verb::Presign, Some(&presign.path)),
            Self::Uploads(UploadsCommand::Ls(list)) => one(Verb::List, Some(&list.path)),
            Self::Uploads(UploadsCommand::Abort(abort)) => {
                one(Verb::AbortUpload, Some(&abort.uploads.path))
            }
            Self::Api(api) => Some(Operands::new(Verb::Api, api.operation.id)),
            Self::Run(run) => Some(match &run.file {
                Some(file) => Operands::new(Verb::Run, file.display()),
                None => Operands::new(Verb::Run, Location::Stdio),
            }),
            Self::Doctor(doctor) => one(Verb::Doctor, doctor.bucket.as_ref()),
            #[cfg(feature = "emulator")]
            Self::Emulator(_) => None,
            Self::Completions(_) | Self::Man => None,
        }
    }
}

fn one(verb: Verb, operand: Option<&String>) -> Option<Operands> {
    operand.map(|operand| Operands::new(verb, operand))
}

fn of_copy(copy: &CopyArguments, is_move: bool) -> Option<Operands> {
    let (source, others) = copy.paths.split_first()?;
    Some(of_transfer(source, others.last(), is_move))
}

/// Returns the operands of a transfer as they are written.
pub(crate) fn of_transfer(source: &OsStr, target: Option<&OsString>, is_move: bool) -> Operands {
    let is_remote = target.map(|target| is_address(target));
    let verb = match (is_address(source), is_remote) {
        _ if is_move => Verb::Move,
        (true, Some(false)) => Verb::Download,
        (false, Some(_)) => Verb::Upload,
        (true, Some(true)) | (_, None) => Verb::Copy,
    };
    let operands = Operands::new(verb, source.display());
    match target {
        Some(target) => operands.to(target.display()),
        None => operands,
    }
}
