// SPDX-License-Identifier: GPL-2.0

//! Filters: the parser reads the intended filter, and no text breaks the parser.

use std::net::Ipv6Addr;

use proptest::{collection::vec, prelude::*, sample::select};

use crate::{
    model::{
        records::{
            failure::{Reason, Stage},
            family::Family,
            filter::{Filter, Wrong},
            merge::Sequenced,
            record::{Flags, Record},
            socket_event::{Outcome, SocketEvent, What},
            who::Who,
        },
        verdict::Verdict,
    },
    record::any_record,
};

fn filter(text: &str) -> Filter {
    Filter::parse(text.as_bytes()).unwrap().unwrap()
}

fn printed(filter: &Filter) -> String {
    let mut text = String::new();
    filter.write(&mut text).unwrap();
    text
}

fn wrong(text: &str) -> (usize, &'static str) {
    let Wrong { position, reason } = Filter::parse(text.as_bytes()).unwrap_err();
    (position, reason)
}

fn record(destination: &str, port: u16, uid: u32) -> Record {
    Record {
        destination: destination.parse::<Ipv6Addr>().unwrap().octets(),
        destination_port: port,
        uid,
        error: -111,
        verdict: Verdict::Failed,
        ..Record::from_words(&[0; 15])
    }
}

#[test]
fn all_words_and_any_value() {
    let filter = filter("dport=443,8443 uid=!0 daddr=2001:db8::/32 errno=111 verdict=failed,zero");
    assert!(filter.matches(&record("2001:db8::1", 443, 1)));
    assert!(filter.matches(&record("2001:db8:ffff::", 8443, 7)));
    assert!(!filter.matches(&record("2001:db8::1", 80, 1)));
    assert!(!filter.matches(&record("2001:db8::1", 443, 0)));
    assert!(!filter.matches(&record("2001:db9::1", 443, 1)));
}

#[test]
fn a_word_has_its_own_values_only() {
    let filter = filter("dport=443 uid=7,8");
    assert!(filter.matches(&record("::1", 443, 8)));
    assert!(!filter.matches(&record("::1", 443, 443)));
    assert!(!filter.matches(&record("::1", 7, 8)));
    assert_eq!(printed(&filter), "dport=443 uid=7,8");
}

#[test]
fn addresses() {
    let v4 = record("::ffff:192.0.2.7", 1, 0);
    assert!(filter("daddr=192.0.2.0/24").matches(&v4));
    assert!(filter("daddr=192.0.2.7").matches(&v4));
    assert!(!filter("daddr=192.0.3.0/24").matches(&v4));
    assert!(!filter("daddr=!::ffff:0:0/96").matches(&v4));
    assert!(filter("daddr=::/0").matches(&v4));
    assert!(!filter("daddr=0.0.0.0/0").matches(&record("::1", 1, 0)));
    assert_eq!(
        printed(&filter("saddr=10.0.0.0/8")),
        "saddr=::ffff:10.0.0.0/104"
    );
}

fn socket_event(what: What) -> SocketEvent {
    SocketEvent {
        time: 0,
        cookie: 1,
        cgroup: 4711,
        parent: 0,
        family: Family::V6,
        ends: record("2001:db8::1", 443, 1).ends(),
        what,
    }
}

/// A cgroup is that of the caller in a record, and that of the socket in an event.
#[test]
fn a_cgroup_has_64_bits() {
    let inside = Record {
        cgroup: 4711,
        ..record("::1", 1, 0)
    };
    let event = socket_event(What::Rewritten {
        offset: 1,
        expected: 2,
    });
    for (text, holds) in [
        ("cgroup=4711", true),
        ("cgroup=1,4711", true),
        ("cgroup=!4711", false),
        ("cgroup=18446744073709551615", false),
        ("cgroup=!18446744073709551615", true),
    ] {
        assert_eq!(filter(text).matches(&inside), holds, "{text}");
        assert_eq!(filter(text).matches_socket_event(&event), holds, "{text}");
        assert_eq!(printed(&filter(text)), text);
    }
    // 2^64, and 32 bits for the other numbers.
    assert_eq!(wrong("cgroup=18446744073709551616").0, 7);
    assert_eq!(wrong("pid=4294967296").0, 4);
    assert!(!filter("uid=0").matches(&Record { uid: 1, ..inside }));
}

#[test]
fn a_family_has_a_name() {
    let v4 = Record {
        flags: Flags::V4,
        ..record("::ffff:192.0.2.1", 1, 0)
    };
    assert!(filter("family=v4").matches(&v4));
    assert!(!filter("family=v4mapped,v6").matches(&v4));
    assert!(filter("family=!v4").matches(&record("::1", 1, 0)));
    assert!(filter("family=v6").matches_socket_event(&ended(Outcome::Refused, 111)));
    assert!(!filter("family=v4").matches_socket_event(&ended(Outcome::Refused, 111)));
    assert_eq!(printed(&filter("family=v4,v4mapped")), "family=v4,v4mapped");
}

fn failed(who: Option<Who>) -> SocketEvent {
    socket_event(What::Failed {
        reason: Reason::NoPort,
        stage: Stage::Call,
        error: 99,
        duration: None,
        who,
        uid: who.map_or(1001, |who| who.uid),
    })
}

/// A failed attempt has a caller. Where it is unknown, only negated words about it hold. The user is known.
#[test]
fn a_failure_has_a_caller() {
    let known = failed(Some(Who {
        pid: 7,
        tgid: 6,
        uid: 1000,
        comm: [0; 16],
        cgroup: 4711,
    }));
    for text in [
        "event=failed",
        "event=connect,failed",
        "event=!outcome reason=no_port",
        "reason=!refused,timeout",
        "outcome=!established",
        "outcome=error errno=99",
        "pid=7 tgid=6 uid=1000 cgroup=4711 dport=443",
        "verdict=failed",
    ] {
        assert!(filter(text).matches_socket_event(&known), "{text}");
        assert_eq!(printed(&filter(text)), text);
    }
    for text in [
        "event=connect",
        "event=!failed",
        "reason=refused",
        "reason=!no_port",
        "uid=0",
        "pid=!7",
    ] {
        assert!(!filter(text).matches_socket_event(&known), "{text}");
    }
    for text in ["uid=1000", "uid=!1001", "pid=7", "tgid=6", "uid=0 pid=!1"] {
        assert!(!filter(text).matches_socket_event(&failed(None)), "{text}");
    }
    for text in [
        "uid=1001",
        "uid=!1000 pid=!7",
        "tgid=!6 pid=!7 event=failed",
    ] {
        assert!(filter(text).matches_socket_event(&failed(None)), "{text}");
    }
}

#[test]
fn other_events_have_no_reason() {
    let returned = Record {
        error: 0,
        ..record("::1", 1, 0)
    };
    for text in ["reason=closed", "reason=!closed"] {
        assert!(!filter(text).matches(&returned), "{text}");
        assert!(
            !filter(text).matches_socket_event(&ended(Outcome::Closed, 0)),
            "{text}"
        );
    }
    // A failed call has the reason of its error.
    assert!(filter("event=connect reason=refused").matches(&record("::1", 1, 0)));
    assert!(!filter("event=failed").matches(&returned));
    assert!(filter("event=outcome").matches_socket_event(&ended(Outcome::Closed, 0)));
}

fn ended(outcome: Outcome, error: u16) -> SocketEvent {
    socket_event(What::Ended {
        outcome,
        error,
        handshake: None,
    })
}

/// A socket event has addresses, ports and an outcome. A condition on the call itself matches any socket event,
/// negated or not.
#[test]
fn the_known_fields_of_a_socket_event_decide() {
    let refused = ended(Outcome::Refused, 111);
    for text in [
        "dport=443 uid=7 verdict=match",
        "daddr=2001:db8::/32 pid=!0",
        "errno=111 tgid=1",
        "outcome=refused,timeout",
        "outcome=!established",
        "saddr=:: sport=0 netns=0",
    ] {
        assert!(filter(text).matches_socket_event(&refused), "{text}");
    }
    for text in [
        "dport=80",
        "uid=1 daddr=!2001:db8::/32",
        "netns=5",
        "sport=!0",
        "errno=!111",
        "errno=0",
        "outcome=!refused",
        "outcome=established dport=443",
    ] {
        assert!(!filter(text).matches_socket_event(&refused), "{text}");
    }
}

/// The verdicts of accepted connections are others than those of connects.
#[test]
fn verdicts_of_connects_reject_accepted_connections() {
    let accepted = socket_event(What::Accepted {
        verdict: crate::model::records::accepted::Accepted::Match,
        offset: 7,
        expected: 7,
        handshake: None,
    });
    for text in ["verdict=match", "verdict=!match", "verdict=mismatch"] {
        assert!(!filter(text).matches_socket_event(&accepted), "{text}");
    }
    assert!(filter("event=accepted pid=1").matches_socket_event(&accepted));
}

/// Selects failed connections only: the call failed, or its handshake.
#[test]
fn failed_connections_are_one_word() {
    let failed = filter("outcome=!established");
    assert!(!failed.matches_socket_event(&ended(Outcome::Established, 0)));
    assert!(failed.matches_socket_event(&ended(Outcome::Closed, 0)));
    assert!(failed.matches(&record("::1", 1, 0)));
    assert!(filter("outcome=refused").matches(&record("::1", 1, 0)));
    assert!(!filter("outcome=timeout").matches(&record("::1", 1, 0)));
    // A record whose call returned 0 has no outcome yet.
    let returned = Record {
        error: 0,
        ..record("::1", 1, 0)
    };
    assert!(!failed.matches(&returned));
    assert!(!filter("outcome=established").matches(&returned));
}

#[test]
fn a_rewritten_offset_is_no_outcome() {
    let rewritten = socket_event(What::Rewritten {
        offset: 1,
        expected: 2,
    });
    assert!(filter("errno=0 dport=443").matches_socket_event(&rewritten));
    for text in ["outcome=closed", "outcome=!closed", "errno=111"] {
        assert!(!filter(text).matches_socket_event(&rewritten), "{text}");
    }
}

#[test]
fn clear_is_no_filter() {
    assert_eq!(Filter::parse(b" clear\n"), Ok(None));
}

#[test]
fn what_is_wrong_and_where() {
    assert_eq!(wrong(""), (0, "nothing in it"));
    assert_eq!(wrong(" \n"), (0, "nothing in it"));
    assert_eq!(wrong("dport"), (0, "neither key=value nor clear"));
    assert_eq!(wrong("dport=1 colour=red"), (8, "unknown key"));
    assert_eq!(wrong("dport=443,https"), (10, "not a value of this key"));
    assert_eq!(wrong("dport=65536"), (6, "not a value of this key"));
    assert_eq!(wrong("dport=+1"), (6, "not a value of this key"));
    assert_eq!(wrong("uid=!"), (5, "a value is missing"));
    assert_eq!(wrong("uid=1,,2"), (6, "a value is missing"));
    assert_eq!(wrong("daddr=::1/129"), (6, "not a value of this key"));
    assert_eq!(wrong("daddr=::1/64"), (6, "not a value of this key"));
    assert_eq!(wrong("daddr=1.2.3.4/+8"), (6, "not a value of this key"));
    assert_eq!(wrong("clear dport=1"), (6, "nothing may follow clear"));
    assert_eq!(wrong("dport=1 clear"), (8, "clear stands alone"));
    assert_eq!(wrong(&"pid=1 ".repeat(17)), (96, "too many words"));
    assert_eq!(
        wrong(&format!("pid=1{}", ",1".repeat(32))),
        (68, "too many values")
    );
    assert_eq!(Filter::parse(b"uid=1 \xff").unwrap_err().position, 6);
}

/// Generates filters and texts similar to filters.
fn nearly() -> impl Strategy<Value = String> {
    let part = select(vec![
        "pid",
        "uid",
        "daddr",
        "saddr",
        "dport",
        "verdict",
        "errno",
        "outcome",
        "event",
        "reason",
        "cgroup",
        "no_route",
        "family",
        "v4",
        "connect",
        "refused",
        "clear",
        "=",
        "=!",
        ",",
        "/",
        " ",
        "\n",
        "1",
        "443",
        "4294967296",
        "::1",
        "2001:db8::",
        "10.0.0.0",
        "32",
        "match",
        "\u{e9}",
        "-",
        "+",
    ]);
    vec(part, 0..24).prop_map(|parts| parts.concat())
}

proptest! {
    #[test]
    fn any_bytes_are_read_or_refused_within_the_text(text in vec(any::<u8>(), 0..300)) {
        if let Err(wrong) = Filter::parse(&text) {
            prop_assert!(wrong.position <= text.len());
        }
    }

    #[test]
    fn what_is_printed_is_read_as_the_same(text in nearly(), record in any_record()) {
        match Filter::parse(text.as_bytes()) {
            Ok(Some(filter)) => {
                let again = Filter::parse(printed(&filter).as_bytes()).unwrap().unwrap();
                prop_assert_eq!(again, filter);
                prop_assert_eq!(again.matches(&record), filter.matches(&record));
            }
            Ok(None) => prop_assert_eq!(text.trim(), "clear"),
            Err(wrong) => prop_assert!(wrong.position <= text.len()),
        }
    }

    #[test]
    fn a_records_own_values_match_it_and_negated_do_not(record in any_record()) {
        let words = [
            format!("pid={}", record.pid),
            format!("tgid={}", record.tgid),
            format!("uid={}", record.uid),
            format!("netns={}", record.netns),
            format!("sport={}", record.source_port),
            format!("dport={}", record.destination_port),
            format!("saddr={}", Ipv6Addr::from(record.source)),
            format!("daddr={}", Ipv6Addr::from(record.destination)),
            format!("verdict={}", record.verdict.name()),
        ];
        prop_assert!(filter(&words.join(" ")).matches(&record));
        for word in words {
            prop_assert!(!filter(&word.replace('=', "=!")).matches(&record), "{word}");
        }
    }
}
