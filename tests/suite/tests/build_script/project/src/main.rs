//! Prints the route of the operation that the overlay of this package adds.

include!(concat!(env!("OUT_DIR"), "/include.rs"));

fn main() {
    let route = &api::routes::PUT_OBJECT_TAGGING;
    let path = route.path.replace("{bucketName}", "my-bucket");
    let path = path.replace("{objectKey}", "my-key");
    println!("{} {path}", route.method);
    println!("one of {}", api::routes::ALL.len());
}
