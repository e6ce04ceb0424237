//! Calls the operations of `dialect.json`, with every type, format and parameter location.

use std::collections::BTreeMap;

use dialect_sdk::types::{Area, ListThingsPipes, PutBucketTreeColor, RMatchColor, Switch, Tree};
use dialect_sdk::{Base64Bytes, Body, Bucket, QingStor, Result, Secret, Timestamp};

fn time() -> Timestamp {
    "2015-08-16T09:05:00Z".parse().unwrap()
}

pub(crate) async fn list(qingstor: &QingStor) -> Result<()> {
    let output = qingstor
        .list_things(time())
        .csv(["a", "b c"])
        .ssv([1, -2])
        .tsv([true, false])
        .pipes([
            ListThingsPipes::Red,
            ListThingsPipes::Unknown("blue".into()),
        ])
        .multi(["x", "y"])
        .until(time())
        .mailed(time())
        .day("2015-08-16".to_owned())
        .blob(&b"\xff\xfe"[..])
        .ratio(0.5)
        .precise(1.25)
        .small(-7)
        .flag(true)
        .list([1, 2])
        .when(time())
        .stamp(time())
        .blob_header(&b"h"[..])
        .password("hush")
        .meta([("k", "v")])
        .await?;
    let tree = output.tree.unwrap();
    assert_eq!(tree.left.unwrap().name, "left");
    assert_eq!(tree.children.unwrap()[0].name, "child");
    assert_eq!(output.map["m"].name, "in a map");
    assert_eq!(output.lists["l"], ["a"]);
    let cell = output.table[0][1].cell.as_ref().unwrap();
    assert_eq!(cell.value, Some(1.5));
    assert_eq!(output.stamp, Some(time()));
    assert_eq!(output.blob, Some(Base64Bytes::from(&b"\xff\xfe"[..])));
    assert_eq!(output.password, Some(Secret::from("hush")));
    assert_eq!(output.anything.unwrap()["free"][0], 1);
    assert_eq!(output.list, [3, 4]);
    assert_eq!(output.when, Some(time()));
    Ok(())
}

/// Checks outputs of responses without a body, in operations whose other responses have a body.
pub(crate) async fn no_content(qingstor: &QingStor) -> Result<()> {
    let output = qingstor.list_things(time()).await?;
    assert!(output.tree.is_none() && output.map.is_empty());
    let output = qingstor.put_numbers([1]).await?;
    assert_eq!(output.body, None);
    qingstor.patch_name("n").await?;
    Ok(())
}

pub(crate) async fn reset_content(qingstor: &QingStor) -> Result<()> {
    let output = qingstor.post_labels(BTreeMap::new()).await?;
    assert!(output.body.is_empty());
    Ok(())
}

pub(crate) async fn mailed(qingstor: &QingStor) -> Result<()> {
    let output = qingstor.list_things(time()).await?;
    assert_eq!(output.mailed, Some(time()));
    Ok(())
}

pub(crate) async fn tree_mailed(bucket: &Bucket) -> Result<()> {
    bucket
        .put_tree(Tree::new("root"), time())
        .mailed(time())
        .await?;
    Ok(())
}

pub(crate) async fn numbers(qingstor: &QingStor) -> Result<()> {
    let output = qingstor.put_numbers([1, -2]).await?;
    assert_eq!(output.body, Some(-1));
    Ok(())
}

pub(crate) async fn labels(qingstor: &QingStor) -> Result<()> {
    let labels = BTreeMap::from([("a".to_owned(), "b".to_owned())]);
    let output = qingstor.post_labels(labels.clone()).await?;
    assert_eq!(output.body, labels);
    Ok(())
}

pub(crate) async fn name(qingstor: &QingStor) -> Result<()> {
    let output = qingstor.patch_name("a \"name\"").await?;
    assert_eq!(output.status(), 204);
    Ok(())
}

pub(crate) async fn tree(bucket: &Bucket) -> Result<()> {
    let square = Area::square("a");
    assert_eq!((square.width, square.scale), (Some(1.0), Some(2.0)));
    assert_eq!((square.count, square.offset), (Some(u32::MAX), Some(i32::MIN)));
    assert_eq!(square.level, Some(1 << 63));
    let tree = Tree::new("root").left(Box::new(Tree::new("left")));
    let call = bucket.put_tree(tree, time());
    let call = call.when(time()).blob(&b"\xff"[..]);
    let call = call.password("hush").color(PutBucketTreeColor::Green);
    let output = call.labels([("n".to_owned(), 1)]).await?;
    assert_eq!(output.status(), 201);
    Ok(())
}

pub(crate) async fn switches(bucket: &Bucket) -> Result<()> {
    let call = bucket.list_switches().all(false).off(false).deep(false);
    let output = call.kinds([""; 0]).levels([""; 0]).await?;
    assert_eq!((output.has_more, output.live, output.old), (None, None, false));
    assert_eq!((output.weight, output.count), (None, 0));
    let [absent, set] = &*output.switches else {
        panic!("{:?}", output.switches)
    };
    assert_eq!((absent.on, absent.off, absent.level), (None, false, None));
    assert_eq!((&absent.tags, &absent.labels), (&None, &None));
    assert_eq!((set.on, set.off, set.level), (Some(false), true, Some(0)));
    assert_eq!(set.tags.as_deref(), Some(&["a".to_owned()][..]));
    assert_eq!(set.labels, Some(BTreeMap::new()));

    bucket.list_switches().all(true).kinds(["b", "c"]).await?;
    bucket.list_switches().await?;
    Ok(())
}

pub(crate) async fn put_switches(bucket: &Bucket) -> Result<()> {
    let none = || std::iter::empty::<Switch>();
    let off = Switch::default().on(false).level(0).tags([""; 0]).labels([]);
    let call = bucket.put_switches().on(false).off(false).alias(false).labels([]);
    call.switches(none()).main(off.inner(Box::default())).await?;
    bucket.put_switches().on(true).off(true).switches([Switch::default()]).await?;
    bucket.put_switches().await?;
    Ok(())
}

pub(crate) async fn post_switches(bucket: &Bucket) -> Result<()> {
    let call = bucket.post_switches(Body::from("content"));
    call.on(false).off(false).names([""; 0]).await?;
    let call = bucket.post_switches(Body::from("content"));
    call.on(true).off(true).names(["d"]).await?;
    Ok(())
}

pub(crate) async fn delete_switches(bucket: &Bucket) -> Result<()> {
    bucket.delete_switches().await?;
    bucket.delete_switches().body([""; 0]).await?;
    Ok(())
}

pub(crate) async fn form(bucket: &Bucket) -> Result<()> {
    let call = bucket.post_form("a title", Body::from("content"));
    call.tags(["x", "y"]).when(time()).await?;
    Ok(())
}

pub(crate) async fn ports(qingstor: &QingStor) -> Result<()> {
    qingstor.get_port([1, 2]).await?;
    qingstor.get_ports().await?;
    Ok(())
}

pub(crate) async fn odd(qingstor: &QingStor) -> Result<()> {
    let call = qingstor.r_match(true, 0.5, RMatchColor::U1f600);
    call.é("1").é_query("2").star_slash("3").await?;
    Ok(())
}

pub(crate) async fn part(bucket: &Bucket) -> Result<()> {
    let output = bucket.get_part(7).header("Range", "bytes=0-3").await?;
    assert_eq!(output.status(), 206);
    assert_eq!(output.body.bytes().await?, "part");
    Ok(())
}
