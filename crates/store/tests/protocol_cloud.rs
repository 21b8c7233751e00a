//! The protocol on an object store. `HEADWATER_TEST_STORE` names an empty place in one (`s3://bucket/prefix`); keys and
//! endpoint come from the variables that the cloud's own tools read.
#![allow(clippy::unwrap_used)]
#![cfg(feature = "cloud")]

mod protocol_support;

use headwater_store::*;
use protocol_support::{check, live, story};

#[test]
#[expect(clippy::disallowed_methods, reason = "the store to test with is given by whoever runs the test")]
fn a_writer_lives_on_an_object_store() {
    let url = std::env::var("HEADWATER_TEST_STORE").expect("HEADWATER_TEST_STORE names an empty place in a store");
    let url = StoreUrl::parse(&url).unwrap();
    assert!(matches!(Objects::open_to_read(&url), Err(StoreError::NoStore { .. })));
    let objects = match Objects::open(&url) {
        Ok(objects) => objects,
        // A store that does not honour the condition must be refused, and is.
        Err(StoreError::NoCondition { .. }) => return,
        Err(error) => panic!("{error}"),
    };
    assert_eq!(objects.create("x/1", "ours".into()).unwrap(), Created::New);
    assert_eq!(objects.create("x/1", "theirs".into()).unwrap(), Created::Other);
    assert_eq!(objects.create("x/1", "ours".into()).unwrap(), Created::Same);
    objects.create("x/2", "more".into()).unwrap();
    let after: Vec<String> = objects.list_after("x", "x/1").unwrap().into_iter().map(|o| o.key).collect();
    assert_eq!(after, ["x/2"]);
    objects.delete("x/2").unwrap();
    objects.delete("x/2").unwrap();
    assert_eq!(objects.get("x/2").unwrap(), None);
    let story = story(6, "a");
    live(&Archive::new(objects.clone()), &story, &mut 0).unwrap();
    assert_eq!(check(&objects, &story), 6);
    assert_eq!(check(&Objects::open_to_read(&url).unwrap(), &story), 6);
}
