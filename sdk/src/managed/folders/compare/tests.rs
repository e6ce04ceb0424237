use super::*;
use crate::managed::file_metadata::parse_time;

mod without_direction;

const KNOWN_TIME: Option<Option<Timestamp>> = Some(None);

fn at(text: &str) -> Option<Timestamp> {
    Some(parse_time(text).unwrap())
}

fn version(size: u64, modified: &str) -> Version {
    Version {
        size,
        modified: at(modified),
        etag: String::new(),
        encrypted: false,
        storage_class: None,
        disk_path: None,
    }
}

fn with_etag(size: u64, modified: &str, etag: &str) -> Version {
    Version {
        etag: etag.to_owned(),
        ..version(size, modified)
    }
}

fn rules(compare: Compare, direction: Kinds) -> Rules {
    Rules {
        compare: Some(compare),
        direction,
        overwrite: true,
        update: false,
    }
}

fn recorded(text: &str) -> Facts {
    Facts {
        recorded_time: Some(at(text)),
        ..Facts::default()
    }
}

fn transfer(reason: TransferReason) -> Decision {
    Decision::Transfer(reason)
}

fn unchanged(reason: UnchangedReason) -> Decision {
    Decision::Skip(SkipReason::Unchanged(reason))
}

#[test]
fn up_a_file_differs_if_its_size_differs_or_it_is_newer() {
    let rules = rules(Compare::SizeAndTime, Kinds::FileToObject);
    let none = Facts::default();
    let absent = Facts {
        recorded_time: KNOWN_TIME,
        ..none
    };
    for (file, object, facts, expected) in [
        (
            (5, "10"),
            (4, "20"),
            none,
            transfer(TransferReason::SizeDiffers),
        ),
        (
            (4, "10"),
            (4, "20"),
            none,
            unchanged(UnchangedReason::SizeAndTime),
        ),
        (
            (4, "19.9"),
            (4, "20"),
            none,
            unchanged(UnchangedReason::SizeAndTime),
        ),
        // Within the second of the object's time, only the recorded time decides.
        (
            (4, "20.5"),
            (4, "20"),
            none,
            Decision::Need(Fact::RecordedTime),
        ),
        (
            (4, "20.5"),
            (4, "20"),
            recorded("20.5"),
            unchanged(UnchangedReason::SizeAndTime),
        ),
        (
            (4, "20.5"),
            (4, "20"),
            recorded("20.2"),
            transfer(TransferReason::Newer),
        ),
        (
            (4, "20.5"),
            (4, "20"),
            absent,
            transfer(TransferReason::Newer),
        ),
        (
            (4, "20"),
            (4, "20"),
            absent,
            unchanged(UnchangedReason::SizeAndTime),
        ),
        (
            (4, "99"),
            (4, "20"),
            none,
            Decision::Need(Fact::RecordedTime),
        ),
        // The clock of the service was behind.
        (
            (4, "99"),
            (4, "20"),
            recorded("99"),
            unchanged(UnchangedReason::SizeAndTime),
        ),
        (
            (4, "99"),
            (4, "20"),
            recorded("98"),
            transfer(TransferReason::Newer),
        ),
    ] {
        let (file, object) = (version(file.0, file.1), version(object.0, object.1));
        assert_eq!(
            decide(rules, &file, &object, facts),
            expected,
            "{file:?} {object:?}"
        );
    }
}

#[test]
fn down_an_object_differs_if_its_time_is_not_that_of_the_file() {
    let rules = rules(Compare::SizeAndTime, Kinds::ObjectToFile);
    let absent = Facts {
        recorded_time: KNOWN_TIME,
        ..Facts::default()
    };
    for (object, file, facts, expected) in [
        (
            (5, "10"),
            (4, "10"),
            Facts::default(),
            transfer(TransferReason::SizeDiffers),
        ),
        (
            (4, "10"),
            (4, "10"),
            Facts::default(),
            Decision::Need(Fact::RecordedTime),
        ),
        (
            (4, "10"),
            (4, "10"),
            absent,
            unchanged(UnchangedReason::SizeAndTime),
        ),
        (
            (4, "10"),
            (4, "11"),
            absent,
            transfer(TransferReason::TimeDiffers),
        ),
        // Also if the file is newer than the object, or older.
        (
            (4, "10"),
            (4, "9"),
            absent,
            transfer(TransferReason::TimeDiffers),
        ),
        (
            (4, "10"),
            (4, "5.25"),
            recorded("5.25"),
            unchanged(UnchangedReason::SizeAndTime),
        ),
        (
            (4, "10"),
            (4, "5"),
            recorded("5.25"),
            unchanged(UnchangedReason::SizeAndTime),
        ),
        (
            (4, "10"),
            (4, "5.5"),
            recorded("5.25"),
            transfer(TransferReason::TimeDiffers),
        ),
        (
            (4, "10"),
            (4, "10"),
            recorded("5"),
            transfer(TransferReason::TimeDiffers),
        ),
    ] {
        let (object, file) = (version(object.0, object.1), version(file.0, file.1));
        assert_eq!(
            decide(rules, &object, &file, facts),
            expected,
            "{object:?} {file:?}"
        );
    }
}

#[test]
fn down_the_content_of_a_small_file_saves_the_request_for_its_time() {
    let rules = rules(Compare::SizeAndTime, Kinds::ObjectToFile);
    let md5 = "\"900150983cd24fb0d6963f7d28e17f72\"";
    let file = version(3, "99");
    let object = with_etag(3, "10", md5);
    let content = |equal| Facts {
        equal_content: Some(equal),
        ..Facts::default()
    };
    assert_eq!(
        decide(rules, &object, &file, Facts::default()),
        Decision::Need(Fact::Content)
    );
    assert_eq!(
        decide(rules, &object, &file, content(Some(true))),
        unchanged(UnchangedReason::Checksum)
    );
    for equal in [Some(false), None] {
        assert_eq!(
            decide(rules, &object, &file, content(equal)),
            Decision::Need(Fact::RecordedTime)
        );
    }
    let encrypted = Version {
        encrypted: true,
        storage_class: None,
        ..object.clone()
    };
    let large = |version: &Version| Version {
        size: CHEAP_CONTENT + 1,
        ..version.clone()
    };
    for (object, file) in [
        (encrypted, file.clone()),
        (
            with_etag(3, "10", "\"900150983cd24fb0d6963f7d28e17f72-1\""),
            file.clone(),
        ),
        (large(&object), large(&file)),
    ] {
        assert_eq!(
            decide(rules, &object, &file, Facts::default()),
            Decision::Need(Fact::RecordedTime)
        );
    }
}

#[test]
fn size_only_ignores_times() {
    for direction in [
        Kinds::FileToObject,
        Kinds::ObjectToFile,
        Kinds::ObjectToObject,
    ] {
        let rules = rules(Compare::SizeOnly, direction);
        let decide = |a, b| decide(rules, &version(a, "99"), &version(b, "1"), Facts::default());
        assert_eq!(decide(4, 4), unchanged(UnchangedReason::Size));
        assert_eq!(decide(4, 5), transfer(TransferReason::SizeDiffers));
    }
}

#[test]
fn checksums_decide_if_they_are_known_and_the_size_otherwise() {
    for direction in [Kinds::FileToObject, Kinds::ObjectToFile] {
        let rules = rules(Compare::Checksum, direction);
        let decide = |equal_content| {
            let facts = Facts {
                equal_content,
                ..Facts::default()
            };
            decide(rules, &version(4, "99"), &version(4, "1"), facts)
        };
        assert_eq!(decide(None), Decision::Need(Fact::Content));
        assert_eq!(
            decide(Some(Some(true))),
            unchanged(UnchangedReason::Checksum)
        );
        assert_eq!(
            decide(Some(Some(false))),
            transfer(TransferReason::ContentDiffers)
        );
        assert_eq!(
            decide(Some(None)),
            unchanged(UnchangedReason::SizeWithoutChecksum)
        );
    }
}

#[test]
fn objects_are_compared_by_entity_tag_then_by_time() {
    let (a, b) = (
        "\"900150983cd24fb0d6963f7d28e17f72\"",
        "\"a925576942e94b2ef57a066101b48876\"",
    );
    let parts = "\"a925576942e94b2ef57a066101b48876-3\"";
    for (compare, source, target, expected) in [
        (
            Compare::SizeAndTime,
            ("5", a),
            ("9", b),
            unchanged(UnchangedReason::SizeAndTime),
        ),
        (
            Compare::SizeAndTime,
            ("9", a),
            ("5", b),
            transfer(TransferReason::Newer),
        ),
        // Both were stored in the same second.
        (
            Compare::SizeAndTime,
            ("5", a),
            ("5", b),
            transfer(TransferReason::ContentDiffers),
        ),
        (
            Compare::SizeAndTime,
            ("5", a),
            ("5", parts),
            unchanged(UnchangedReason::SizeAndTime),
        ),
        (
            Compare::SizeAndTime,
            ("9", a),
            ("5", a),
            unchanged(UnchangedReason::Checksum),
        ),
        (
            Compare::Checksum,
            ("5", a),
            ("9", b),
            transfer(TransferReason::ContentDiffers),
        ),
        (
            Compare::Checksum,
            ("9", a),
            ("5", a),
            unchanged(UnchangedReason::Checksum),
        ),
        (
            Compare::Checksum,
            ("9", parts),
            ("5", parts),
            unchanged(UnchangedReason::Checksum),
        ),
        (
            Compare::Checksum,
            ("9", parts),
            ("5", a),
            unchanged(UnchangedReason::SizeWithoutChecksum),
        ),
        (
            Compare::Checksum,
            ("9", ""),
            ("5", ""),
            unchanged(UnchangedReason::SizeWithoutChecksum),
        ),
    ] {
        let rules = rules(compare, Kinds::ObjectToObject);
        let (source, target) = (
            with_etag(3, source.0, source.1),
            with_etag(3, target.0, target.1),
        );
        let decision = decide(rules, &source, &target, Facts::default());
        assert_eq!(decision, expected, "{compare:?} {source:?} {target:?}");
    }
}

#[test]
fn update_skips_what_is_newer_in_the_target() {
    let newer = Decision::Skip(SkipReason::TargetNewer);
    let differs = transfer(TransferReason::SizeDiffers);
    let need = Decision::Need(Fact::RecordedTime);
    let absent = Facts {
        recorded_time: KNOWN_TIME,
        ..Facts::default()
    };
    for (direction, source, target, facts, expected) in [
        (Kinds::FileToObject, "5", "9", Facts::default(), &need),
        (Kinds::FileToObject, "5", "9", absent, &newer),
        // The object was uploaded later, but from an older file.
        (Kinds::FileToObject, "5", "9", recorded("4"), &differs),
        (Kinds::FileToObject, "9", "5", absent, &differs),
        (Kinds::ObjectToFile, "9", "5", recorded("4"), &newer),
        (Kinds::ObjectToFile, "9", "5", absent, &differs),
        (Kinds::ObjectToFile, "5", "5", absent, &differs),
        // Lists have the times of objects.
        (Kinds::ObjectToObject, "5", "9", Facts::default(), &newer),
        (Kinds::ObjectToObject, "9", "5", Facts::default(), &differs),
    ] {
        let rules = Rules {
            update: true,
            ..rules(Compare::SizeAndTime, direction)
        };
        let (source, target) = (version(1, source), version(2, target));
        let decision = decide(rules, &source, &target, facts);
        assert_eq!(&decision, expected, "{direction:?} {source:?} {target:?}");
    }
}

#[test]
fn without_a_comparison_everything_is_transferred_unless_it_must_not_be_replaced() {
    let always = Rules {
        compare: None,
        ..rules(Compare::SizeAndTime, Kinds::FileToObject)
    };
    let same = version(1, "1");
    let decide = |rules| decide(rules, &same, &same, Facts::default());
    assert_eq!(decide(always), transfer(TransferReason::New));
    let keep = Rules {
        overwrite: false,
        ..always
    };
    assert_eq!(decide(keep), Decision::Skip(SkipReason::Exists));
}
