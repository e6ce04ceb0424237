//! An emulator, a folder for files, and a way to run the program.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use qingstor_emulator::{Emulator, FaultRule};
use serde_json::Value;
use tempfile::TempDir;
use tokio::runtime::Runtime;

/// Bucket that every test has.
pub(crate) const BUCKET: &str = "cli-test";
/// Address of the bucket.
pub(crate) const BUCKET_ADDRESS: &str = "qs://cli-test";

/// An emulator with one bucket, and an empty folder.
pub(crate) struct World {
    pub(crate) emulator: Emulator,
    folder: TempDir,
    // Dropped last: the emulator runs on it.
    _runtime: Runtime,
}

/// The end of a run of the program.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Run {
    /// Returns the lines of standard output, sorted.
    pub(crate) fn lines(&self) -> Vec<&str> {
        let mut lines: Vec<_> = self.stdout.lines().collect();
        lines.sort_unstable();
        lines
    }

    /// Returns the objects of `--json`.
    pub(crate) fn objects(&self) -> Vec<Value> {
        let lines = self.stdout.lines();
        lines
            .map(|line| {
                serde_json::from_str(line).unwrap_or_else(|error| panic!("{line}: {error}"))
            })
            .collect()
    }

    /// Checks the exit code.
    #[track_caller]
    pub(crate) fn exits(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "{self:#?}");
        self
    }
}

impl World {
    /// Starts an emulator with the bucket [`BUCKET`].
    pub(crate) fn new() -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .unwrap();
        let emulator = runtime
            .block_on(Emulator::builder().in_memory().start())
            .unwrap();
        let world = Self {
            emulator,
            folder: tempfile::tempdir().unwrap(),
            _runtime: runtime,
        };
        world.ok(&["mb", BUCKET_ADDRESS]);
        world
    }

    /// Returns a command that runs the program in the folder, without a terminal.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_qingstor"));
        command
            .args(arguments)
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", self.folder.path().join("home"))
            .env("LANG", "C.UTF-8")
            .env("QINGSTOR_ENDPOINT", self.emulator.endpoint())
            .env("QINGSTOR_ZONE", "pek3a")
            .env("QINGSTOR_ACCESS_KEY_ID", self.emulator.access_key_id())
            .env(
                "QINGSTOR_SECRET_ACCESS_KEY",
                self.emulator.secret_access_key(),
            )
            .current_dir(self.folder.path())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    /// Runs the program.
    pub(crate) fn run(&self, arguments: &[&str]) -> Run {
        finished(self.command(arguments).spawn().unwrap())
    }

    /// Runs the program, which must succeed.
    #[track_caller]
    pub(crate) fn ok(&self, arguments: &[&str]) -> Run {
        self.run(arguments).exits(0)
    }

    /// Runs the program without access to a folder. The administrator has access to every folder, so
    /// the program runs as another user if necessary.
    #[cfg(unix)]
    pub(crate) fn run_without_access(&self, folder: &str, arguments: &[&str]) -> Run {
        use std::os::unix::fs::{MetadataExt, PermissionsExt};
        use std::os::unix::process::CommandExt;

        const NOBODY: u32 = 65_534;
        let set_mode = |path: &str, mode| {
            let permissions = std::fs::Permissions::from_mode(mode);
            std::fs::set_permissions(self.path(path), permissions).unwrap();
        };
        set_mode(folder, 0o000);
        let template = self.command(arguments);
        let mut program = template.get_program().to_owned();
        let is_administrator = std::fs::metadata(self.path("")).unwrap().uid() == 0;
        if is_administrator {
            set_mode("", 0o755);
            // Another process copies it: a file that this one has open for writing is inherited by
            // programs that other tests start, and then cannot be executed.
            let copy = self.path("program");
            let copied = Command::new("cp").arg(&program).arg(&copy).status();
            assert!(copied.unwrap().success());
            program = copy.into();
        }
        let mut command = Command::new(program);
        self.complete(&mut command, &template);
        if is_administrator {
            command.uid(NOBODY).gid(NOBODY);
        }
        let run = finished(command.spawn().unwrap());
        set_mode(folder, 0o755);
        run
    }

    /// Runs the program in a shell after these commands, such as `ulimit`.
    pub(crate) fn run_after(&self, commands: &str, arguments: &[&str]) -> Run {
        let template = self.command(arguments);
        let mut shell = Command::new("sh");
        let script = format!("{commands}; exec \"$0\" \"$@\"");
        shell.args(["-c", &script]).arg(template.get_program());
        self.complete(&mut shell, &template);
        finished(shell.spawn().unwrap())
    }

    /// Adds the arguments and the settings of `template` to the command of another program.
    fn complete(&self, command: &mut Command, template: &Command) {
        let variables = template.get_envs();
        command
            .args(template.get_args())
            .env_clear()
            .envs(variables.filter_map(|(name, value)| Some((name, value?))))
            .current_dir(self.path(""))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
    }

    /// Runs the program with this standard input.
    pub(crate) fn run_with_input(&self, arguments: &[&str], input: &[u8]) -> Run {
        let mut child = self
            .command(arguments)
            .stdin(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stdin = child.stdin.take().unwrap();
        let input = input.to_vec();
        let writer = std::thread::spawn(move || {
            // The program may end before it has read everything.
            let _ = stdin.write_all(&input);
        });
        let run = finished(child);
        writer.join().unwrap();
        run
    }

    /// Returns a path in the folder.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Writes a file, and the folders that it needs.
    pub(crate) fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, content).unwrap();
    }

    /// Reads a file.
    #[track_caller]
    pub(crate) fn read(&self, name: &str) -> Vec<u8> {
        let path = self.path(name);
        std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
    }

    /// Returns the names of the files and folders below a folder, sorted. Folders end in `/`.
    pub(crate) fn files(&self, folder: &str) -> Vec<String> {
        let tree = tree(&self.path(folder)).into_iter();
        tree.map(|(name, _)| name).collect()
    }

    /// Stores an object.
    pub(crate) fn put(&self, key: &str, content: &str) {
        self.run_with_input(&["--raw", "cp", "-", &address(key)], content.as_bytes())
            .exits(0);
    }

    /// Returns the content of an object.
    #[track_caller]
    pub(crate) fn get(&self, key: &str) -> String {
        self.ok(&["cat", &address(key)]).stdout
    }

    /// Returns all keys of the bucket, sorted.
    pub(crate) fn keys(&self) -> Vec<String> {
        let listed = self.ok(&["ls", "-R", "--json", BUCKET_ADDRESS]).objects();
        let mut keys: Vec<_> = listed
            .iter()
            .map(|object| object["key"].as_str().unwrap().to_owned())
            .collect();
        keys.sort();
        keys
    }

    /// Makes the bucket keep versions.
    pub(crate) fn enable_versions(&self) {
        let enabled = ["--bucket", BUCKET, "--status", "ENABLED"];
        self.ok(&[&["api", "PutBucketVersioning"][..], &enabled].concat());
    }

    /// Returns all versions of all objects.
    pub(crate) fn versions(&self) -> Vec<Value> {
        self.ok(&["ls", "-R", "--versions", "--json", BUCKET_ADDRESS])
            .objects()
    }

    /// Stores an empty object whose key may end in `/`, as other programs do for a folder.
    pub(crate) fn put_marker(&self, key: &str) {
        self.ok(&["api", "PutObject", "--bucket", BUCKET, "--key", key]);
    }

    /// Returns the properties of an object.
    #[track_caller]
    pub(crate) fn properties(&self, address: &str) -> Value {
        self.ok(&["stat", "--json", address]).objects().remove(0)
    }

    /// Starts a multipart upload without parts.
    pub(crate) fn start_upload(&self, key: &str) {
        let target = ["--bucket", BUCKET, "--key", key];
        self.ok(&[&["api", "InitiateMultipartUpload"][..], &target].concat());
    }

    /// Returns a line for each unfinished upload.
    pub(crate) fn uploads(&self) -> Vec<String> {
        let run = self.ok(&["uploads", "ls", BUCKET_ADDRESS]);
        run.lines().into_iter().map(str::to_owned).collect()
    }

    /// Returns how many requests of an operation the emulator has served.
    pub(crate) fn served(&self, operation: &str) -> u64 {
        let served = self.emulator.operations_served();
        served.get(operation).copied().unwrap_or_default()
    }

    /// Waits until the emulator has served a number of requests of an operation.
    pub(crate) fn wait_for(&self, operation: &str, count: u64) {
        let deadline = Instant::now() + Duration::from_secs(30);
        while self.served(operation) < count {
            assert!(Instant::now() < deadline, "{operation}");
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// Replaces the fault rules of the emulator.
    pub(crate) fn faults(&self, rules: &[&str]) {
        let rules = rules.iter().map(|rule| rule.parse::<FaultRule>().unwrap());
        self.emulator.set_faults(rules).unwrap();
    }
}

/// Returns the arguments that store a file with `api`.
pub(crate) fn api_put<'a>(key: &'a str, file: &'a str) -> [&'a str; 8] {
    [
        "api",
        "PutObject",
        "--bucket",
        BUCKET,
        "--key",
        key,
        "--body",
        file,
    ]
}

/// Waits for the end of a run.
pub(crate) fn finished(child: std::process::Child) -> Run {
    let output = child.wait_with_output().unwrap();
    Run {
        code: output.status.code(),
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

/// Returns the address of a key in the bucket.
pub(crate) fn address(key: &str) -> String {
    format!("qs://{BUCKET}/{key}")
}

/// Returns the files below a folder with their contents, sorted. Folders end in `/`.
pub(crate) fn tree(folder: &Path) -> Vec<(String, Vec<u8>)> {
    fn add(folder: &Path, prefix: &str, files: &mut Vec<(String, Vec<u8>)>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let entry = entry.unwrap();
            let name = format!("{prefix}{}", entry.file_name().to_string_lossy());
            if entry.file_type().unwrap().is_dir() {
                add(&entry.path(), &format!("{name}/"), files);
                files.push((format!("{name}/"), Vec::new()));
            } else {
                files.push((name, std::fs::read(entry.path()).unwrap_or_default()));
            }
        }
    }
    let mut files = Vec::new();
    add(folder, "", &mut files);
    files.sort();
    files
}
