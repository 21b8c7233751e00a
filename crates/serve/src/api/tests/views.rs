//! Saved views: a reader's own, and those of their organisations.

use axum::http::Method;
use headwater_model::{Clearance, Marking};
use headwater_people::Role;
use serde_json::{Value, json};

use super::bed::{As, Bed, json as get, model, post, run, send};

fn of(handle: &str, marking: Marking, organisations: &[&str]) -> As {
    As::new(handle, &[Role::Viewer], Clearance::new(marking, organisations.iter().copied()))
}

#[test]
fn a_reader_saves_changes_shares_and_forgets_views() {
    let (bed, model) = (Bed::new(), model(&[], &[]));
    let ana = bed.process(&model, of("ana", Marking::Red, &["ORG-A"]));
    let bo = bed.process(&model, of("bo", Marking::Amber, &["ORG-A"]));
    let list = "/api/v1/views";
    run(async {
        assert_eq!(get(&ana, list).await, json!({"views": []}));
        let mine = json!({"name": "Mexico", "filters": {"market": ["MX"], "n": 1.5}});
        let (status, saved) = post(&ana, list, mine.clone()).await;
        assert_eq!(
            (status, &saved["version"], &saved["owner"], &saved["marking"]),
            (200, &1.into(), &"ana".into(), &"TLP:RED".into())
        );
        assert_eq!((&saved["filters"], &saved["organisation"]), (&mine["filters"], &Value::Null));
        let path = format!("{list}/{}", saved["view_id"].as_str().unwrap());
        assert_eq!((get(&ana, &path).await, get(&bo, list).await), (saved.clone(), json!({"views": []})));
        assert_eq!(send(&bo, Method::GET, &path, &Value::Null).await.0, 404);
        let (status, problem) = post(&ana, list, mine).await;
        assert_eq!((status, &problem["type"]), (409, &"urn:headwater:refused".into()));

        // Shared up to what its label says.
        let shared =
            |marking: &str| json!({"name": "Mexico", "filters": {}, "organisation": "ORG-A", "marking": marking});
        let (status, red) = send(&ana, Method::PUT, &path, &json!({"version": 1, "view": shared("TLP:RED")})).await;
        assert_eq!((status, &red["version"], &red["organisation"]), (200, &2.into(), &"ORG-A".into()));
        assert_eq!(send(&bo, Method::GET, &path, &Value::Null).await.0, 404);
        let (status, stale) = send(&ana, Method::PUT, &path, &json!({"version": 1, "view": shared("TLP:AMBER")})).await;
        assert_eq!((status, &stale["type"], &stale["current_view"]), (409, &"urn:headwater:stale".into(), &red));
        let (_, amber) = send(&ana, Method::PUT, &path, &json!({"version": 2, "view": shared("TLP:AMBER")})).await;
        assert_eq!(get(&bo, &path).await, amber);
        assert_eq!(get(&bo, list).await["views"], json!([amber]));
        // Only by its owner.
        let (status, _) = send(&bo, Method::PUT, &path, &json!({"version": 3, "view": shared("TLP:CLEAR")})).await;
        assert_eq!(status, 404);
        assert_eq!(send(&bo, Method::DELETE, &format!("{path}?version=3"), &Value::Null).await.0, 404);
        let (status, stale) = send(&ana, Method::DELETE, &format!("{path}?version=2"), &Value::Null).await;
        assert_eq!((status, &stale["current_view"]), (409, &amber));
        assert_eq!(send(&ana, Method::DELETE, &format!("{path}?version=3"), &Value::Null).await.0, 200);
        assert_eq!(send(&ana, Method::GET, &path, &Value::Null).await.0, 404);

        // A page at a time.
        for name in ["a", "b", "c"] {
            assert_eq!(post(&ana, list, json!({"name": name, "filters": {}})).await.0, 200);
        }
        let first = get(&ana, "/api/v1/views?limit=2").await;
        let next = first["next_cursor"].as_str().unwrap();
        let rest = get(&ana, &format!("/api/v1/views?limit=2&cursor={next}")).await;
        assert_eq!((first["views"].as_array().unwrap().len(), rest["views"].as_array().unwrap().len()), (2, 1));
        assert_eq!(rest["next_cursor"], Value::Null);
        // What was shown of TLP:RED is in the audit log: a view says something.
        let log = bed.people.entries(u64::MAX, 1_000).await.unwrap();
        assert!(log.iter().any(|entry| entry.action == "viewed_red" && entry.object == list && entry.actor == "ana"));
    });
}

#[test]
fn a_view_is_shared_with_one_s_own_organisations_up_to_one_s_own_label() {
    let (bed, model) = (Bed::new(), model(&[], &[]));
    let ana = bed.process(&model, of("ana", Marking::Amber, &["ORG-A"]));
    run(async {
        for (more, status, field) in [
            (json!({"organisation": "ORG-B"}), 403, Value::Null),
            (json!({"organisation": "none"}), 403, Value::Null),
            (json!({"organisation": "ORG-A", "marking": "TLP:RED"}), 403, Value::Null),
            (json!({"marking": "RED"}), 400, "marking".into()),
            (json!({"name": ""}), 400, "name".into()),
            (json!({"name": "x".repeat(201)}), 400, "name".into()),
            (json!({"filters": []}), 400, "body".into()),
            (json!({"filters": {"a": "x".repeat(16_384)}}), 400, "filters".into()),
            (json!({"colour": "red"}), 400, "body".into()),
            (json!({"organisation": "ORG-A", "marking": "TLP:AMBER"}), 200, Value::Null),
        ] {
            let mut view = json!({"name": "n", "filters": {}});
            view.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            let (got, problem) = post(&ana, "/api/v1/views", view).await;
            assert_eq!((got, &problem["field"]), (status, &field), "{more}: {problem}");
        }
        assert_eq!(send(&ana, Method::DELETE, "/api/v1/views/0000000000000000", &Value::Null).await.0, 400);
        for id in ["0000000000000000", "x", "%00"] {
            assert_eq!(send(&ana, Method::GET, &format!("/api/v1/views/{id}"), &Value::Null).await.0, 404, "{id}");
        }
    });
}
