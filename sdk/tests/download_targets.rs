//! What a download may replace, and what it must leave alone.
#![cfg(unix)]
// A test that finds something else may well panic.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used
)]

mod transfer;

use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::{Path, PathBuf};

use qingstor_sdk::{Error, ErrorKind, ResumeToken, UploadSource};
use tempfile::TempDir;

use transfer::Site;

/// The three ways to download to a path.
const WAYS: [Way; 3] = [Way::WriteTo, Way::Download, Way::Resumable];

#[derive(Clone, Copy, Debug, PartialEq)]
enum Way {
    WriteTo,
    Download,
    Resumable,
}

struct Place {
    site: Site,
    folder: TempDir,
}

impl Place {
    /// A place with an object `k` whose content is `new`.
    async fn new() -> Self {
        let site = Site::start().await;
        site.bucket.put_object("k").body("new").await.unwrap();
        let folder = tempfile::tempdir().unwrap();
        Self { site, folder }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn write(&self, name: &str, content: &str, mode: u32) -> PathBuf {
        let path = self.path(name);
        std::fs::write(&path, content).unwrap();
        std::fs::set_permissions(&path, PermissionsExt::from_mode(mode)).unwrap();
        path
    }

    fn pipe(&self, name: &str) -> PathBuf {
        let path = self.path(name);
        let made = std::process::Command::new("mkfifo").arg(&path).status();
        assert!(made.unwrap().success());
        path
    }

    async fn download(&self, way: Way, to: &Path) -> Result<(), Error> {
        match way {
            Way::WriteTo => {
                let body = self.site.bucket.get_object("k").await?.body;
                body.write_to(to).await.map(drop)
            }
            Way::Download => self.site.bucket.download("k", to).await.map(drop),
            Way::Resumable => {
                let download = self.site.bucket.download("k", to);
                download.resumable(true).await.map(drop)
            }
        }
    }

    fn names(&self) -> Vec<String> {
        let names = std::fs::read_dir(self.folder.path()).unwrap();
        let name = |entry: std::io::Result<std::fs::DirEntry>| entry.unwrap().file_name();
        let mut names: Vec<_> = names
            .map(|entry| name(entry).into_string().unwrap())
            .collect();
        names.sort();
        names
    }
}

fn mode(path: &Path) -> u32 {
    std::fs::symlink_metadata(path).unwrap().mode() & 0o7777
}

fn text(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap()
}

#[tokio::test]
async fn keeps_the_permissions_of_the_replaced_file() {
    let place = Place::new().await;
    for way in WAYS {
        for (old, new) in [
            (0o600, 0o600),
            (0o640, 0o640),
            (0o444, 0o444),
            (0o666, 0o666),
            (0o4755, 0o755),
        ] {
            let path = place.write("copy", "old", old);
            place.download(way, &path).await.unwrap();
            assert_eq!((text(&path).as_str(), mode(&path)), ("new", new), "{way:?}");
        }
        // A new file has the permissions of any new file.
        std::fs::remove_file(place.path("copy")).unwrap();
        place.download(way, &place.path("copy")).await.unwrap();
        std::fs::write(place.path("other"), "").unwrap();
        assert_eq!(mode(&place.path("copy")), mode(&place.path("other")));
    }
    assert_eq!(place.names(), ["copy", "other"]);
}

#[tokio::test]
async fn replaces_a_link_and_leaves_what_it_leads_to() {
    let place = Place::new().await;
    let private = place.write("private", "old", 0o600);
    let open = place.write("open", "old", 0o777);
    std::fs::write(place.path("other"), "").unwrap();
    for way in WAYS {
        let link = place.path("link");
        for (leads_to, expected) in [
            (&private, 0o600),
            (&open, mode(&place.path("other"))),
            (&place.path("nothing"), mode(&place.path("other"))),
        ] {
            symlink(leads_to, &link).unwrap();
            place.download(way, &link).await.unwrap();
            assert!(
                std::fs::symlink_metadata(&link).unwrap().is_file(),
                "{way:?}"
            );
            assert_eq!(
                (text(&link).as_str(), mode(&link)),
                ("new", expected),
                "{way:?}"
            );
            std::fs::remove_file(&link).unwrap();
        }
        assert_eq!((text(&private), text(&open)), ("old".into(), "old".into()));
    }
    assert_eq!(place.names(), ["open", "other", "private"]);
}

#[tokio::test]
async fn refuses_pipes_sockets_devices_and_folders() {
    let place = Place::new().await;
    let pipe = place.pipe("pipe");
    let socket = place.path("socket");
    let _listener = std::os::unix::net::UnixListener::bind(&socket).unwrap();
    let device = place.path("device");
    // A link: should this test fail as root, it must not replace the device.
    symlink("/dev/null", &device).unwrap();
    let to_pipe = place.path("to-pipe");
    symlink(&pipe, &to_pipe).unwrap();
    std::fs::create_dir(place.path("folder")).unwrap();
    let before = place.names();
    for way in WAYS {
        for (path, says) in [
            (&pipe, "is a pipe, not a regular file"),
            (&to_pipe, "is a pipe, not a regular file"),
            (&socket, "is a socket, not a regular file"),
            (&device, "is a device, not a regular file"),
            (&place.path("folder"), "directory"),
            (&place.path("new/"), "directory"),
            (&place.path("missing/copy"), "No such file or directory"),
            (&place.path("socket/copy"), "Not a directory"),
            (&PathBuf::new(), "the path is empty"),
        ] {
            let error = place.download(way, path).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Io);
            let shown = error.to_string();
            assert!(shown.contains(says), "{way:?} {shown}");
            if says.contains("regular") {
                assert!(
                    shown.contains("use `Bucket::download` with `DownloadTarget::writer`"),
                    "{shown}"
                );
            }
        }
        assert_eq!(place.names(), before, "{way:?}");
    }
}

/// The bucket does not exist, so that a request would fail in another way.
#[tokio::test]
async fn refuses_before_anything_is_sent() {
    let place = Place::new().await;
    let pipe = place.pipe("pipe");
    let bucket = place.site.bucket.clone();
    for resumable in [false, true] {
        let download = bucket.download("missing", &pipe).resumable(resumable);
        let error = download.await.unwrap_err();
        assert_eq!(
            (error.kind(), error.attempts()),
            (ErrorKind::Io, 0),
            "{error}"
        );
    }
}

#[tokio::test]
async fn does_not_write_through_a_planted_part_file() {
    let place = Place::new().await;
    let victim = place.write("victim", "keep", 0o644);
    let (part, state) = (place.path("copy.part"), place.path("copy.part.json"));
    type Plant<'a> = &'a dyn Fn(&Path);
    let plants: [(&str, Plant<'_>); 5] = [
        ("is a symbolic link", &|path| {
            symlink(&victim, path).unwrap()
        }),
        ("is a symbolic link", &|path| symlink("gone", path).unwrap()),
        ("several names", &|path| {
            std::fs::hard_link(&victim, path).unwrap()
        }),
        ("is a pipe", &|path| {
            place.pipe(path.file_name().unwrap().to_str().unwrap());
        }),
        ("is a directory", &|path| std::fs::create_dir(path).unwrap()),
    ];
    for (says, plant) in plants {
        for planted in [&part, &state] {
            plant(planted);
            let error = place.download(Way::Resumable, &place.path("copy")).await;
            let error = error.unwrap_err();
            let named =
                format!("{}: {says}", planted.display()).replace(": several", ": has several");
            assert_eq!((error.kind(), error.attempts()), (ErrorKind::Io, 0));
            assert!(error.to_string().contains(&named), "{error} {named}");
            assert_eq!(text(&victim), "keep");
            std::fs::remove_file(planted)
                .or_else(|_| std::fs::remove_dir(planted))
                .unwrap();
            assert_eq!(place.names(), ["victim"]);
        }
    }
}

/// The state is written to another name first.
/// Another user could read and change what is written to their own file, or say that bytes are done
/// which are not.
#[tokio::test]
async fn does_not_take_a_file_of_another_user() {
    for name in ["copy.part", "copy.part.json"] {
        let place = Place::new().await;
        let planted = place.write(name, "theirs", 0o666);
        if std::os::unix::fs::chown(&planted, Some(12345), None).is_err() {
            // Only root can give files away.
            return;
        }
        let error = place.download(Way::Resumable, &place.path("copy")).await;
        let error = error.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Io);
        assert!(
            error.to_string().ends_with(": belongs to another user"),
            "{error}"
        );
        assert_eq!(text(&planted), "theirs");
        assert_eq!(place.names(), [name]);
    }
}

#[tokio::test]
async fn does_not_write_through_a_planted_state_file() {
    let place = Place::new().await;
    let victim = place.write("victim", "keep", 0o644);
    symlink(&victim, place.path("copy.part.json.new")).unwrap();
    let content = transfer::content(3 * transfer::PART);
    place
        .site
        .bucket
        .put_object("k")
        .body(content)
        .await
        .unwrap();
    let download = place.site.bucket.download("k", place.path("copy"));
    download.resumable(true).part_size(65536).await.unwrap();
    assert_eq!(text(&victim), "keep");
    assert_eq!(place.names(), ["copy", "victim"]);
}

#[tokio::test]
async fn does_not_write_through_a_planted_token_file() {
    let place = Place::new().await;
    let victim = place.write("victim", "", 0o644);
    let token = place.path("token");
    symlink(&victim, &token).unwrap();
    let upload = place
        .site
        .bucket
        .upload("up", UploadSource::from("content"));
    let error = upload.token_file(&token).await.unwrap_err();
    assert!(
        error.to_string().contains("token: is a symbolic link"),
        "{error}"
    );
    assert_eq!(text(&victim), "");
    assert!(text(&victim).parse::<ResumeToken>().is_err());
}
