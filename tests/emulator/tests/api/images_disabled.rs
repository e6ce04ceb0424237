//! Image processing without the cargo feature `image`.

use qingstor_emulator::Emulator;

use crate::client::{Client, start};

#[tokio::test]
async fn image_processing_is_not_implemented() {
    let emulator: Emulator = start().await;
    let client = Client::new(&emulator);
    client.bucket("photos").await;
    client.put("/photos/a.png", "content").await;
    let reply = client.get("/photos/a.png?image&action=info").await;
    assert_eq!(reply.error(), (501, "not_implemented".to_owned()));
    assert!(
        reply.text().contains("cargo feature `image`"),
        "{}",
        reply.text()
    );
}
