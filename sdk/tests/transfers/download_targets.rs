//! Which files a download replaces, and which it must not change.

use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::{Path, PathBuf};

use qingstor_sdk::{Error, ErrorKind, ResumeToken, UploadSource};
use tempfile::TempDir;

use crate::transfer::Site;

/// The methods that download to a path.
const METHODS: [Method; 3] = [Method::WriteTo, Method::Download, Method::Resumable];

#[derive(Clone, Copy, Debug, PartialEq)]
enum Method {
    WriteTo,
    Download,
    Resumable,
}

struct Fixture {
    site: Site,
    folder: TempDir,
}

impl Fixture {
    /// Creates an object `k` with the content `new`, and an empty folder.
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

    async fn download(&self, method: Method, to: &Path) -> Result<(), Error> {
        match method {
            Method::WriteTo => {
                let body = self.site.bucket.get_object("k").await?.body;
                body.write_to(to).await.map(drop)
            }
            Method::Download => self.site.bucket.download("k", to).await.map(drop),
            Method::Resumable => {
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
    let fixture = Fixture::new().await;
    for method in METHODS {
        for (old, new) in [
            (0o600, 0o600),
            (0o640, 0o640),
            (0o444, 0o444),
            (0o666, 0o666),
            (0o4755, 0o755),
        ] {
            let path = fixture.write("copy", "old", old);
            fixture.download(method, &path).await.unwrap();
            assert_eq!(
                (text(&path).as_str(), mode(&path)),
                ("new", new),
                "{method:?}"
            );
        }
        // Without an existing file, the permissions are the default ones.
        std::fs::remove_file(fixture.path("copy")).unwrap();
        fixture
            .download(method, &fixture.path("copy"))
            .await
            .unwrap();
        std::fs::write(fixture.path("other"), "").unwrap();
        assert_eq!(mode(&fixture.path("copy")), mode(&fixture.path("other")));
    }
    assert_eq!(fixture.names(), ["copy", "other"]);
}

#[tokio::test]
async fn replaces_a_symbolic_link_but_not_its_destination() {
    let fixture = Fixture::new().await;
    let private = fixture.write("private", "old", 0o600);
    let open = fixture.write("open", "old", 0o777);
    std::fs::write(fixture.path("other"), "").unwrap();
    for method in METHODS {
        let link = fixture.path("link");
        for (destination, expected) in [
            (&private, 0o600),
            (&open, mode(&fixture.path("other"))),
            (&fixture.path("nothing"), mode(&fixture.path("other"))),
        ] {
            symlink(destination, &link).unwrap();
            fixture.download(method, &link).await.unwrap();
            assert!(
                std::fs::symlink_metadata(&link).unwrap().is_file(),
                "{method:?}"
            );
            assert_eq!(
                (text(&link).as_str(), mode(&link)),
                ("new", expected),
                "{method:?}"
            );
            std::fs::remove_file(&link).unwrap();
        }
        assert_eq!((text(&private), text(&open)), ("old".into(), "old".into()));
    }
    assert_eq!(fixture.names(), ["open", "other", "private"]);
}

#[tokio::test]
async fn rejects_pipes_sockets_devices_and_folders() {
    let fixture = Fixture::new().await;
    let pipe = fixture.pipe("pipe");
    let socket = fixture.path("socket");
    let _listener = std::os::unix::net::UnixListener::bind(&socket).unwrap();
    let device = fixture.path("device");
    // A link, so that the device is not replaced if this test fails as root.
    symlink("/dev/null", &device).unwrap();
    let to_pipe = fixture.path("to-pipe");
    symlink(&pipe, &to_pipe).unwrap();
    std::fs::create_dir(fixture.path("folder")).unwrap();
    let before = fixture.names();
    for method in METHODS {
        for (path, says) in [
            (&pipe, "is a pipe, not a regular file"),
            (&to_pipe, "is a pipe, not a regular file"),
            (&socket, "is a socket, not a regular file"),
            (&device, "is a device, not a regular file"),
            (&fixture.path("folder"), "directory"),
            (&fixture.path("new/"), "directory"),
            (&fixture.path("missing/copy"), "No such file or directory"),
            (&fixture.path("socket/copy"), "Not a directory"),
            (&PathBuf::new(), "the path is empty"),
        ] {
            let error = fixture.download(method, path).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Io);
            let shown = error.to_string();
            assert!(shown.contains(says), "{method:?} {shown}");
            if says.contains("regular") {
                assert!(
                    shown.contains("open it and download to a writer"),
                    "{shown}"
                );
            }
        }
        assert_eq!(fixture.names(), before, "{method:?}");
    }
}

/// The object does not exist, so a request would fail with another error.
#[tokio::test]
async fn rejects_a_target_before_the_first_request() {
    let fixture = Fixture::new().await;
    let pipe = fixture.pipe("pipe");
    let bucket = fixture.site.bucket.clone();
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
    let fixture = Fixture::new().await;
    let victim = fixture.write("victim", "keep", 0o644);
    let (part, state) = (
        fixture.path(".copy.qingstor-resume.part"),
        fixture.path(".copy.qingstor-resume.part.json"),
    );
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
            fixture.pipe(path.file_name().unwrap().to_str().unwrap());
        }),
        ("is a directory", &|path| std::fs::create_dir(path).unwrap()),
    ];
    for (says, plant) in plants {
        for planted in [&part, &state] {
            plant(planted);
            let error = fixture
                .download(Method::Resumable, &fixture.path("copy"))
                .await;
            let error = error.unwrap_err();
            let expected =
                format!("{}: {says}", planted.display()).replace(": several", ": has several");
            assert_eq!((error.kind(), error.attempts()), (ErrorKind::Io, 0));
            assert!(error.to_string().contains(&expected), "{error} {expected}");
            assert_eq!(text(&victim), "keep");
            std::fs::remove_file(planted)
                .or_else(|_| std::fs::remove_dir(planted))
                .unwrap();
            assert_eq!(fixture.names(), ["victim"]);
        }
    }
}

/// Another user could read and change the bytes in their file, or mark ranges as complete that are
/// not.
#[tokio::test]
async fn does_not_use_a_file_of_another_user() {
    for name in [
        ".copy.qingstor-resume.part",
        ".copy.qingstor-resume.part.json",
    ] {
        let fixture = Fixture::new().await;
        let planted = fixture.write(name, "theirs", 0o666);
        if std::os::unix::fs::chown(&planted, Some(12345), None).is_err() {
            // Only root can change the owner of a file.
            return;
        }
        let error = fixture
            .download(Method::Resumable, &fixture.path("copy"))
            .await;
        let error = error.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Io);
        assert!(
            error.to_string().ends_with(": belongs to another user"),
            "{error}"
        );
        assert_eq!(text(&planted), "theirs");
        assert_eq!(fixture.names(), [name]);
    }
}

/// The state is first written to a temporary file.
#[tokio::test]
async fn does_not_write_through_a_planted_state_file() {
    let fixture = Fixture::new().await;
    let victim = fixture.write("victim", "keep", 0o644);
    symlink(&victim, fixture.path(".copy.qingstor-resume.part.json.new")).unwrap();
    let content = crate::transfer::content(3 * crate::transfer::PART);
    fixture
        .site
        .bucket
        .put_object("k")
        .body(content)
        .await
        .unwrap();
    let download = fixture.site.bucket.download("k", fixture.path("copy"));
    download.resumable(true).part_size(65536).await.unwrap();
    assert_eq!(text(&victim), "keep");
    assert_eq!(fixture.names(), ["copy", "victim"]);
}

#[tokio::test]
async fn does_not_write_through_a_planted_token_file() {
    let fixture = Fixture::new().await;
    let victim = fixture.write("victim", "", 0o644);
    let token = fixture.path("token");
    symlink(&victim, &token).unwrap();
    let upload = fixture
        .site
        .bucket
        .upload("up", UploadSource::from(b"content"));
    let error = upload.token_file(&token).await.unwrap_err();
    assert!(
        error.to_string().contains("token: is a symbolic link"),
        "{error}"
    );
    assert_eq!(text(&victim), "");
    assert!(text(&victim).parse::<ResumeToken>().is_err());
}
