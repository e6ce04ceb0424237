//! Signals, failures of the service, progress without a terminal.

use std::process::Child;
use std::time::{Duration, Instant};

use crate::world::{BUCKET, World, address, finished, tree};

pub(crate) fn signal(child: &Child, name: &str) {
    let status = std::process::Command::new("kill")
        .args([name, &child.id().to_string()])
        .status()
        .unwrap();
    assert!(status.success());
}

/// Starts the upload of 40 MiB in parts that the emulator receives slowly.
pub(crate) fn slow_upload(world: &World, more: &[&str]) -> Child {
    world.write("big", vec![b'x'; 40 << 20]);
    world.faults(&["operation=UploadMultipart,after=2,latency=3s"]);
    let target = address("big");
    let arguments = [
        &["cp", "--part-size", "4M", "--concurrency", "2"],
        more,
        &["big", &target],
    ]
    .concat();
    let before = world.served("UploadMultipart");
    let child = world.command(&arguments).spawn().unwrap();
    world.wait_for("UploadMultipart", before + 2);
    child
}

#[test]
fn ctrl_c_aborts_uploads_and_says_so() {
    let world = World::new();
    let child = slow_upload(&world, &[]);
    signal(&child, "-INT");
    let run = finished(child).exits(130);
    assert!(
        run.stderr.contains("aborted: ") && run.stderr.contains(&address("big")),
        "{run:?}"
    );
    assert_eq!(world.uploads(), [""; 0]);
    world.faults(&[]);
    world.ok(&["cp", "big", &address("big")]);
    assert_eq!(world.keys(), ["big"]);
}

#[test]
fn ctrl_c_does_not_wait_for_requests_that_it_has_dropped() {
    let world = World::new();
    world.write("big", vec![b'x'; 40 << 20]);
    let target = address("big");
    let arguments = ["cp", "--part-size", "4M", "big", &target];
    for (when, is_aborted) in [("before", true), ("after", false)] {
        let fault = format!("operation=CompleteMultipartUpload,when={when},latency=30s");
        world.faults(&[&fault]);
        let child = world.command(&arguments).spawn().unwrap();
        let is_completing = || match is_aborted {
            true => world.emulator.faults().iter().any(|fault| fault.hits > 0),
            false => !world.keys().is_empty(),
        };
        let deadline = Instant::now() + Duration::from_secs(30);
        while !is_completing() {
            assert!(Instant::now() < deadline);
            std::thread::sleep(Duration::from_millis(20));
        }
        let start = Instant::now();
        signal(&child, "-INT");
        let run = finished(child).exits(130);
        assert!(start.elapsed() < Duration::from_secs(5), "{when}: {run:?}");
        let expected = format!("interrupted\naborted, or already complete: {target}\n");
        assert_eq!(run.stderr, expected, "{when}");
        assert_eq!(world.uploads(), [""; 0]);
        assert_eq!(world.keys().is_empty(), is_aborted);
    }
}

#[test]
fn ctrl_c_does_not_wait_for_uploads_that_no_command_aborts() {
    let world = World::new();
    world.write("part", "1");
    world.faults(&["operation=UploadMultipart,latency=30s"]);
    let target = ["--bucket", BUCKET, "--key", "big"];
    let upload = world.ok(&[&["api", "InitiateMultipartUpload"][..], &target].concat());
    let upload: serde_json::Value = serde_json::from_str(&upload.stdout).unwrap();
    let id = upload["upload_id"].as_str().unwrap();
    let part = ["--upload-id", id, "--part-number", "1", "--body", "part"];
    let arguments = [&["api", "UploadMultipart"][..], &target, &part].concat();
    let child = world.command(&arguments).spawn().unwrap();
    let deadline = Instant::now() + Duration::from_secs(30);
    while world.emulator.faults().iter().all(|fault| fault.hits == 0) {
        assert!(Instant::now() < deadline);
        std::thread::sleep(Duration::from_millis(20));
    }
    let start = Instant::now();
    signal(&child, "-INT");
    let run = finished(child).exits(130);
    assert!(start.elapsed() < Duration::from_secs(5), "{run:?}");
    assert!(run.stderr.contains("not aborted"), "{run:?}");
    assert_eq!(world.uploads().len(), 1);
}

/// Waits until each fault rule has applied to a request.
fn wait_for_faults(world: &World) {
    let deadline = Instant::now() + Duration::from_secs(30);
    while world.emulator.faults().iter().any(|fault| fault.hits == 0) {
        assert!(Instant::now() < deadline);
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn an_upload_without_complete_parts_is_named_as_such() {
    let world = World::new();
    world.write("big", vec![b'x'; 40 << 20]);
    world.faults(&["operation=UploadMultipart,latency=3s"]);
    let target = address("big");
    let arguments = ["cp", "--resume", "--part-size", "4M", "big", &target];
    let child = world.command(&arguments).spawn().unwrap();
    wait_for_faults(&world);
    signal(&child, "-INT");
    let run = finished(child).exits(130);
    let expected = format!("interrupted\nkept, but none of its parts is complete: {target}\n");
    assert_eq!(run.stderr, expected);

    // The upload of another version of the file is aborted, and not named.
    world.write("big", vec![b'y'; 41 << 20]);
    world.faults(&["operation=UploadMultipart,after=2,latency=3s"]);
    let arguments = [&arguments[..], &["--concurrency", "2"]].concat();
    let child = world.command(&arguments).spawn().unwrap();
    wait_for_faults(&world);
    signal(&child, "-INT");
    let run = finished(child).exits(130);
    let expected = format!(
        "started again, the file has changed: {target}\ninterrupted\n\
         kept, the same command continues it: {target}\n"
    );
    assert_eq!(run.stderr, expected);
    assert_eq!(world.uploads().len(), 1);
}

#[test]
fn sync_names_uploads_that_start_again() {
    let world = World::new();
    let target = address("folder");
    let sync = ["sync", "--resume", "--part-size", "4M", "in", &target];
    world.write("in/big", vec![b'x'; 40 << 20]);
    world.faults(&["operation=UploadMultipart,latency=3s"]);
    let child = world.command(&sync).spawn().unwrap();
    wait_for_faults(&world);
    signal(&child, "-INT");
    finished(child).exits(130);
    world.faults(&[]);
    world.write("in/big", vec![b'y'; 41 << 20]);
    let run = world.ok(&sync);
    let expected = format!("started again, the file has changed: {target}/big\n");
    assert_eq!(run.stderr, expected);
    assert_eq!(world.uploads(), [""; 0]);
}

#[test]
fn ctrl_c_keeps_resumable_uploads_and_says_so() {
    let world = World::new();
    let child = slow_upload(&world, &["--resume"]);
    signal(&child, "-INT");
    let run = finished(child).exits(130);
    assert!(
        run.stderr.contains("kept") && run.stderr.contains(&address("big")),
        "{run:?}"
    );
    world.faults(&[]);
    let target = address("big");
    world.ok(&["cp", "--part-size", "4M", "--resume", "big", &target]);
    assert!(world.served("UploadMultipart") <= 12);
    assert_eq!(world.uploads(), [""; 0]);
}

#[test]
fn ctrl_c_names_what_a_resumable_download_keeps() {
    let world = World::new();
    let content = vec![b'x'; 20 << 20];
    world.write("big", &content);
    let (object, folder) = (address("folder/big"), address("folder"));
    let options = ["--resume", "--part-size", "4M", "--concurrency", "1"];
    world.ok(&["cp", "big", &object]);
    let part = ".big.qingstor-resume.part";
    // Other commands continue these.
    for name in ["down/.foreign", "down/other/.foreign"] {
        world.write(&format!("{name}.qingstor-resume.part"), "bytes");
        world.write(&format!("{name}.qingstor-resume.part.json"), "{}");
    }
    for (operands, file) in [
        (
            &["cp", &object, "one"][..],
            ".one.qingstor-resume.part".to_owned(),
        ),
        (&["sync", &folder, "down"], format!("down/{part}")),
    ] {
        let arguments = [operands, &options].concat();
        // After two ranges there is a record.
        for (after, is_kept) in [(0, false), (2, true)] {
            let fault = format!("operation=GetObject,after={after},latency=30s");
            world.faults(&[&fault]);
            let child = world.command(&arguments).spawn().unwrap();
            if is_kept {
                let record = world.path(&format!("{file}.json"));
                let deadline = Instant::now() + Duration::from_secs(30);
                while !record.exists() {
                    assert!(Instant::now() < deadline);
                    std::thread::sleep(Duration::from_millis(10));
                }
            } else {
                wait_for_faults(&world);
            }
            signal(&child, "-INT");
            let run = finished(child).exits(130);
            let expected = match is_kept {
                true => format!("interrupted\nkept, the same command continues it: {file}\n"),
                false => "interrupted\n".to_owned(),
            };
            assert_eq!(run.stderr, expected, "{operands:?}");
            assert_eq!(world.path(&file).exists(), is_kept, "{operands:?}");
        }
        // So does a failure.
        world.faults(&["operation=GetObject,status=403,code=permission_denied"]);
        let failed = world.run(&arguments).exits(1);
        assert!(
            failed.stderr.ends_with(&format!("it: {file}\n")),
            "{failed:?}"
        );
        world.faults(&[]);
        world.ok(&arguments);
        assert!(!world.path(&file).exists());
    }
    assert!(world.read("one") == content && world.read("down/big") == content);
}

#[test]
fn sigterm_and_sighup_end_the_program_like_ctrl_c() {
    let mut cases = vec![("-TERM", 143)];
    match ignores_hang_up() {
        Some(false) => cases.push(("-HUP", 129)),
        // The program inherits this, for example below `nohup`.
        Some(true) => cases.push(("-HUP", 0)),
        None => {}
    }
    for (name, code) in cases {
        let world = World::new();
        let child = slow_upload(&world, &[]);
        signal(&child, name);
        finished(child).exits(code);
        assert_eq!(world.uploads(), [""; 0]);
    }
}

/// Returns whether this process ignores SIGHUP. Only Linux tells.
fn ignores_hang_up() -> Option<bool> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let mut lines = status.lines();
    let mask = lines.find_map(|line| line.strip_prefix("SigIgn:"))?;
    let mask = u64::from_str_radix(mask.trim(), 16).unwrap();
    // SIGHUP is the first signal.
    Some(mask & 1 == 1)
}

#[cfg(target_os = "linux")]
#[test]
fn nohup_protects_from_sighup() {
    let world = World::new();
    world.write("a", "1");
    world.faults(&["operation=PutObject,when=after,latency=2s"]);
    let program = world.command(&["cp", "a", &address("a")]);
    let mut command = std::process::Command::new("nohup");
    let variables = program.get_envs();
    command
        .arg(program.get_program())
        .args(program.get_args())
        .env_clear()
        .envs(variables.filter_map(|(name, value)| Some((name, value?))))
        .current_dir(world.path(""))
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped());
    let child = command.spawn().unwrap();
    let deadline = Instant::now() + Duration::from_secs(20);
    while world.keys().is_empty() {
        assert!(Instant::now() < deadline);
        std::thread::sleep(Duration::from_millis(20));
    }
    signal(&child, "-HUP");
    finished(child).exits(0);
}

/// One line of the script keeps its upload, and the other one does not.
#[test]
fn commands_of_a_script_abort_or_keep_their_uploads() {
    let world = World::new();
    for name in ["kept", "aborted", "folder/kept"] {
        world.write(name, vec![b'x'; 40 << 20]);
    }
    let options = "--part-size 4M --concurrency 2";
    let (kept, aborted, folder) = (address("kept"), address("aborted"), address("folder"));
    let script = format!(
        "cp --resume {options} kept {kept}\ncp {options} aborted {aborted}\n\
         cp -r --resume {options} folder {folder}\n"
    );
    world.write("script", script);
    // Each upload has one complete part, at least.
    world.faults(&[
        "operation=UploadMultipart,key=kept,after=2,latency=3s",
        "operation=UploadMultipart,key=aborted,after=2,latency=3s",
        "operation=UploadMultipart,key=folder/kept,after=2,latency=3s",
    ]);
    let child = world.command(&["run", "--jobs", "3", "script"]);
    let child = { child }.spawn().unwrap();
    wait_for_faults(&world);
    signal(&child, "-INT");
    let run = finished(child).exits(130);
    let lines: Vec<_> = run.stderr.lines().collect();
    let expected = [
        "interrupted".to_owned(),
        format!("aborted: {aborted}"),
        format!("kept, the same command continues it: {folder}/kept"),
        format!("kept, the same command continues it: {kept}"),
    ];
    assert_eq!(lines, expected, "{run:?}");
    world.faults(&[]);
    assert_eq!(world.uploads().len(), 2);

    // An upload that cannot be aborted is named.
    world.write("one", format!("cp {options} aborted {aborted}\n"));
    world.faults(&[
        "operation=UploadMultipart,status=403,code=permission_denied",
        "operation=AbortMultipartUpload,status=403,code=permission_denied",
    ]);
    let run = world.run(&["run", "one"]).exits(1);
    let last = run.stderr.lines().last().unwrap();
    assert!(
        last.contains("not aborted") && last.ends_with(&aborted),
        "{run:?}"
    );
}

/// A line with `--resume` does not decide about later uploads to the same targets.
#[test]
fn only_commands_that_run_keep_their_uploads() {
    let world = World::new();
    world.write("folder/a", vec![b'x'; 40 << 20]);
    let options = "--part-size 4M --concurrency 2";
    let (file, folder) = (address("folder/a"), address("folder"));
    let script = format!(
        "cp --resume {options} folder/a {file}\ncp -r --resume {options} folder {folder}\n\
         cp {options} folder/a {file}\n"
    );
    world.write("script", script);
    world.faults(&[
        "operation=UploadMultipart,after=22,latency=3s",
        "operation=AbortMultipartUpload,latency=1s",
    ]);
    let child = world.command(&["run", "--jobs", "1", "script"]);
    let child = { child }.spawn().unwrap();
    world.wait_for("UploadMultipart", 22);
    signal(&child, "-INT");
    let run = finished(child).exits(130);
    assert_eq!(run.stderr, format!("interrupted\naborted: {file}\n"));
    assert_eq!(world.uploads(), [""; 0]);

    // The upload that a failed command has kept is still named as such.
    let failing = format!("cp --resume {options} folder/a {file}\n");
    world.write("failing", failing);
    world.faults(&["operation=UploadMultipart,after=4,status=403,code=permission_denied"]);
    let run = world.run(&["run", "failing"]).exits(1);
    let kept = format!("kept, the same command continues it: {file}");
    assert_eq!(run.stderr.lines().last(), Some(&*kept), "{run:?}");
}

#[test]
fn faults_on_every_tenth_request_are_retried() {
    let world = World::new();
    for number in 0..200 {
        world.write(&format!("files/{number}"), number.to_string());
    }
    world.write("files/big", vec![b'x'; 20 << 20]);
    world.faults(&[
        "operation=PutObject,probability=0.1,status=503",
        "operation=GetObject,probability=0.1,reset=mid",
        "operation=UploadMultipart,probability=0.1,reset=before",
        "operation=ListObjects,probability=0.1,status=500",
        "operation=DeleteMultipleObjects,probability=0.1,status=503",
    ]);
    let target = address("files");
    for arguments in [
        &["cp", "-r", "files", &target][..],
        &["sync", "files", &target],
        &["cp", "-r", &target, "copy"],
        &["check", "--checksum", "copy", &target],
        &["rm", "-r", "--yes", &target],
    ] {
        // In one of fifty runs, all attempts of one of the 200 requests fail.
        let is_done = (0..3).any(|_| world.run(arguments).code == Some(0));
        assert!(is_done, "{arguments:?}");
    }
    world.faults(&[]);
    assert_eq!(tree(&world.path("files")), tree(&world.path("copy")));
    assert_eq!(world.keys(), [""; 0]);
}

#[test]
fn progress_without_a_terminal_is_lines() {
    let world = World::new();
    let child = slow_upload(&world, &["--progress"]);
    let run = finished(child).exits(0);
    assert!(
        run.stderr.contains(" of 40.0 MiB") && !run.stderr.contains('\r'),
        "{run:?}"
    );
    world.faults(&[]);
    let silent = world.ok(&["cp", "big", &address("big")]);
    assert_eq!(silent.stderr, "");
}
