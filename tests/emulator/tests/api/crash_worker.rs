//! A worker that changes its buckets, and compares them with the acknowledged changes.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::client::{Client, Reply, Request, request};

/// Size of all parts of an upload except the last, in bytes.
const PART: usize = 4 << 20;
/// Number of versions of a key above which the worker deletes the oldest one.
const MAX_VERSIONS: usize = 5;

/// Number that determines the bytes of a run, so that an incomplete run can be detected.
type Tag = u64;

/// Runs of an object, or a delete marker.
type Content = Option<Vec<Tag>>;

/// Expected state of the buckets of a worker.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct ExpectedState {
    /// Versions by bucket and key, the newest one last.
    objects: BTreeMap<String, Vec<Content>>,
    is_public: bool,
    max_age: u64,
}

#[derive(Clone, Debug)]
enum Change {
    Put(String, Tag),
    Copy(String, String),
    Move(String, String),
    Upload(String, Vec<Tag>),
    Append(String, Tag),
    Delete(String),
    DeleteSeveral(Vec<String>),
    DeleteOldest(String),
    Acl(bool),
    Cors(u64),
}

/// A worker with two buckets, one of them with versioning.
#[derive(Debug)]
pub(crate) struct Worker {
    name: String,
    client: Option<Client>,
    expected: ExpectedState,
    /// Change that was not acknowledged when the program was killed.
    attempt: Option<Change>,
    acknowledged: u64,
    unacknowledged: u64,
}

fn new_tag(class: u64) -> Tag {
    fastrand::u64(..) & !7 | class
}

fn some_tag() -> Tag {
    // Some runs are large.
    new_tag(if fastrand::u8(..12) == 0 { 1 } else { 2 })
}

fn run(tag: Tag) -> Vec<u8> {
    let mut random = fastrand::Rng::with_seed(tag);
    let length = match tag % 8 {
        0 => PART,
        1 => random.usize(60_000..300_000),
        _ => random.usize(..3000),
    };
    let mut bytes = tag.to_be_bytes().to_vec();
    let mut pattern = [0; 997];
    random.fill(&mut pattern);
    bytes.extend(pattern.repeat(length / pattern.len() + 1));
    bytes.truncate(8 + length);
    bytes
}

fn runs(tags: &[Tag]) -> Vec<u8> {
    tags.iter().flat_map(|tag| run(*tag)).collect()
}

/// Returns the runs of bytes. Panics if a run is incomplete.
fn read_runs(mut bytes: &[u8]) -> Vec<Tag> {
    let mut tags = Vec::new();
    while !bytes.is_empty() {
        let tag = Tag::from_be_bytes(bytes[..8].try_into().unwrap());
        bytes = bytes
            .strip_prefix(run(tag).as_slice())
            .expect("an object is incomplete");
        tags.push(tag);
    }
    tags
}

fn is_versioned(key: &str) -> bool {
    key.split('/').next().unwrap().ends_with('v')
}

impl ExpectedState {
    fn newest(&self, key: &str) -> Option<&Vec<Tag>> {
        self.objects.get(key)?.last()?.as_ref()
    }

    fn put(&mut self, key: &str, content: Vec<Tag>) {
        let versions = self.objects.entry(key.to_owned()).or_default();
        if !is_versioned(key) {
            versions.clear();
        }
        versions.push(Some(content));
    }

    fn delete(&mut self, key: &str) {
        if is_versioned(key) {
            self.objects.entry(key.to_owned()).or_default().push(None);
        } else {
            self.objects.remove(key);
        }
    }

    fn apply(&mut self, change: &Change) {
        match change {
            Change::Put(key, tag) => self.put(key, vec![*tag]),
            Change::Upload(key, tags) => self.put(key, tags.clone()),
            Change::Append(key, tag) => {
                let mut content = self.newest(key).cloned().unwrap_or_default();
                content.push(*tag);
                self.put(key, content);
            }
            Change::Copy(from, to) | Change::Move(from, to) => {
                let content = self.newest(from).unwrap().clone();
                self.put(to, content);
                if matches!(change, Change::Move(..)) && from != to {
                    self.delete(from);
                }
            }
            Change::Delete(key) => self.delete(key),
            Change::DeleteSeveral(keys) => keys.iter().for_each(|key| self.delete(key)),
            Change::DeleteOldest(key) => {
                let versions = self.objects.get_mut(key).unwrap();
                versions.remove(0);
                if versions.is_empty() {
                    self.objects.remove(key);
                }
            }
            Change::Acl(is_public) => self.is_public = *is_public,
            Change::Cors(max_age) => self.max_age = *max_age,
        }
    }
}

/// Sends a request. Returns `None` if the program ends before the response.
async fn send(client: &Client, request: Request) -> Option<Reply> {
    let mut stream = TcpStream::connect(client.addr).await.ok()?;
    let bytes = request.signed(client).to_bytes();
    stream.write_all(&bytes).await.ok()?;
    let mut response = Vec::new();
    stream.read_to_end(&mut response).await.ok()?;
    let reply = Reply::parse(&response)?;
    let length = reply.header("content-length").parse().unwrap_or(0);
    (reply.body.len() >= length).then_some(reply)
}

async fn expect(client: &Client, request: Request, status: u16) -> Option<Reply> {
    let described = format!("{request:.80?}");
    let reply = send(client, request).await?;
    assert_eq!(reply.status, status, "{described}: {}", reply.text());
    Some(reply)
}

fn put(key: &str) -> Request {
    request("PUT", format!("/{key}"))
}

impl Worker {
    pub(crate) fn new(number: usize) -> Self {
        Self {
            name: format!("worker{number}"),
            client: None,
            expected: ExpectedState::default(),
            attempt: None,
            acknowledged: 0,
            unacknowledged: 0,
        }
    }

    /// Returns the number of acknowledged changes.
    pub(crate) fn acknowledged(&self) -> u64 {
        self.acknowledged
    }

    /// Returns the number of changes that were made but not acknowledged.
    pub(crate) fn unacknowledged(&self) -> u64 {
        self.unacknowledged
    }

    fn client(&self) -> &Client {
        self.client.as_ref().unwrap()
    }

    fn buckets(&self) -> [String; 2] {
        [self.name.clone(), format!("{}v", self.name)]
    }

    /// Connects to a restarted program, and compares its state with the expected one.
    pub(crate) async fn check_after_restart(&mut self, client: &Client, is_first: bool) {
        self.client = Some(client.clone());
        if is_first {
            for bucket in self.buckets() {
                client.bucket(&bucket).await;
            }
            let enable = put(&format!("{}v?versioning", self.name));
            let enable = enable.json(&json!({"status": "ENABLED"}));
            assert_eq!(client.send(enable).await.status, 200);
        }
        let actual = self.actual_state().await;
        let attempt = self.attempt.take();
        if actual == self.expected {
            return;
        }
        let change = attempt.unwrap_or_else(|| panic!("{actual:?} is not {:?}", self.expected));
        self.unacknowledged += 1;
        let mut expected = self.expected.clone();
        if let Change::DeleteSeveral(keys) = &change {
            // A batch deletion is not atomic, so each key is compared separately.
            let is_gone = |key: &&String| !actual.objects.contains_key(*key);
            keys.iter()
                .filter(is_gone)
                .for_each(|key| expected.delete(key));
        } else {
            expected.apply(&change);
        }
        assert_eq!(actual, expected, "after {change:?} of {:?}", self.expected);
        self.expected = actual;
    }

    /// Returns the actual state.
    async fn actual_state(&self) -> ExpectedState {
        let client = self.client();
        let mut expected = ExpectedState::default();
        for bucket in self.buckets() {
            for (key, version, is_marker) in self.versions(&bucket).await {
                let content = if is_marker {
                    None
                } else {
                    let got = client.get(format!("/{key}?version_id={version}")).await;
                    assert_eq!(got.status, 200, "{}", got.text());
                    Some(read_runs(&got.body))
                };
                expected.objects.entry(key).or_default().insert(0, content);
            }
        }
        let acl = client.get(format!("/{}?acl", self.name)).await.json();
        let mut grants = acl["acl"].as_array().unwrap().iter();
        expected.is_public = grants.any(|grant| grant["grantee"]["type"] == "group");
        let cors = client.get(format!("/{}?cors", self.name)).await.json();
        expected.max_age = cors["cors_rules"][0]["max_age_seconds"]
            .as_u64()
            .unwrap_or(0);
        expected
    }

    /// Returns path, version and delete marker of all versions, the newest first.
    async fn versions(&self, bucket: &str) -> Vec<(String, String, bool)> {
        let list = self.client().get(format!("/{bucket}?versions&limit=1000"));
        let list = list.await.json();
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let entries = list["keys"].as_array().unwrap().iter();
        entries
            .map(|entry| {
                (
                    format!("{bucket}/{}", text(&entry["key"])),
                    text(&entry["version_id"]).replace('=', "%3D"),
                    entry["delete_marker"].as_bool().unwrap(),
                )
            })
            .collect()
    }

    /// Makes changes until the program ends.
    pub(crate) async fn work(mut self) -> Self {
        loop {
            let change = self.choose();
            self.attempt = Some(change.clone());
            if self.make(&change).await.is_none() {
                return self;
            }
            self.attempt = None;
            self.expected.apply(&change);
            self.acknowledged += 1;
        }
    }

    fn choose(&self) -> Change {
        let plain = |name: char| format!("{}/{name}", self.name);
        let mut key = plain(fastrand::choice(['a', 'b', 'c']).unwrap());
        let versioned = format!("{}v/{}", self.name, fastrand::choice(['a', 'b']).unwrap());
        if fastrand::u8(..3) == 0 {
            let versions = self.expected.objects.get(&versioned);
            if versions.is_some_and(|versions| versions.len() >= MAX_VERSIONS) {
                return Change::DeleteOldest(versioned);
            }
            key = versioned;
        }
        let other = plain(fastrand::choice(['a', 'b', 'c']).unwrap());
        let has_source = self.expected.newest(&key).is_some();
        match fastrand::u8(..20) {
            0..=2 if has_source => Change::Copy(key, other),
            3..=4 if has_source => Change::Move(key, other),
            5..=6 => Change::Delete(key),
            7 => Change::DeleteSeveral(['a', 'b'].map(plain).into()),
            8..=9 => Change::Upload(key, vec![some_tag()]),
            10 => Change::Upload(key, vec![new_tag(0), some_tag()]),
            11..=12 => Change::Append(plain('z'), some_tag()),
            13 => Change::Acl(fastrand::bool()),
            14 => Change::Cors(fastrand::u64(1..1000)),
            _ => Change::Put(key, some_tag()),
        }
    }

    /// Makes a change. Returns `None` if it was not acknowledged.
    async fn make(&self, change: &Change) -> Option<()> {
        let client = self.client();
        let (request, status) = match change {
            Change::Put(key, tag) => (put(key).body(run(*tag)), 201),
            Change::Copy(from, to) => (put(to).header("x-qs-copy-source", format!("/{from}")), 201),
            Change::Move(from, to) => (put(to).header("x-qs-move-source", format!("/{from}")), 201),
            Change::Upload(key, tags) => return self.upload(key, tags).await,
            Change::Append(key, tag) => {
                let content = self.expected.newest(key).map_or(&[][..], Vec::as_slice);
                let target = format!("/{key}?append&position={}", runs(content).len());
                (request("POST", target).body(run(*tag)), 200)
            }
            Change::Delete(key) => (request("DELETE", format!("/{key}")), 204),
            Change::DeleteSeveral(keys) => {
                let objects = keys.iter().map(|key| {
                    let key = key.split_once('/').unwrap().1;
                    json!({ "key": key })
                });
                let body = json!({"objects": objects.collect::<Vec<_>>()});
                let target = format!("/{}?delete", self.name);
                (request("POST", target).json(&body), 200)
            }
            Change::DeleteOldest(key) => {
                let bucket = key.split_once('/').unwrap().0;
                let list = request("GET", format!("/{bucket}?versions&limit=1000"));
                let list = expect(client, list, 200).await?.json();
                let name = key.split_once('/').unwrap().1;
                let mut entries = list["keys"].as_array().unwrap().iter();
                let oldest = entries.rfind(|entry| entry["key"] == name).unwrap();
                let version = oldest["version_id"].as_str().unwrap().replace('=', "%3D");
                let target = format!("/{key}?version_id={version}");
                (request("DELETE", target), 204)
            }
            Change::Acl(is_public) => {
                let everybody = json!({
                    "grantee": {"type": "group", "name": "QS_ALL_USERS"}, "permission": "READ"
                });
                let grants = if *is_public { vec![everybody] } else { vec![] };
                let target = format!("{}?acl", self.name);
                (put(&target).json(&json!({"acl": grants})), 200)
            }
            Change::Cors(max_age) => {
                let rule = json!({
                    "allowed_origin": "*", "allowed_methods": ["GET"], "max_age_seconds": max_age
                });
                let target = format!("{}?cors", self.name);
                (put(&target).json(&json!({"cors_rules": [rule]})), 200)
            }
        };
        expect(client, request, status).await.map(drop)
    }

    async fn upload(&self, key: &str, tags: &[Tag]) -> Option<()> {
        let client = self.client();
        let initiate = request("POST", format!("/{key}?uploads"));
        let initiated = expect(client, initiate, 200).await?.json();
        let id = initiated["upload_id"].as_str().unwrap();
        let mut parts = Vec::new();
        for (number, tag) in tags.iter().enumerate() {
            let target = format!("{key}?upload_id={id}&part_number={number}");
            expect(client, put(&target).body(run(*tag)), 201).await?;
            parts.push(json!({"part_number": number}));
        }
        // A part that the completion does not list is removed.
        let target = format!("{key}?upload_id={id}&part_number=77");
        expect(client, put(&target).body("left out"), 201).await?;
        let complete = request("POST", format!("/{key}?upload_id={id}"));
        let complete = complete.json(&json!({"object_parts": parts}));
        expect(client, complete, 201).await.map(drop)
    }

    /// Deletes all versions and buckets.
    pub(crate) async fn remove_everything(&mut self) {
        let client = self.client();
        for bucket in self.buckets() {
            for (key, version, _) in self.versions(&bucket).await {
                let target = format!("/{key}?version_id={version}");
                assert_eq!(client.delete(target).await.status, 204);
            }
            assert_eq!(client.delete(format!("/{bucket}")).await.status, 204);
        }
    }
}
