//! [`walk`]: yields the files of a local folder in the byte order of their paths, or of their paths in
//! lower case.

use std::fs::{FileType, Metadata};
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::action::SkipReason;
use super::compare::Version;
use super::entry::{ConsumerEnded, Entry, EntryKind, EntrySender, EntryStream, on_thread};
use super::file_name::{NameRules, decode, fold_case};
use super::filter::Filter;
use super::sorter::{Record, SortedRecords, Sorter};
use crate::base::error::{Error, ErrorKind, Result};
use crate::base::fs::temporary_name;

/// How a folder is walked.
#[derive(Clone, Debug)]
pub(super) struct WalkOptions {
    pub(super) root: PathBuf,
    pub(super) filter: Filter,
    pub(super) role: Role,
    /// The rules by which names are encoded, if they are.
    pub(super) encoding: Option<NameRules>,
    /// Whether the entries are in the order of their names in lower case.
    pub(super) ignores_case: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    Source {
        follow_symlinks: bool,
    },
    /// Links to folders are not followed.
    Target,
}

/// Walks a folder on a separate thread, as far as the stream is read.
pub(super) fn stream(options: WalkOptions) -> EntryStream {
    EntryStream::start(
        |mut sender| async move { on_thread(move || walk(&options, &mut sender)).await? },
    )
}

/// Sends the entries of a folder. Blocks.
///
/// Folders are read one by one, and the entries of a folder are sorted: the memory does not depend on
/// the number of files.
fn walk(options: &WalkOptions, sender: &mut EntrySender) -> Result<()> {
    let metadata = std::fs::metadata(&options.root);
    match metadata {
        Err(error) if error.kind() == io::ErrorKind::NotFound && options.role == Role::Target => {
            return Ok(());
        }
        Err(error) => return Err(root_error(&options.root, &error)),
        Ok(metadata) if !metadata.is_dir() => {
            return Err(root_error(
                &options.root,
                &io::ErrorKind::NotADirectory.into(),
            ));
        }
        Ok(_) => {}
    }
    let mut walker = Walker {
        options,
        sender,
        frames: Vec::new(),
    };
    let root = walker.read(String::new(), options.root.clone());
    let root = root.map_err(|error| root_error(&options.root, &error))?;
    walker.frames.push(root);
    // A consumer that has ended needs no error.
    let _ = walker.run();
    Ok(())
}

fn root_error(root: &Path, error: &io::Error) -> Error {
    let text = format!("{}: {error}", root.display());
    Error::new(ErrorKind::Io, text).with_source(io::Error::from(error.kind()))
}

struct Walker<'a> {
    options: &'a WalkOptions,
    sender: &'a mut EntrySender,
    /// The folder that is being walked, and the folders above it.
    frames: Vec<Frame>,
}

struct Frame {
    /// Empty for the root, otherwise with `/` at the end.
    path: String,
    local: PathBuf,
    id: FolderId,
    is_empty: bool,
    items: SortedRecords<Item>,
}

/// An entry of a folder.
#[derive(Serialize, Deserialize)]
struct Item {
    /// Decoded name; with `/` at the end if it is a folder, so that the paths below it are sorted
    /// correctly between its siblings.
    key: String,
    /// The key in lower case, if the order ignores case.
    folded: Option<String>,
    /// Name on the disk, if it differs from `key` without `/`.
    name: Option<String>,
    kind: ItemKind,
}

#[derive(Serialize, Deserialize)]
enum ItemKind {
    File,
    Folder,
    /// A link that is not followed, or a temporary file of a download. Not reported.
    Ignored,
    LinkInTarget,
    DanglingLink,
    SpecialFile,
    NotUtf8,
    Unreadable(String),
}

impl Record for Item {
    fn path(&self) -> &str {
        self.folded.as_deref().unwrap_or(&self.key)
    }

    fn text_len(&self) -> usize {
        let of_kind = match &self.kind {
            ItemKind::Unreadable(why) => why.len(),
            _ => 0,
        };
        let others = [&self.folded, &self.name].into_iter().flatten();
        self.key.len() + others.map(String::len).sum::<usize>() + of_kind
    }
}

/// Identifies a folder that can be reached by several paths.
#[derive(PartialEq, Eq)]
enum FolderId {
    #[cfg(unix)]
    Inode { device: u64, inode: u64 },
    #[cfg(not(unix))]
    Path(PathBuf),
}

impl FolderId {
    fn of(path: &Path) -> io::Result<Self> {
        #[cfg(unix)]
        {
            use std::os::unix::fs::MetadataExt;
            let metadata = std::fs::metadata(path)?;
            Ok(Self::Inode {
                device: metadata.dev(),
                inode: metadata.ino(),
            })
        }
        #[cfg(not(unix))]
        Ok(Self::Path(path.canonicalize()?))
    }
}

impl Walker<'_> {
    fn run(&mut self) -> Result<(), ConsumerEnded> {
        while let Some(frame) = self.frames.last_mut() {
            // An excluded path sends nothing, so it would not notice that the consumer has ended.
            self.sender.check_open()?;
            match frame.items.next() {
                None => {
                    self.frames.pop();
                }
                Some(Ok(item)) => {
                    let path = format!("{}{}", frame.path, item.key);
                    let name = item.name.as_deref();
                    let local = frame
                        .local
                        .join(name.unwrap_or(item.key.trim_end_matches('/')));
                    self.visit(path, local, item.kind)?;
                }
                Some(Err(error)) => {
                    let path = frame.path.clone();
                    self.frames.pop();
                    self.report(&path, unreadable(&error))?;
                }
            }
        }
        self.sender.flush()
    }

    fn visit(&mut self, path: String, local: PathBuf, kind: ItemKind) -> Result<(), ConsumerEnded> {
        let filter = &self.options.filter;
        if matches!(kind, ItemKind::Folder) {
            return match filter.excludes_all_below(&path) {
                true => self.exclude(path),
                false => self.enter(path, local),
            };
        }
        if !filter.includes(&path) {
            return self.exclude(path);
        }
        let reason = match kind {
            ItemKind::Folder | ItemKind::File => {
                let entry = match self.version(&local) {
                    Ok(mut version) => {
                        if self.options.encoding.is_some() {
                            version.disk_path = self.disk_path(&local);
                        }
                        Entry::new(path, EntryKind::File(version))
                    }
                    Err(error) => Entry::outside(path, unreadable(&error)),
                };
                return self.sender.send(entry);
            }
            ItemKind::Ignored => {
                let reason = None;
                let entry = Entry::new(path, EntryKind::Outside { reason });
                return self.sender.send(entry);
            }
            ItemKind::LinkInTarget => SkipReason::LinkInTarget,
            ItemKind::DanglingLink => SkipReason::DanglingLink,
            ItemKind::SpecialFile => SkipReason::SpecialFile,
            ItemKind::NotUtf8 => SkipReason::NotUtf8,
            ItemKind::Unreadable(why) => SkipReason::Unreadable(why),
        };
        self.report(&path, reason)
    }

    fn report(&mut self, path: &str, reason: SkipReason) -> Result<(), ConsumerEnded> {
        self.sender.send(Entry::outside(path, reason))
    }

    /// Skips an excluded path. In the target, its folder must not be deleted.
    fn exclude(&mut self, path: String) -> Result<(), ConsumerEnded> {
        if self.options.role == Role::Target {
            let reason = None;
            self.sender
                .send(Entry::new(path, EntryKind::Outside { reason }))?;
        }
        Ok(())
    }

    /// Sends a folder and continues with its entries.
    fn enter(&mut self, path: String, local: PathBuf) -> Result<(), ConsumerEnded> {
        let frame = match self.read(path.clone(), local) {
            Ok(frame) => frame,
            Err(error) => return self.report(&path, unreadable(&error)),
        };
        if self.frames.iter().any(|above| above.id == frame.id) {
            return self.report(&path, SkipReason::LinkLoop);
        }
        if self.options.filter.includes(&path) {
            let is_empty = frame.is_empty;
            self.sender
                .send(Entry::new(path, EntryKind::Folder { is_empty }))?;
        }
        self.frames.push(frame);
        Ok(())
    }

    /// Reads and sorts the entries of a folder.
    fn read(&self, path: String, local: PathBuf) -> io::Result<Frame> {
        let id = FolderId::of(&local)?;
        let mut sorter = Sorter::new();
        let mut is_empty = true;
        for entry in std::fs::read_dir(&local)? {
            if self.sender.check_open().is_err() {
                break;
            }
            let entry = entry?;
            is_empty = false;
            let file_name = entry.file_name();
            let Some(name) = file_name.to_str() else {
                let key = file_name.to_string_lossy().into_owned();
                sorter.push(Item {
                    folded: self.folded(&key),
                    key,
                    name: None,
                    kind: ItemKind::NotUtf8,
                })?;
                continue;
            };
            let kind = match entry.file_type() {
                _ if temporary_name::is_temporary(name) => ItemKind::Ignored,
                Ok(file_type) => self.kind(file_type, &entry.path()),
                Err(error) => ItemKind::Unreadable(error.to_string()),
            };
            let mut key = name.to_owned();
            let mut kind = kind;
            if let Some(rules) = self.options.encoding {
                // `/` separates names, so a name cannot contain it.
                let decoded = decode(name).filter(|key| !key.contains('/'));
                key = decoded.unwrap_or(key);
                // A download would store the key under another name.
                if self.options.role == Role::Target && rules.encode(&key) != name {
                    kind = ItemKind::Ignored;
                }
            }
            let is_decoded = key != name;
            if matches!(kind, ItemKind::Folder) {
                key.push('/');
            }
            sorter.push(Item {
                folded: self.folded(&key),
                key,
                name: is_decoded.then(|| name.to_owned()),
                kind,
            })?;
        }
        Ok(Frame {
            path,
            local,
            id,
            is_empty,
            items: sorter.finish(),
        })
    }

    fn folded(&self, key: &str) -> Option<String> {
        self.options.ignores_case.then(|| fold_case(key))
    }

    fn kind(&self, file_type: FileType, path: &Path) -> ItemKind {
        if !file_type.is_symlink() {
            return kind_of(file_type);
        }
        let destination = match self.options.role {
            Role::Source {
                follow_symlinks: false,
            } => return ItemKind::Ignored,
            _ => std::fs::metadata(path).map(|metadata| metadata.file_type()),
        };
        match (self.options.role, destination) {
            (Role::Target, Ok(file_type)) if file_type.is_dir() => ItemKind::LinkInTarget,
            // A download replaces the link itself.
            (Role::Target, _) => ItemKind::File,
            (_, Ok(file_type)) => kind_of(file_type),
            (_, Err(error)) if error.kind() == io::ErrorKind::PermissionDenied => {
                ItemKind::Unreadable(error.to_string())
            }
            (_, Err(_)) => ItemKind::DanglingLink,
        }
    }

    fn disk_path(&self, local: &Path) -> Option<String> {
        let relative = local.strip_prefix(&self.options.root).ok()?;
        relative.to_str().map(str::to_owned)
    }

    fn version(&self, local: &Path) -> io::Result<Version> {
        let metadata = match std::fs::metadata(local) {
            // Anything differs from a dangling link.
            Err(_)
                if self.options.role == Role::Target
                    && std::fs::symlink_metadata(local).is_ok_and(|link| link.is_symlink()) =>
            {
                return Ok(Version {
                    size: u64::MAX,
                    modified: None,
                    etag: String::new(),
                    encrypted: false,
                    storage_class: None,
                    disk_path: None,
                });
            }
            metadata => metadata?,
        };
        Ok(version_of(&metadata))
    }
}

fn kind_of(file_type: FileType) -> ItemKind {
    if file_type.is_file() {
        ItemKind::File
    } else if file_type.is_dir() {
        ItemKind::Folder
    } else {
        ItemKind::SpecialFile
    }
}

fn unreadable(error: &io::Error) -> SkipReason {
    SkipReason::Unreadable(error.to_string())
}

/// Returns the size and the time of a local file.
pub(super) fn version_of(metadata: &Metadata) -> Version {
    let modified = metadata.modified().ok();
    Version {
        size: metadata.len(),
        modified: modified.and_then(|time| time.try_into().ok()),
        etag: String::new(),
        encrypted: false,
        storage_class: None,
        disk_path: None,
    }
}
