//! One upload and one download with single requests.

use qingstor_sdk::Body;

use crate::Outcome;
use crate::chance::Chance;
use crate::faults::Faults;
use crate::transfer::pieces;
use crate::world::World;

pub(crate) async fn run(world: &World, faults: &Faults, chance: &mut Chance) -> Outcome {
    let len = usize::try_from(chance.of_any_size(400_000)).unwrap();
    let sent = world.content.slice(..len);
    let path = world.folder.path().join("sent");
    let body = match chance.within(0..3) {
        0 => Body::from(sent.clone()),
        1 => {
            std::fs::write(&path, &sent).unwrap();
            Body::from_path(&path).await.unwrap()
        }
        _ => Body::from_stream(pieces(&sent, 10_000), len as u64),
    };
    let bucket = world.bucket_with(faults);
    let put = bucket.put_object("small").body(body).await;
    let result = match put {
        Ok(_) => match bucket.get_object("small").await {
            Ok(output) => output.body.bytes().await,
            Err(error) => Err(error),
        },
        Err(error) => Err(error),
    };
    world.recover();
    let _ = std::fs::remove_file(path);
    let stored = world.stored("small").await;
    assert!(
        stored.is_none_or(|stored| stored == sent),
        "{faults}: wrong bytes are stored"
    );
    if let Ok(received) = &result {
        assert!(*received == sent, "{faults}: wrong bytes were received");
    }
    world.clean.delete_object("small").await.unwrap();
    result.into()
}
