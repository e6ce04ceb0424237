//! Zones of buckets: when they are looked up, and wrong ones.

use crate::world::{BUCKET, BUCKET_ADDRESS, Run, World, address, finished};

/// Runs the program without `QINGSTOR_ZONE`.
fn without_zone(world: &World, arguments: &[&str]) -> Run {
    let mut command = world.command(arguments);
    command.env_remove("QINGSTOR_ZONE");
    finished(command.spawn().unwrap())
}

/// Runs the program without an endpoint: zones are in the host names of requests, which a proxy sends to
/// the emulator.
fn with_hosts(world: &World, zone: Option<&str>, arguments: &[&str]) -> Run {
    let mut command = world.command(arguments);
    command
        .env_remove("QINGSTOR_ENDPOINT")
        .env_remove("QINGSTOR_ZONE")
        .env("QINGSTOR_PROTOCOL", "http")
        .env("QINGSTOR_PORT", "80")
        .env("http_proxy", world.emulator.endpoint());
    if let Some(zone) = zone {
        command.env("QINGSTOR_ZONE", zone);
    }
    finished(command.spawn().unwrap())
}

#[test]
fn an_endpoint_needs_no_look_up() {
    let world = World::new();
    world.put("a", "content");
    let grants = r#"[{"grantee":{"type":"group","name":"QS_ALL_USERS"},"permission":"READ"}]"#;
    world.ok(&["api", "PutBucketACL", "--bucket", BUCKET, "--acl", grants]);
    let object = address("a");
    world.ok(&["mb", "qs://other-bucket"]);
    let requests = || world.served("HeadBucket") + world.served("ListBuckets");
    let before = requests();
    for arguments in [
        &["cat", &object][..],
        &["cat", "--anonymous", &object],
        &["ls", BUCKET_ADDRESS],
        &["api", "HeadObject", "--bucket", BUCKET, "--key", "a"],
        &["presign", &object],
        &["cp", &object, &address("copy")],
        &["find", BUCKET_ADDRESS],
        &["cp", "-r", "--dry-run", BUCKET_ADDRESS, "down"],
        &["stat", BUCKET_ADDRESS],
    ] {
        without_zone(&world, arguments).exits(0);
    }
    assert_eq!(requests(), before);
    // The service only copies within a zone.
    let copy = ["cp", &object, "qs://other-bucket/a"];
    without_zone(&world, &copy).exits(0);
    assert!(requests() >= before + 2);
    world.faults(&["operation=ListBuckets,status=403,code=permission_denied"]);
    without_zone(&world, &["ls", BUCKET_ADDRESS]).exits(0);
    let refused = without_zone(&world, &copy).exits(1);
    let text = "the zone of the bucket cli-test cannot be looked up: use --zone";
    assert!(refused.stderr.contains(text), "{refused:?}");
    world.ok(&copy);
    // The rights of a bucket do not depend on those of the account.
    let doctor = without_zone(&world, &["doctor", BUCKET]).exits(1);
    assert_eq!(doctor.stdout.matches("FAILED").count(), 1, "{doctor:?}");
    assert!(
        doctor.stdout.contains("may not use ListBuckets"),
        "{doctor:?}"
    );
}

#[test]
fn a_wrong_zone_is_named() {
    let world = World::new();
    with_hosts(&world, None, &["mb", "--zone", "sh1a", "qs://other-zone"]).exits(0);
    let object = "qs://other-zone/a";
    world.write("a", "1");
    with_hosts(&world, None, &["cp", "a", object]).exits(0);
    let before = world.served("HeadBucket");
    with_hosts(&world, Some("sh1a"), &["cat", object]).exits(0);
    assert_eq!(world.served("HeadBucket"), before);
    let text = "the bucket other-zone does not exist in the zone pek3a";
    for arguments in [
        &["rm", object][..],
        &["stat", object],
        &["cat", object],
        &["ls", object],
        &["cp", "a", object],
        &["cp", "-r", object, "out"],
    ] {
        for zone in [&["--zone", "pek3a"][..], &[]] {
            let variable = zone.is_empty().then_some("pek3a");
            let run = with_hosts(&world, variable, &[arguments, zone].concat()).exits(1);
            assert!(run.stderr.contains(text), "{arguments:?}: {run:?}");
        }
    }
    let doctor = |name, zone| with_hosts(&world, None, &["doctor", name, "--zone", zone]);
    let wrong = doctor("other-zone", "pek3a").exits(1);
    for text in [
        "FAILED  the bucket other-zone is in sh1a, not in pek3a",
        "fix: use --zone sh1a, or leave out --zone",
        "ListObjects is allowed",
    ] {
        assert!(wrong.stdout.contains(text), "{wrong:?}");
    }
    doctor("other-zone", "sh1a").exits(0);
    let missing = doctor("no-such-bucket", "pek3a").exits(1);
    assert!(!missing.stdout.contains("is in pek3a"), "{missing:?}");
}

#[test]
fn copies_between_zones_do_not_depend_on_the_zone_of_the_environment() {
    let world = World::new();
    with_hosts(&world, None, &["mb", "--zone", "sh1a", "qs://other-zone"]).exits(0);
    world.put("a", "1");
    for has_endpoint in [false, true] {
        let run = |arguments: &[&str]| match has_endpoint {
            false => with_hosts(&world, Some("pek3a"), arguments),
            true => world.run(arguments),
        };
        for arguments in [
            ["cp", &address("a"), "qs://other-zone/a"],
            ["cp", "qs://other-zone/a", &address("back/a")],
            ["mv", "qs://other-zone/a", &address("back/b")],
            ["sync", &address("back"), "qs://other-zone/x"],
            ["sync", "qs://other-zone/x", &address("y")],
        ] {
            let lines = |arguments: &[&str]| {
                let run = run(arguments).exits(0);
                let mut lines: Vec<_> = run.lines().into_iter().map(str::to_owned).collect();
                lines.sort();
                lines
            };
            let dry = lines(&[&arguments[..], &["--dry-run"]].concat());
            assert_eq!(lines(&arguments), dry, "{arguments:?}");
        }
        run(&["check", "qs://other-zone/x", &address("y")]).exits(0);
        run(&["check", &address("y"), "qs://other-zone/x"]).exits(0);
        world.ok(&["rm", "-r", "--yes", &address("y"), &address("back")]);
        world.ok(&["rm", "-r", "--yes", "qs://other-zone/"]);
    }
    // `--zone` is the zone of both.
    let copy = ["cp", &address("a"), "qs://other-zone/a", "--zone", "pek3a"];
    let refused = world.run(&copy).exits(1);
    let text = "the source and the target must be in the same zone";
    assert!(refused.stderr.contains(text), "{refused:?}");
    // Without an endpoint, requests need the zone. With one, it decides nothing else.
    let stat = world.ok(&["stat", "--json", "qs://other-zone"]).objects();
    assert_eq!(stat[0]["location"], "sh1a");
    assert_eq!(stat[0].get("zone"), None);
    let stat = with_hosts(&world, None, &["stat", "--json", "qs://other-zone"]).objects();
    assert_eq!(stat[0]["zone"], "sh1a");
    world.ok(&["doctor", "other-zone"]);
}

/// Some networks allow only the host of the zone.
#[test]
fn copies_use_the_zone_of_the_environment_if_the_look_up_fails() {
    let world = World::new();
    world.put("a", "1");
    world.ok(&["mb", "qs://other-bucket"]);
    world.faults(&[
        "operation=HeadBucket,reset=before",
        "operation=ListBuckets,reset=before",
    ]);
    let copy = ["cp", &address("a"), "qs://other-bucket/a"];
    let before = world.served("HeadBucket");
    with_hosts(&world, Some("pek3a"), &copy).exits(0);
    let attempts = world.served("HeadBucket") - before;
    let failed = with_hosts(&world, None, &copy).exits(1);
    let text = "the zone of the bucket cli-test cannot be looked up: use --zone";
    assert!(failed.stderr.contains(text), "{failed:?}");
    // One look-up shows that the host does not respond.
    assert_eq!(attempts, world.served("HeadBucket") - before - attempts);
    let sync = ["sync", BUCKET_ADDRESS, "qs://other-bucket/x"];
    with_hosts(&world, Some("pek3a"), &sync).exits(0);
    world.faults(&[]);
    let missing = ["cp", &address("a"), "qs://no-such-bucket/a"];
    let missing = with_hosts(&world, Some("pek3a"), &missing).exits(1);
    let text = "the bucket no-such-bucket does not exist: HeadBucket";
    assert!(missing.stderr.contains(text), "{missing:?}");
}

#[test]
fn a_line_of_run_does_not_depend_on_the_copies_before_it() {
    let world = World::new();
    with_hosts(&world, None, &["mb", "--zone", "sh1a", "qs://other-zone"]).exits(0);
    world.put("a", "1");
    world.write("file", "1");
    let lines = [
        format!("cp {} qs://other-zone/a", address("a")),
        "ls qs://other-zone".to_owned(),
        "cp file qs://other-zone/b".to_owned(),
        "cp --dry-run file qs://other-zone/b".to_owned(),
        "presign qs://other-zone/a".to_owned(),
    ];
    world.write("script", lines.join("\n"));
    let run = with_hosts(&world, Some("pek3a"), &["run", "script"]).exits(1);
    for line in 2..=4 {
        let start = format!("error: line {line}: ");
        let error = run.stderr.lines().find(|text| text.starts_with(&start));
        let text = "the bucket other-zone does not exist in the zone pek3a";
        assert!(error.unwrap().contains(text), "{run:?}");
    }
    assert_eq!(run.stdout.lines().count(), 2, "{run:?}");
    assert!(run.stdout.contains("pek3a.qingstor.com"), "{run:?}");
}

/// The client corrects a wrong local clock for signatures.
#[test]
fn ages_are_measured_by_the_clock_of_the_service() {
    let world = World::new();
    world.put("a", "1");
    world.start_upload("b");
    let find = ["find", "--older-than", "2d", BUCKET_ADDRESS];
    let uploads = ["uploads", "ls", "--older-than", "2d", BUCKET_ADDRESS];
    let newer = ["find", "--newer-than", "2d", BUCKET_ADDRESS];
    assert_eq!(world.ok(&find).stdout, "");
    assert_eq!(world.ok(&uploads).stdout, "");
    world.faults(&["skew=3d"]);
    assert_eq!(world.ok(&find).lines(), [address("a")]);
    assert_eq!(world.ok(&uploads).lines().len(), 1);
    assert_eq!(world.ok(&newer).stdout, "");
}

#[test]
fn a_file_with_settings_excludes_the_zone_of_the_environment() {
    let world = World::new();
    let (id, secret) = (
        world.emulator.access_key_id(),
        world.emulator.secret_access_key(),
    );
    let endpoint = world.emulator.endpoint();
    let settings =
        format!("access_key_id: {id}\nsecret_access_key: {secret}\nendpoint: {endpoint}\n");
    world.write("home/.qingstor/work.yaml", settings);
    let make = ["mb", "qs://other-bucket", "--profile", "work"];
    let unknown = world.run(&make).exits(2);
    let text = "QINGSTOR_ZONE is ignored, because --profile, --config or QINGSTOR_PROFILE is set; use --zone";
    assert!(unknown.stderr.contains(text), "{unknown:?}");
    world.ok(&[&make[..], &["--zone", "pek3a"]].concat());
}
