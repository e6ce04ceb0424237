//! Missing settings, a missing home directory, and limits of the system.

use crate::world::{BUCKET_ADDRESS, World, address, finished, tree};

#[test]
fn a_missing_access_key_is_explained_with_options() {
    let world = World::new();
    for (language, says) in [("C", "no access key"), ("zh_CN.UTF-8", "没有访问密钥")] {
        let mut command = world.command(&["ls"]);
        command.env_remove("QINGSTOR_ACCESS_KEY_ID");
        command.env_remove("QINGSTOR_SECRET_ACCESS_KEY");
        let run = finished(command.env("LANG", language).spawn().unwrap());
        assert!(run.stderr.contains(says), "{run:?}");
        assert!(run.stderr.contains("--anonymous") && !run.stderr.contains("::"));
    }
}

#[test]
fn doctor_names_the_remedy_once_and_prints_only_failures_on_demand() {
    let world = World::new();
    assert_eq!(world.ok(&["doctor", "--quiet"]).stdout, "");
    let mut command = world.command(&["doctor", "--quiet"]);
    command.env_remove("QINGSTOR_ACCESS_KEY_ID");
    command.env_remove("QINGSTOR_SECRET_ACCESS_KEY");
    let run = finished(command.spawn().unwrap()).exits(1);
    assert!(run.stdout.starts_with("FAILED  no access key\n"), "{run:?}");
    assert_eq!(run.stdout.matches("config.yaml").count(), 1, "{run:?}");
}

#[test]
fn messages_are_chinese_only_if_the_terminal_can_display_them() {
    let world = World::new();
    for (locale, is_chinese) in [
        ("zh_CN.UTF-8", true),
        ("zh_CN.utf8", true),
        ("zh_CN", true),
        ("zh_CN.GBK", false),
        ("zh_TW.Big5", false),
    ] {
        let missing = "qs://no-such-bucket/x";
        let mut command = world.command(&["ls", missing]);
        let run = finished(command.env("LANG", locale).spawn().unwrap()).exits(1);
        assert_eq!(!run.stderr.is_ascii(), is_chinese, "{locale}: {run:?}");
        assert!(run.stderr.matches("不存在").count() <= 1, "{run:?}");
    }
}

/// The home directory is a file, so that the test works for a user who may write everywhere.
#[test]
fn without_a_home_directory_everything_but_resumable_uploads_works() {
    let world = World::new();
    let _ = std::fs::remove_dir_all(world.path("home"));
    world.write("home", "");
    world.write("big", vec![b'x'; 17 << 20]);
    world.write("folder/a", "1");
    let (big, folder) = (address("big"), address("folder"));
    world.ok(&["cp", "big", &big]);
    world.ok(&["cp", "--resume", &big, "copy"]);
    world.ok(&["sync", "--resume", "--dry-run", "folder", &folder]);
    world.ok(&["sync", "folder", &folder]);
    world.ok(&["sync", "--resume", &folder, "down"]);
    for arguments in [
        ["cp", "--resume", "big", &big],
        ["sync", "--resume", "folder", &big],
    ] {
        let run = world.run(&arguments).exits(1);
        assert!(
            run.stderr.contains("cannot create the folder") && run.stderr.contains("uploads"),
            "{run:?}"
        );
    }
}

/// Runs the program with a limit of open files.
#[cfg(target_os = "linux")]
#[test]
fn few_open_files_are_enough() {
    let world = World::new();
    for name in ["a", "b", "c", "d"] {
        world.write(&format!("many/{name}"), vec![b'x'; 20 << 20]);
    }
    let run = |limit: u32, arguments: &str| {
        let script = format!("ulimit -n {limit} && exec \"$0\" {arguments}");
        let program = world.command(&[]);
        let mut command = std::process::Command::new("sh");
        command
            .args(["-c", &script])
            .arg(program.get_program())
            .env_clear()
            .envs(
                program
                    .get_envs()
                    .filter_map(|(name, value)| Some((name, value?))),
            )
            .current_dir(world.path(""));
        let run = command.output().unwrap();
        assert!(run.status.success(), "{limit}: {run:?}");
    };
    for (limit, target) in [(24, "few"), (64, "more")] {
        let target = address(target);
        run(limit, &format!("cp --part-size 4M many/a {target}/one"));
        run(limit, &format!("cp --part-size 4M many/* {target}/files/"));
        run(limit, &format!("sync --part-size 4M many {target}/many"));
        run(limit, &format!("sync --checksum many {target}/many"));
        run(limit, &format!("sync {target}/many down/{limit}"));
    }
    assert_eq!(tree(&world.path("down/24")), tree(&world.path("many")));
}

#[test]
fn reasons_of_invalid_patterns_are_translated() {
    let world = World::new();
    let object = address("x[");
    for arguments in [
        &["cat", &object][..],
        &["find", BUCKET_ADDRESS, "--name", "x["],
        &["cp", "-r", ".", BUCKET_ADDRESS, "--include", "x["],
    ] {
        let mut command = world.command(arguments);
        let run = finished(command.env("LANG", "zh_CN.UTF-8").spawn().unwrap()).exits(2);
        assert!(run.stderr.contains("方括号未闭合"), "{run:?}");
        assert!(!run.stderr.contains("closed"), "{run:?}");
    }
}
