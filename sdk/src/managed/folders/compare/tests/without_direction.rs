//! `Compare::AnyDifference`.

use super::*;

#[test]
fn a_comparison_of_file_and_object_has_no_direction() {
    let md5 = "\"900150983cd24fb0d6963f7d28e17f72\"";
    let parts = "\"900150983cd24fb0d6963f7d28e17f72-2\"";
    let large = CHEAP_CONTENT + 1;
    let facts = |recorded_time, equal_content| Facts {
        recorded_time,
        equal_content,
        ..Facts::default()
    };
    let (content, time) = (Fact::Content, Fact::RecordedTime);
    for (size, etag, file_time, facts, expected) in [
        (3, md5, "5", facts(None, None), Decision::Need(content)),
        (
            3,
            md5,
            "5",
            facts(None, Some(Some(true))),
            unchanged(UnchangedReason::Checksum),
        ),
        // Whatever their times.
        (
            3,
            md5,
            "10",
            facts(None, Some(Some(false))),
            transfer(TransferReason::ContentDiffers),
        ),
        (3, parts, "5", facts(None, None), Decision::Need(time)),
        (large, md5, "5", facts(None, None), Decision::Need(time)),
        (
            large,
            md5,
            "5",
            facts(Some(at("5")), None),
            unchanged(UnchangedReason::SizeAndTime),
        ),
        (
            large,
            md5,
            "10",
            facts(KNOWN_TIME, None),
            unchanged(UnchangedReason::SizeAndTime),
        ),
        (
            large,
            md5,
            "5",
            facts(KNOWN_TIME, None),
            Decision::Need(content),
        ),
        (
            large,
            md5,
            "5",
            facts(Some(at("6")), Some(Some(true))),
            unchanged(UnchangedReason::Checksum),
        ),
        (
            large,
            md5,
            "5",
            facts(Some(at("4")), Some(Some(false))),
            transfer(TransferReason::ContentDiffers),
        ),
        (
            large,
            parts,
            "99",
            facts(Some(at("4")), Some(None)),
            transfer(TransferReason::TimeDiffers),
        ),
    ] {
        let (file, object) = (version(size, file_time), with_etag(size, "10", etag));
        for (direction, source, target) in [
            (Kinds::FileToObject, &file, &object),
            (Kinds::ObjectToFile, &object, &file),
        ] {
            let rules = rules(Compare::AnyDifference, direction);
            let decision = decide(rules, source, target, facts);
            assert_eq!(decision, expected, "{direction:?} {source:?} {target:?}");
        }
    }
}

#[test]
fn a_comparison_of_objects_has_no_direction() {
    let (a, b) = (
        "\"900150983cd24fb0d6963f7d28e17f72\"",
        "\"a925576942e94b2ef57a066101b48876\"",
    );
    let parts = "\"a925576942e94b2ef57a066101b48876-3\"";
    let facts = |recorded_time, target_recorded_time| Facts {
        recorded_time,
        target_recorded_time,
        ..Facts::default()
    };
    let time_differs = transfer(TransferReason::TimeDiffers);
    let same_time = unchanged(UnchangedReason::SizeAndTime);
    for (etags, times, facts, expected) in [
        (
            [a, b],
            ["5", "9"],
            Facts::default(),
            transfer(TransferReason::ContentDiffers),
        ),
        (
            [a, a],
            ["5", "9"],
            Facts::default(),
            unchanged(UnchangedReason::Checksum),
        ),
        // The times of the store operations prove nothing.
        (
            [a, parts],
            ["5", "5"],
            Facts::default(),
            Decision::Need(Fact::RecordedTime),
        ),
        (
            [a, parts],
            ["5", "5"],
            facts(KNOWN_TIME, None),
            time_differs.clone(),
        ),
        (
            [a, parts],
            ["5", "9"],
            Facts::default(),
            Decision::Need(Fact::RecordedTime),
        ),
        (
            [a, parts],
            ["5", "9"],
            facts(KNOWN_TIME, None),
            time_differs.clone(),
        ),
        (
            [a, parts],
            ["5", "9"],
            facts(Some(at("1.5")), None),
            Decision::Need(Fact::TargetRecordedTime),
        ),
        (
            [a, parts],
            ["5", "9"],
            facts(Some(at("1.5")), Some(at("1.5"))),
            same_time,
        ),
        (
            [a, parts],
            ["5", "9"],
            facts(Some(at("1.5")), Some(at("1"))),
            time_differs.clone(),
        ),
        (
            [a, parts],
            ["5", "9"],
            facts(Some(at("1.5")), KNOWN_TIME),
            time_differs,
        ),
    ] {
        let rules = rules(Compare::AnyDifference, Kinds::ObjectToObject);
        let one = with_etag(3, times[0], etags[0]);
        let other = with_etag(3, times[1], etags[1]);
        for (source, target) in [(&one, &other), (&other, &one)] {
            let decision = decide(rules, source, target, facts);
            assert_eq!(decision, expected, "{source:?} {target:?} {facts:?}");
        }
    }
}
