// SPDX-License-Identifier: GPL-2.0

//! Records as JSON: for any contents, a line is valid JSON with the same contents.

use std::net::Ipv6Addr;

use proptest::{option, prelude::*};
use serde_json::{json, Value};

use crate::{
    model::records::{
        json::{self, lost, socket_event},
        merge::Placed,
        record::trimmed,
        socket_event::What,
    },
    record::any_record,
    socket_event::any_socket_event,
    text::placed,
};

proptest! {
    #[test]
    fn every_line_is_json(record in any_record(), realtime in option::of(any::<u64>())) {
        let mut text = String::new();
        json::json(&mut text, &placed(record), realtime).unwrap();
        // The text is one line of printable ASCII characters.
        let line = text.strip_suffix('\n').unwrap();
        prop_assert!(line.bytes().all(|byte| matches!(byte, b' '..=b'~')));
        // A reader's buffer has room for one line (LINE in abstractions/stream.rs).
        prop_assert!(text.len() <= 1024);
        let value: Value = serde_json::from_str(&text).unwrap();
        let address = |octets| Ipv6Addr::from(octets).to_string();
        let flags: Vec<_> = record.flags.names().collect();
        prop_assert_eq!(value, json!({
            "v": 1,
            "event": "connect",
            "time": record.time,
            "cpu": 3,
            "seq": 41,
            "pid": record.pid,
            "tgid": record.tgid,
            "uid": record.uid,
            "comm": record.comm().iter().map(|&byte| char::from(byte)).collect::<String>(),
            "netns": record.netns,
            "cookie": record.cookie,
            "family": record.family().name(),
            "source": address(record.source),
            "sport": record.source_port,
            "destination": address(record.destination),
            "dport": record.destination_port,
            "error": record.error,
            "offset": record.offset,
            "expected": record.expected,
            "verdict": record.verdict.name(),
            "duration": record.duration,
            "overlaps": record.overlaps,
            "flags": flags,
            "parent": record.parent,
            "realtime": realtime,
            "cgroup": record.cgroup,
        }));
    }

    #[test]
    fn every_socket_event_is_json(entry in any_socket_event(), realtime in option::of(any::<u64>())) {
        let mut text = String::new();
        socket_event(&mut text, &Placed { cpu: 3, sequence: 41, entry }, realtime).unwrap();
        let line = text.strip_suffix('\n').unwrap();
        prop_assert!(line.bytes().all(|byte| matches!(byte, b' '..=b'~')) && text.len() <= 1024);
        let value: Value = serde_json::from_str(&text).unwrap();
        let address = |octets| Ipv6Addr::from(octets).to_string();
        let mut wanted = json!({
            "v": 1,
            "time": entry.time,
            "cpu": 3,
            "seq": 41,
            "netns": entry.ends.netns,
            "cookie": entry.cookie,
            "source": address(entry.ends.source),
            "sport": entry.ends.source_port,
            "destination": address(entry.ends.destination),
            "dport": entry.ends.destination_port,
            "realtime": realtime,
            "cgroup": entry.cgroup,
            "family": entry.family.name(),
        });
        let what = match entry.what {
            What::Ended { outcome, error, handshake } => json!({
                "event": "outcome",
                "outcome": outcome.name(),
                "error": error,
                "handshake": handshake,
            }),
            What::Failed { reason, stage, error, duration, who, uid } => json!({
                "event": "failed",
                "reason": reason.name(),
                "stage": stage.name(),
                "error": error,
                "duration": duration,
                "pid": who.map(|who| who.pid),
                "tgid": who.map(|who| who.tgid),
                "uid": uid,
                "comm": who.map(|who| trimmed(&who.comm).iter().map(|&byte| char::from(byte)).collect::<String>()),
            }),
            What::Accepted { verdict, offset, expected, handshake } => json!({
                "event": "accepted",
                "offset": offset,
                "expected": expected,
                "verdict": verdict.name(),
                "handshake": handshake,
            }),
            What::Rewritten { offset, expected } => json!({
                "event": "rewritten",
                "offset": offset,
                "expected": expected,
            }),
        };
        wanted.as_object_mut().unwrap().extend(what.as_object().unwrap().clone());
        if matches!(entry.what, What::Ended { .. } | What::Failed { .. }) {
            wanted["parent"] = json!(entry.parent);
        }
        prop_assert_eq!(value, wanted);
    }
}

#[test]
fn what_is_lost_is_json_too() {
    let mut text = String::new();
    lost(&mut text, 192).unwrap();
    assert_eq!(text, "{\"v\":1,\"event\":\"lost\",\"count\":192}\n");
}
