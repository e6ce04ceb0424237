// The local QingStor runs in the process of the test.

use qingstor_emulator::Emulator;
use qingstor_sdk::{Config, QingStor};

#[tokio::test]
async fn stores_a_greeting() -> Result<(), Box<dyn std::error::Error>> {
    let emulator = Emulator::builder().in_memory().start().await?;
    let config = Config::new(emulator.access_key_id(), emulator.secret_access_key());
    let qingstor = QingStor::new(config.endpoint(emulator.endpoint()))?;

    let bucket = qingstor.bucket("greetings", "pek3a")?;
    bucket.put().await?;
    bucket.put_object("hello").body("Hello!").await?;

    let stored = bucket.get_object("hello").await?.body.bytes().await?;
    assert_eq!(stored, "Hello!");
    Ok(())
}
