// SPDX-License-Identifier: GPL-2.0

use super::*;

const CONNECT: &str =
    r#"{"event":"connect","netns":1,"cookie":7,"pid":5,"comm":"curl","error":0,"verdict":"match"}"#;
const CALL: &str = r#"{"event":"connect","netns":1,"cookie":7,"pid":5,"comm":"curl","error":-99,"verdict":"failed"}"#;
const CLOSED: &str = r#"{"event":"outcome","netns":1,"cookie":7,"outcome":"closed","error":0}"#;
const REFUSED: &str = r#"{"event":"outcome","netns":1,"cookie":7,"outcome":"refused","error":111}"#;
const FAILED_CALL: &str = r#"{"event":"failed","netns":1,"cookie":7,"reason":"no_port","stage":"call","error":99,"pid":5,"cgroup":3}"#;
const FAILED_LATER: &str = r#"{"event":"failed","netns":1,"cookie":7,"reason":"refused","stage":"handshake","error":111,"pid":null}"#;
const ESTABLISHED: &str =
    r#"{"event":"outcome","netns":1,"cookie":7,"outcome":"established","error":0}"#;

/// Returns the reasons of the failures, the oldest first, each with the caller.
fn after(events: &[&str]) -> Vec<(String, Option<u64>)> {
    let mut failures = Failures::default();
    for event in events {
        failures.push(Event::parse(event.as_bytes()).unwrap());
    }
    failures
        .unreported()
        .map(|failure| (failure.event.reason(), failure.event.number("pid")))
        .collect()
}

fn entry(reason: &str) -> (String, Option<u64>) {
    (reason.into(), Some(5))
}

#[test]
fn the_events_about_an_attempt_make_one_entry_in_any_order() {
    let no_port = [entry("no_port")];
    assert_eq!(after(&[CALL]), no_port);
    assert_eq!(after(&[CLOSED, CALL]), no_port);
    assert_eq!(after(&[CALL, CLOSED]), no_port);
    for order in [
        [0, 1, 2],
        [0, 2, 1],
        [1, 0, 2],
        [1, 2, 0],
        [2, 0, 1],
        [2, 1, 0],
    ] {
        assert_eq!(
            after(&order.map(|at| [CALL, CLOSED, FAILED_CALL][at])),
            no_port,
            "{order:?}"
        );
        assert_eq!(
            after(&order.map(|at| [CONNECT, REFUSED, FAILED_LATER][at])),
            [entry("refused")],
            "{order:?}"
        );
    }
}

#[test]
fn each_attempt_of_a_socket_has_its_entry() {
    assert_eq!(after(&[CALL, CALL]).len(), 2);
    assert_eq!(
        after(&[CALL, CONNECT, REFUSED]),
        [entry("no_port"), entry("refused")]
    );
    assert_eq!(
        after(&[CALL, FAILED_CALL, CONNECT, REFUSED, FAILED_LATER]),
        [entry("no_port"), entry("refused")]
    );
    assert_eq!(after(&[FAILED_CALL, FAILED_LATER, FAILED_CALL]).len(), 3);
}

#[test]
fn an_attempt_that_succeeds_has_no_entry() {
    assert!(after(&[CONNECT, ESTABLISHED]).is_empty());
}

#[test]
fn a_wrong_offset_has_an_entry_of_its_own() {
    let wrong = CONNECT.replace("match", "mismatch");
    let rewritten = r#"{"event":"rewritten","netns":1,"cookie":7,"offset":1,"expected":2}"#;
    assert_eq!(
        after(&[&wrong, rewritten]),
        [entry("mismatch"), entry("rewritten")]
    );
}

#[test]
fn sockets_differ_by_their_namespace() {
    let other = REFUSED.replace("\"netns\":1", "\"netns\":2");
    assert_eq!(after(&[CONNECT, &other]), [("refused".into(), None)]);
    assert_eq!(
        after(&[CALL, CLOSED, &CLOSED.replace("\"netns\":1", "\"netns\":2")]).len(),
        2
    );
}

#[test]
fn keys_of_a_later_module_stay() {
    let mut failures = Failures::default();
    for event in [CALL, FAILED_CALL] {
        failures.push(Event::parse(event.as_bytes()).unwrap());
    }
    let failure = failures.newest().next().unwrap();
    assert_eq!(
        (failure.event.number("cgroup"), failure.event.text("comm")),
        (Some(3), "curl")
    );
}

#[test]
fn a_failure_is_reported_once_and_one_that_is_not_is_counted() {
    let mut failures = Failures::default();
    for cookie in 0..KEPT as u64 + 3 {
        let event = REFUSED.replace("\"cookie\":7", &format!("\"cookie\":{cookie}"));
        failures.push(Event::parse(event.as_bytes()).unwrap());
    }
    assert_eq!(
        (failures.unreported().count(), failures.unreported),
        (KEPT, 3)
    );
    assert_eq!(failures.unreported().count(), 0);
    failures.push(Event::parse(REFUSED.as_bytes()).unwrap());
    assert_eq!((failures.newest().count(), failures.unreported), (KEPT, 3));
}
