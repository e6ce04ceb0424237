//! Actions of commands, as they are reported.

use std::fmt::{self, Write as _};

use serde_json::{Value, json};

use crate::messages;
use crate::printable::{printable, printable_name};

/// Kind of an action.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verb {
    Upload,
    Download,
    Copy,
    /// A transfer of `mv` that failed.
    Move,
    Delete,
    Skip,
    CreateBucket,
    RemoveBucket,
    AbortUpload,
    /// The following verbs only name the command of a failed operand.
    Api,
    Cat,
    Check,
    Doctor,
    Du,
    Find,
    List,
    Presign,
    Run,
    Stat,
    /// An action of a later version of the SDK.
    Other,
}

impl Verb {
    /// Returns whether this is the transfer of a file or object.
    pub(crate) const fn is_transfer(self) -> bool {
        matches!(self, Self::Upload | Self::Download | Self::Copy)
    }

    /// Returns the word for `--json` and for English lines.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Upload => "upload",
            Self::Download => "download",
            Self::Copy => "copy",
            Self::Move => "move",
            Self::Delete => "delete",
            Self::Skip => "skip",
            Self::CreateBucket => "create",
            Self::RemoveBucket => "remove",
            Self::AbortUpload => "abort",
            Self::Api => "api",
            Self::Cat => "cat",
            Self::Check => "check",
            Self::Doctor => "doctor",
            Self::Du => "du",
            Self::Find => "find",
            Self::List => "list",
            Self::Presign => "presign",
            Self::Run => "run",
            Self::Stat => "stat",
            Self::Other => "other",
        }
    }
}

/// One action of a command, such as the upload of a file.
#[derive(Clone, Debug)]
pub(crate) struct Action<'a> {
    pub(crate) verb: Verb,
    /// Path or address of the source, or of the only object.
    pub(crate) source: &'a str,
    /// Path or address of the target.
    pub(crate) target: Option<&'a str>,
    /// Size in bytes.
    pub(crate) size: Option<u64>,
    /// Why the action is done or skipped.
    pub(crate) reason: Option<&'a str>,
    /// Name and value of the identifier of a version or an upload.
    pub(crate) id: Option<(&'static str, &'a str)>,
}

impl<'a> Action<'a> {
    /// Creates an action on one object.
    pub(crate) fn new(verb: Verb, source: &'a str) -> Self {
        Self {
            verb,
            source,
            target: None,
            size: None,
            reason: None,
            id: None,
        }
    }

    /// Sets the target.
    pub(crate) fn to(mut self, target: &'a str) -> Self {
        self.target = Some(target);
        self
    }

    /// Returns the line that reports the action.
    pub(crate) fn text(&self) -> String {
        let verb = messages::reasons::verb(self.verb);
        let mut text = format!("{verb} {}", printable_name(self.source));
        if let Some(target) = self.target {
            // Writing to a string cannot fail.
            let _ = write!(text, " -> {}", printable_name(target));
        }
        for detail in [self.id.map(|(_, id)| id), self.reason]
            .into_iter()
            .flatten()
        {
            let _ = write!(text, " ({})", printable(detail));
        }
        text
    }

    /// Returns the JSON object that reports the action.
    pub(crate) fn value(&self) -> Value {
        let mut value = json!({"action": self.verb.as_str(), "source": self.source});
        if let Value::Object(fields) = &mut value {
            let target = self.target.map(|target| ("target", target));
            let reason = self.reason.map(|reason| ("reason", reason));
            for (name, text) in [target, reason, self.id].into_iter().flatten() {
                fields.insert(name.to_owned(), text.into());
            }
            if let Some(size) = self.size {
                fields.insert("size".to_owned(), size.into());
            }
        }
        value
    }
}

/// Context of an error that ends a command or the transfer of a folder: its operands, for `--json`.
/// Displays nothing, because the error itself names what failed.
#[derive(Debug)]
pub(crate) struct Operands {
    verb: Verb,
    source: String,
    target: Option<String>,
}

impl Operands {
    /// Creates the context of a command with one operand.
    pub(crate) fn new(verb: Verb, source: impl fmt::Display) -> Self {
        Self {
            verb,
            source: source.to_string(),
            target: None,
        }
    }

    /// Sets the target.
    pub(crate) fn to(mut self, target: impl fmt::Display) -> Self {
        self.target = Some(target.to_string());
        self
    }

    /// Returns the action that failed.
    pub(crate) fn action(&self) -> Action<'_> {
        let mut action = Action::new(self.verb, &self.source);
        action.target = self.target.as_deref();
        action
    }
}

impl fmt::Display for Operands {
    fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn actions_have_the_same_facts_as_text_and_as_json() {
        let mut action = Action::new(Verb::Upload, "a.txt").to("qs://b/a.txt");
        assert_eq!(action.text(), "upload a.txt -> qs://b/a.txt");
        action.size = Some(3);
        action.reason = Some("new");
        let expected = json!({
            "action": "upload", "source": "a.txt", "target": "qs://b/a.txt", "size": 3, "reason": "new",
        });
        assert_eq!(action.value(), expected);
        let mut action = Action::new(Verb::Delete, "qs://b/a");
        action.id = Some(("version_id", "v1"));
        assert_eq!(action.text(), "delete qs://b/a (v1)");
        let expected = json!({"action": "delete", "source": "qs://b/a", "version_id": "v1"});
        assert_eq!(action.value(), expected);
    }
}
