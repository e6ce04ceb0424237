//! Random trees and random edits: after a synchronization, both sides are equal.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::{Duration, SystemTime};

use qingstor_sdk::FolderSummary;

use crate::site::{Site, Tree, files, objects, set_time, without_folders};

/// A small generator of pseudorandom numbers.
struct Random(u64);

impl Random {
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % end as u64).unwrap()
    }

    /// Returns a path of up to four names, which often collide.
    fn path(&mut self) -> String {
        const NAMES: [&str; 10] = ["a", "b", "a-", "a.b", "A", "0", "中", "é", " ", "a%2e"];
        let depth = 1 + self.below(4);
        let names: Vec<&str> = (0..depth).map(|_| NAMES[self.below(NAMES.len())]).collect();
        names.join("/")
    }

    fn content(&mut self) -> String {
        // Often of the same size.
        let letter = ["x", "y", "z"][self.below(3)];
        letter.repeat(self.below(4))
    }
}

/// Returns whether a file of this path can be created beside the others.
fn fits(path: &str, tree: &Tree) -> bool {
    let below = format!("{path}/");
    let is_free =
        |other: &String| !other.starts_with(&below) && !path.starts_with(&format!("{other}/"));
    tree.keys().all(is_free)
}

/// Changes some files, with times that only grow.
fn edit_files(root: &Path, random: &mut Random, clock: &mut u64) {
    for _ in 0..random.below(12) {
        let mut tree = without_folders(files(root));
        let path = random.path();
        match random.below(4) {
            0 => {
                if let Some(path) = tree.keys().nth(random.below(tree.len().max(1))) {
                    std::fs::remove_file(root.join(path)).unwrap();
                }
                continue;
            }
            // A file replaces what is in its way.
            1 => {
                let local = root.join(&path);
                if local.is_dir() {
                    std::fs::remove_dir_all(&local).unwrap();
                }
                tree.retain(|other, _| !other.starts_with(&format!("{path}/")));
            }
            _ => {}
        }
        if !fits(&path, &tree) {
            continue;
        }
        let local = root.join(&path);
        if local.is_dir() {
            std::fs::remove_dir_all(&local).unwrap();
        }
        std::fs::create_dir_all(local.parent().unwrap()).unwrap();
        std::fs::write(&local, random.content()).unwrap();
        *clock += 10;
        set_time(&local, SystemTime::now() + Duration::from_secs(*clock));
    }
}

async fn edit_objects(site: &Site, random: &mut Random) {
    for _ in 0..random.below(12) {
        let tree = below(&site.objects().await, "p/");
        let path = random.path();
        if random.below(3) == 0 {
            if let Some(path) = tree.keys().nth(random.below(tree.len().max(1))) {
                let deleted = site.bucket.delete_object(format!("p/{path}")).await;
                deleted.unwrap();
            }
        } else if fits(&path, &tree) {
            // A time in the metadata that no file has, as another machine would store it.
            let time = 1_000_000 + random.below(1_000_000);
            let put = site
                .bucket
                .put_object(format!("p/{path}"))
                .body(random.content());
            put.metadata([("mtime", time.to_string())]).await.unwrap();
        }
    }
}

/// Returns the objects below a prefix, without the prefix.
fn below(tree: &Tree, prefix: &str) -> Tree {
    let below = tree.iter().filter_map(|(key, content)| {
        let path = key.strip_prefix(prefix)?;
        Some((path.to_owned(), content.clone()))
    });
    below.collect()
}

fn assert_complete(summary: &FolderSummary) {
    assert!(summary.is_complete(), "{:?}", summary.failures);
}

/// Returns the folders that files need.
fn folders_of(tree: &Tree) -> BTreeSet<String> {
    let ends = tree.keys().flat_map(|path| {
        let ends = path.char_indices().filter(|(_, c)| *c == '/');
        ends.map(|(index, _)| path[..=index].to_owned())
    });
    ends.collect()
}

#[tokio::test]
async fn both_sides_are_equal_after_a_synchronization() {
    let site = Site::start().await;
    site.put([("outside", "1"), ("p2/outside", "2"), ("p", "3")])
        .await;
    site.other.put_object("untouched").body("4").await.unwrap();
    let outside = Tree::from([
        ("outside".into(), "1".into()),
        ("p".into(), "3".into()),
        ("p2/outside".into(), "2".into()),
    ]);
    let root = site.path("local");
    std::fs::create_dir_all(&root).unwrap();
    let mut clock = 100;
    for seed in 1..=24_u64 {
        let mut random = Random(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        edit_files(&root, &mut random, &mut clock);
        let before = without_folders(files(&root));
        let up = site
            .bucket
            .sync_up(&root, "p")
            .delete(true)
            .max_delete(1000);
        assert_complete(&up.await.unwrap());
        let mut all = site.objects().await;
        assert_eq!(below(&all, "p/"), before, "seed {seed}");
        assert_eq!(
            without_folders(files(&root)),
            before,
            "the source is not changed"
        );
        all.retain(|key, _| !key.starts_with("p/"));
        assert_eq!(all, outside, "nothing else is changed");

        edit_objects(&site, &mut random).await;
        let before = below(&site.objects().await, "p/");
        let down = site
            .bucket
            .sync_down("p", &root)
            .delete(true)
            .max_delete(1000);
        assert_complete(&down.await.unwrap());
        let local = files(&root);
        assert_eq!(without_folders(local.clone()), before, "seed {seed}");
        let folders: BTreeSet<String> = local
            .into_keys()
            .filter(|path| path.ends_with('/'))
            .collect();
        assert_eq!(folders, folders_of(&before), "seed {seed}");
        assert_eq!(
            below(&site.objects().await, "p/"),
            before,
            "the source is not changed"
        );

        let to = site
            .bucket
            .sync_to("p", &site.other, "q")
            .delete(true)
            .max_delete(1000);
        assert_complete(&to.await.unwrap());
        let mut copied = objects(&site.other).await;
        assert_eq!(copied.remove("untouched").as_deref(), Some("4"));
        // Copies are compared by time, so a change within one second that keeps the size is found
        // by the ETag.
        let checked = site
            .bucket
            .sync_to("p", &site.other, "q")
            .delete(true)
            .max_delete(1000);
        assert_complete(
            &checked
                .compare(qingstor_sdk::Compare::Checksum)
                .await
                .unwrap(),
        );
        let copied = below(&objects(&site.other).await, "q/");
        assert_eq!(copied, before, "seed {seed}");

        // A second synchronization has nothing to do.
        for again in [
            site.bucket.sync_up(&root, "p").delete(true).max_delete(0),
            site.bucket.sync_down("p", &root).delete(true).max_delete(0),
        ] {
            let summary = again.await.unwrap();
            assert_complete(&summary);
            assert_eq!(summary.unchanged, before.len() as u64);
        }
    }
}
