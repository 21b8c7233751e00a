//! Keys, sessions, sign-ins and views: their ends, their limits, and that no secret is kept.

use headwater_model::{Clearance, Marking};
use headwater_people::{
    Denied, Filters, Grant, KEY_MS_MAX, LOGIN_MS, Location, Login, PeopleError, Role, SESSIONS_EACH_MAX, VIEWS_MAX,
};

use crate::bed::{START, by, on_both};

fn grant() -> Grant {
    Grant::new([Role::Viewer, Role::Analyst], Clearance::new(Marking::AmberStrict, ["ORG-B", "ORG-A"]))
}

fn denied<T: std::fmt::Debug>(result: Result<T, PeopleError>) -> Denied {
    match result.unwrap_err() {
        PeopleError::Denied(denied) => denied,
        other => panic!("{other}"),
    }
}

#[test]
fn a_key_lets_in_until_it_ends_or_is_taken_back() {
    on_both(|bed| async move {
        let (people, other) = (bed.open().await, bed.open().await);
        let expires = START.after(100_000);
        let (key, token) = people.create_key("partner feed", &grant(), expires, by("ana", 0)).await.unwrap();
        let (_, second) = people.create_key("other feed", &grant(), expires, by("ana", 0)).await.unwrap();
        let shown = other.key(&token, START.after(5)).await.unwrap();
        assert_eq!((&shown.id, shown.last_used), (&key.id, Some(START.after(5))));
        assert_eq!(shown.grant, grant());
        assert_eq!(shown.grant.clearance().organisations().len(), 2);
        // Written down at most once a minute.
        assert_eq!(people.key(&token, START.after(59_000)).await.unwrap().last_used, Some(START.after(5)));
        // The secret of one key and the id of another; nothing; half of it.
        let swapped = format!("{}{}", &token[..20], &second[20..]);
        for wrong in [swapped.as_str(), "", "hwk_", &token[..token.len() - 1], &token.to_uppercase()] {
            assert_eq!(denied(people.key(wrong, START).await), Denied::Unknown, "{wrong}");
        }
        assert_eq!(denied(people.key(&token, expires).await), Denied::Expired);
        assert!(people.revoke_key(&key.id, by("bo", 7)).await.unwrap());
        assert!(!people.revoke_key(&key.id, by("bo", 8)).await.unwrap());
        assert_eq!(denied(other.key(&token, START).await), Denied::Revoked);
        assert!(other.key(&second, START).await.is_ok());
        let keys = other.keys("", 10).await.unwrap();
        let revoked = keys.iter().find(|listed| listed.id == key.id).unwrap();
        assert_eq!((keys.len(), &revoked.revoked), (2, &Some(("bo".to_owned(), START.after(7)))));
        let too_long = people.create_key("feed", &grant(), START.after(KEY_MS_MAX + 1), by("ana", 0)).await;
        assert!(matches!(too_long.unwrap_err(), PeopleError::OutOfRange { field: "expires", .. }));
    });
}

#[test]
fn a_session_ends_when_idle_when_old_and_when_ended() {
    on_both(|bed| async move {
        let (people, other) = (bed.open().await, bed.open().await);
        let (idle, life) = (10_000, 60_000);
        let (session, token) = people.start_session(&grant(), idle, life, by("ana", 0)).await.unwrap();
        for ms in [9_000, 18_000, 27_000, 36_000, 45_000, 54_000] {
            assert_eq!(other.session(&token, START.after(ms)).await.unwrap().subject, "ana");
        }
        assert_eq!(other.sessions_of("ana", START.after(55_000)).await.unwrap().len(), 1);
        assert_eq!(denied(other.session(&token, START.after(60_000)).await), Denied::Expired);
        let (second, unused) = people.start_session(&grant(), idle, life, by("ana", 1)).await.unwrap();
        assert_eq!(denied(other.session(&unused, START.after(10_001)).await), Denied::Idle);
        assert_eq!(denied(other.session("", START).await), Denied::Unknown);
        assert!(people.end_session(&second.id, by("bo", 2)).await.unwrap());
        assert!(!people.end_session(&second.id, by("bo", 2)).await.unwrap());
        assert_eq!(denied(other.session(&unused, START.after(3)).await), Denied::Unknown);
        assert_eq!(people.sessions("", 10, START.after(3)).await.unwrap()[0].id, session.id);
        // One more than allowed: the longest-standing ends, and nobody else's does.
        people.start_session(&grant(), life, life, by("bo", 0)).await.unwrap();
        for ms in 0..SESSIONS_EACH_MAX {
            people.start_session(&grant(), life, life, by("ana", 10 + ms)).await.unwrap();
        }
        assert_eq!(denied(people.session(&token, START.after(50)).await), Denied::Unknown);
        assert_eq!(people.sessions_of("ana", START.after(50)).await.unwrap().len() as i64, SESSIONS_EACH_MAX);
        assert_eq!(people.sessions_of("bo", START.after(50)).await.unwrap().len(), 1);
    });
}

#[test]
fn sessions_that_begin_and_end_at_once_do_not_wait_for_each_other() {
    on_both(|bed| async move {
        let mut tasks = Vec::new();
        for _ in 0..4 {
            let people = bed.open().await;
            tasks.push(tokio::spawn(async move {
                for ms in 0..15 {
                    let (_, token) = people.start_session(&grant(), 5, 5, by("ana", ms)).await.unwrap();
                    for session in people.sessions_of("ana", START.after(ms)).await.unwrap() {
                        people.end_session(&session.id, by("bo", ms)).await.unwrap();
                    }
                    assert_eq!(denied(people.session(&token, START.after(ms)).await), Denied::Unknown);
                }
            }));
        }
        for task in tasks {
            task.await.unwrap();
        }
    });
}

#[test]
fn a_sign_in_is_taken_once_and_in_time() {
    on_both(|bed| async move {
        let (people, other) = (bed.open().await, bed.open().await);
        let login = Login { nonce: "n".into(), verifier: "v".into(), return_to: "/alerts?state=new".into() };
        people.begin_login("one", &login, START).await.unwrap();
        people.begin_login("two", &login, START).await.unwrap();
        let (first, second) = tokio::join!(people.take_login("one", START.after(1)), other.take_login("one", START));
        let (taken, refused) = if first.is_ok() { (first, second) } else { (second, first) };
        assert_eq!(taken.unwrap(), login);
        assert_eq!(denied(refused), Denied::Unknown);
        assert_eq!(denied(other.take_login("two", START.after(LOGIN_MS)).await), Denied::Expired);
        assert_eq!(format!("{login:?}"), "Login { return_to: \"/alerts?state=new\", .. }");
    });
}

/// Whoever reads the whole file finds no token in it, and none of the states of sign-ins.
#[test]
fn no_secret_is_kept() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let bed = crate::bed::Bed::sqlite();
        let people = bed.open().await;
        let (key, token) = people.create_key("feed", &grant(), START.after(9), by("ana", 0)).await.unwrap();
        let (session, cookie) = people.start_session(&grant(), 9, 9, by("ana", 0)).await.unwrap();
        let login = Login { nonce: "n".into(), verifier: "v".into(), return_to: String::new() };
        people.begin_login("the-state-of-a-sign-in", &login, START).await.unwrap();
        people.close().await;
        let Location::File(file) = &bed.location else { panic!("SQLite is a file") };
        let held = std::fs::read(file).unwrap();
        let holds = |text: &str| held.windows(text.len()).any(|window| window == text.as_bytes());
        assert!(holds(&key.id) && holds(&session.id));
        assert!(!holds(&token[20..]) && !holds(&cookie) && !holds("the-state-of-a-sign-in"));
    });
}

fn filters(name: &str, with: Option<(&str, Marking)>) -> Filters {
    Filters {
        name: name.into(),
        filters: r#"{"market":["MX"]}"#.into(),
        organisation: with.map(|(organisation, _)| organisation.into()),
        marking: with.map_or(Marking::Amber, |(_, marking)| marking),
    }
}

#[test]
fn a_view_is_its_owner_s_or_an_organisation_s_and_a_stale_change_is_refused() {
    on_both(|bed| async move {
        let people = bed.open().await;
        let own = people.create_view(&filters("Mexico", None), by("ana", 1)).await.unwrap();
        let shared =
            people.create_view(&filters("North", Some(("ORG-A", Marking::Amber))), by("ana", 2)).await.unwrap();
        people.create_view(&filters("Mexico", None), by("bo", 3)).await.unwrap();
        let taken = people.create_view(&filters("Mexico", None), by("ana", 4)).await.unwrap_err();
        assert_eq!(taken.to_string(), "there is a view \"Mexico\" already");
        let sees = async |who: &str, marking: Marking, organisations: &[&str]| {
            let clearance = Clearance::new(marking, organisations.iter().copied());
            let views = people.views(who, &clearance, "", 1_000).await.unwrap();
            for view in [&own, &shared] {
                let one = people.view(&view.id, who, &clearance).await.unwrap();
                assert_eq!(one.as_ref(), views.iter().find(|listed| listed.id == view.id), "{who}");
            }
            let mut names: Vec<String> =
                views.into_iter().map(|view| format!("{}/{}", view.owner, view.of.name)).collect();
            names.sort();
            names
        };
        assert_eq!(sees("ana", Marking::Amber, &[]).await, ["ana/Mexico", "ana/North"]);
        assert_eq!(sees("bo", Marking::Amber, &["ORG-B", "ORG-A"]).await, ["ana/North", "bo/Mexico"]);
        assert_eq!(sees("bo", Marking::Red, &["*"]).await, ["ana/North", "bo/Mexico"]);
        for (marking, organisations) in
            [(Marking::Green, &["ORG-A"][..]), (Marking::Red, &["ORG-B"]), (Marking::Red, &[])]
        {
            let own: &[&str] = if marking < Marking::Amber { &[] } else { &["bo/Mexico"] };
            assert_eq!(sees("bo", marking, organisations).await, own);
        }
        // An owner whose label was lowered reads none of their own above it, and trying to change it tells nothing.
        let green = Clearance::new(Marking::Green, ["*"]);
        assert!(sees("ana", Marking::Green, &["*"]).await.is_empty());
        assert_eq!(people.change_view(&own.id, 9, &filters("x", None), by("ana", 4), &green).await.unwrap(), None);
        assert!(!people.delete_view(&own.id, 9, "ana", &green).await.unwrap());
        assert_eq!(people.views("ana", &Clearance::new(Marking::Red, ["*"]), "", 1).await.unwrap().len(), 1);

        let all = Clearance::new(Marking::Red, ["*"]);
        // Each change names the version that it saw, and only the owner's counts.
        let changed =
            people.change_view(&own.id, 1, &filters("South", None), by("ana", 5), &all).await.unwrap().unwrap();
        assert_eq!((changed.version, &*changed.of.name, changed.changed), (2, "South", START.after(5)));
        let stale = people.change_view(&own.id, 1, &filters("East", None), by("ana", 6), &all).await.unwrap_err();
        assert!(matches!(&stale, PeopleError::StaleView { seen: 1, current } if **current == changed), "{stale}");
        let stale = people.delete_view(&own.id, 1, "ana", &all).await.unwrap_err();
        assert!(stale.to_string().ends_with("is at version 2 now, 1 was seen"), "{stale}");
        let taken = people.change_view(&own.id, 2, &filters("North", None), by("ana", 7), &all).await.unwrap_err();
        assert!(matches!(taken, PeopleError::NameTaken { .. }), "{taken}");
        assert_eq!(people.change_view(&own.id, 2, &filters("x", None), by("bo", 8), &all).await.unwrap(), None);
        assert!(!people.delete_view(&shared.id, 1, "bo", &all).await.unwrap());
        assert!(people.delete_view(&own.id, 2, "ana", &all).await.unwrap());
        assert!(!people.delete_view(&own.id, 2, "ana", &all).await.unwrap());

        for wrong in ["[]", "{", "null"] {
            let wrong = Filters { filters: wrong.into(), ..filters("x", None) };
            let refused = people.create_view(&wrong, by("ana", 9)).await.unwrap_err();
            assert!(matches!(refused, PeopleError::NotAnObject { field: "filters", .. }), "{refused}");
        }
        for number in 1..VIEWS_MAX {
            people.create_view(&filters(&format!("view {number}"), None), by("ana", 10)).await.unwrap();
        }
        let refused = people.create_view(&filters("one more", None), by("ana", 11)).await.unwrap_err();
        assert_eq!(refused.to_string(), "there are 50 views already, 50 are allowed");
    });
}

#[test]
fn a_database_of_a_later_version_is_left_alone() {
    on_both(|bed| async move {
        bed.open().await;
        bed.open().await;
        bed.sql("INSERT INTO people_schema (version) VALUES (99)").await;
        let refused = headwater_people::People::open(&bed.location).await.unwrap_err();
        assert!(matches!(refused, PeopleError::NewerSchema { found: 99, .. }), "{refused}");
        let refused = headwater_people::People::look(&bed.location).await.unwrap_err();
        assert!(matches!(refused, PeopleError::NewerSchema { found: 99, .. }), "{refused}");
        bed.sql("DELETE FROM people_schema WHERE version > 1").await;
        let refused = headwater_people::People::look(&bed.location).await.unwrap_err();
        assert!(matches!(refused, PeopleError::OlderSchema { found: 1, .. }), "{refused}");
    });
}

#[test]
fn processes_that_start_at_once_make_the_tables_once() {
    on_both(|bed| async move {
        let (a, b, c) = tokio::join!(bed.open(), bed.open(), bed.open());
        for people in [a, b, c] {
            people.note("AN-1", "here", by("ana", 1)).await.unwrap();
        }
        assert_eq!(bed.open().await.notes("AN-1", 0, 10).await.unwrap().len(), 3);
    });
}
