//! The audit log, read by whoever may.

use headwater_model::{Clearance, Marking};
use headwater_people::Role;
use serde_json::{Value, json};

use super::bed::{As, Bed, ask, everything, json as get, model, post, run};

const LOG: &str = "/api/v1/audit";

#[test]
fn an_admin_who_sees_everything_reads_the_log_and_that_is_written_down_too() {
    let (bed, model) = (Bed::new(), model(&[], &[]));
    let admin = bed.process(&model, As::new("root", &[Role::Admin], everything()));
    run(async {
        assert_eq!(get(&admin, LOG).await, json!({"entries": []}));
        let key = json!({
            "name": "desk", "roles": ["viewer"], "marking": "TLP:CLEAR", "expires": "2026-10-01T00:00:00Z"
        });
        let (status, made) = post(&admin, "/api/v1/keys", key).await;
        assert_eq!(status, 200, "{made}");
        let first = get(&admin, &format!("{LOG}?limit=1")).await;
        let (entry, next) = (&first["entries"][0], first["next_cursor"].as_str().unwrap());
        assert_eq!(
            (&entry["sequence"], &entry["actor"], &entry["action"], &entry["object"]),
            (&2.into(), &"root".into(), &"key_created".into(), &made["key"]["id"])
        );
        // The two readings above are entries 1 and 3; the pages behind the cursor stand still.
        let rest = get(&admin, &format!("{LOG}?limit=1&cursor={next}")).await;
        let entry = &rest["entries"][0];
        assert_eq!(
            (&entry["sequence"], &entry["action"], &entry["object"]),
            (&1.into(), &"viewed_red".into(), &LOG.into())
        );
        assert_eq!(rest["next_cursor"], Value::Null, "nothing is before the first");
        let all = get(&admin, LOG).await;
        let numbers: Vec<u64> =
            all["entries"].as_array().unwrap().iter().map(|entry| entry["sequence"].as_u64().unwrap()).collect();
        assert_eq!(numbers, [4, 3, 2, 1]);
        let kept = bed.people.entries(u64::MAX, 1_000).await.unwrap();
        assert_eq!(all["entries"][3]["hash"], kept.last().unwrap().hash.as_str());
        for cursor in ["0", "-1", "x"] {
            let (status, _, body) = ask(&admin, &format!("{LOG}?cursor={cursor}")).await;
            let problem: Value = serde_json::from_slice(&body).unwrap();
            assert_eq!((status, &problem["field"]), (400, &"cursor".into()), "{problem}");
        }
    });
}

#[test]
fn nobody_else_reads_it() {
    let (bed, model) = (Bed::new(), model(&[], &[]));
    let others = [
        As::new("ana", &[Role::Viewer, Role::Analyst, Role::Service], everything()),
        As::new("root", &[Role::Admin], Clearance::new(Marking::Red, ["ORG-A"])),
        As::new("root", &[Role::Admin], Clearance::new(Marking::AmberStrict, ["*"])),
    ];
    for other in others {
        let routes = bed.process(&model, other);
        assert_eq!(run(ask(&routes, LOG)).0, 403);
    }
}
