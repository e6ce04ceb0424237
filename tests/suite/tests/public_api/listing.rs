//! The listing contains what users can reach, and nothing else.

use qingstor_suite::public_api::{self, difference};

const SOURCE: &str = r#"
//! A crate.
use std::rc::Rc;

/// A type.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Call { /// A field.
    pub key: String, secret: Option<String> }

macro_rules! setters { ($($name:ident: $type:ty),*) => { impl Call { $(
    /// Sets the field.
    pub fn $name(mut self, value: impl Into<$type>) -> Self { let _: $type = value.into(); self.secret = None; self }
)* } } }
setters!(prefix: String, limit: u32);

impl Call {
    /// An old method.
    #[deprecated]
    pub fn old(&self) -> Result<(), std::io::Error> { Ok(()) }
    #[doc(hidden)]
    pub fn hidden(&self) {}
    fn private(&self) {}
}
mod inner {
    /// A type of a private module.
    pub struct Handle { pub(crate) count: std::rc::Rc<u8> }
    /// Not exported.
    pub struct Unreachable;
}
pub use inner::Handle;
impl Iterator for Handle { type Item = u8; fn next(&mut self) -> Option<u8> { Some(*self.count) } }
/// A function.
pub fn handle(count: u8) -> Handle { Unused.call(); Handle { count: Rc::new(count) } }
struct Unused;
impl Unused { fn call(&self) { Call::default().private(); let _ = inner::Unreachable; } }
"#;

fn listing(source: &str) -> Option<Vec<String>> {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("sample.rs");
    std::fs::write(&file, source).unwrap();
    let output = public_api::rustdoc()
        .args(["--edition", "2024", "--crate-name", "sample", "--out-dir"])
        .arg(folder.path())
        .arg(&file)
        .output()
        .unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{stderr}");
    public_api::read(&folder.path().join("sample.json")).map(|api| api.lines)
}

#[test]
#[ignore = "run by `make public-api`"]
fn lists_what_users_can_reach() {
    let Some(lines) = listing(SOURCE) else {
        return public_api::skip();
    };
    let expected = "pub mod crate\n\
        #[non_exhaustive] pub struct Call\n\
        pub Call::key: String\n\
        pub fn Call::limit(self, value: impl Into<u32>) -> Self\n\
        pub fn Call::prefix(self, value: impl Into<String>) -> Self\n\
        #[deprecated] pub fn Call::old(&self) -> Result<(), std::io::error::Error>\n\
        impl Clone + Debug + Default for Call\n\
        pub struct Handle\n\
        impl Iterator for Handle\n\
        pub type Handle::Item = u8\n\
        impl !Send for Handle\n\
        impl !Sync for Handle\n\
        pub fn handle(count: u8) -> Handle";
    assert_eq!(lines.join("\n"), expected);
}

#[test]
#[ignore = "run by `make public-api`"]
fn reports_each_change() {
    let (Some(old), Some(new)) = (
        listing(SOURCE),
        listing(
            &SOURCE
                .replace("limit: u32", "limit: u64")
                .replace("Clone, Debug", "Debug")
                .replace("#[deprecated]", "")
                .replace("pub struct Unreachable;", "pub(crate) struct Unreachable;")
                .replace("#[doc(hidden)]", "/// Visible."),
        ),
    ) else {
        return public_api::skip();
    };
    let expected = "\
        - pub fn Call::limit(self, value: impl Into<u32>) -> Self\n\
        - #[deprecated] pub fn Call::old(&self) -> Result<(), std::io::error::Error>\n\
        - impl Clone + Debug + Default for Call\n\
        + pub fn Call::hidden(&self)\n\
        + pub fn Call::old(&self) -> Result<(), std::io::error::Error>\n\
        + pub fn Call::limit(self, value: impl Into<u64>) -> Self\n\
        + impl Debug + Default for Call";
    assert_eq!(difference(&old, &new).join("\n"), expected);
}
