// SPDX-License-Identifier: GPL-2.0

//! Records as JSON: whatever is in them, a line stays JSON and says the same.

use std::net::Ipv6Addr;

use proptest::prelude::*;
use serde_json::Value;

use crate::{
    core::{
        follow_up::What,
        json::{follow_up, json},
        merge::Placed, //
    },
    follow_up::any_follow_up,
    record::any_record,
    text::placed,
};

proptest! {
    #[test]
    fn every_line_is_json(record in any_record()) {
        let mut text = String::new();
        json(&mut text, &placed(record)).unwrap();
        prop_assert!(text.is_ascii() && text.ends_with('\n') && text.matches('\n').count() == 1);
        // A reader's buffer holds one (LINE in abstractions/stream.rs).
        prop_assert!(text.len() <= 1024);
        let value: Value = serde_json::from_str(&text).unwrap();
        prop_assert_eq!(&value["v"], 1);
        prop_assert_eq!(&value["event"], "connect");
        prop_assert_eq!(&value["time"], record.time);
        prop_assert_eq!(&value["cookie"], record.cookie);
        let comm: Vec<u8> = value["comm"].as_str().unwrap().chars().map(|c| c as u8).collect();
        prop_assert_eq!(comm, record.comm());
        let source: Ipv6Addr = value["source"].as_str().unwrap().parse().unwrap();
        prop_assert_eq!(source.octets(), record.source);
        prop_assert_eq!(&value["dport"], record.destination_port);
        prop_assert_eq!(&value["error"], record.error);
        prop_assert_eq!(&value["expected"], record.expected);
        prop_assert_eq!(&value["verdict"], record.verdict.name());
        prop_assert_eq!(value["flags"].as_array().unwrap().len(), record.flags.0.count_ones() as usize);
    }

    #[test]
    fn every_follow_up_is_json(entry in any_follow_up()) {
        let mut text = String::new();
        follow_up(&mut text, &Placed { cpu: 3, sequence: 41, entry }).unwrap();
        prop_assert!(text.ends_with('\n') && text.matches('\n').count() == 1 && text.len() <= 1024);
        let value: Value = serde_json::from_str(&text).unwrap();
        prop_assert_eq!(&value["v"], 1);
        prop_assert_eq!(&value["seq"], 41);
        prop_assert_eq!(&value["time"], entry.time);
        prop_assert_eq!(&value["cookie"], entry.cookie);
        prop_assert_eq!(&value["netns"], entry.ends.netns);
        prop_assert_eq!(&value["sport"], entry.ends.source_port);
        let destination: Ipv6Addr = value["destination"].as_str().unwrap().parse().unwrap();
        prop_assert_eq!(destination.octets(), entry.ends.destination);
        match entry.what {
            What::Ended { outcome, error, handshake } => {
                prop_assert_eq!(&value["event"], "outcome");
                prop_assert_eq!(&value["outcome"], outcome.name());
                prop_assert_eq!(&value["error"], error);
                prop_assert_eq!(value["handshake"].as_u64(), handshake);
            }
            What::Rewritten { offset, expected } => {
                prop_assert_eq!(&value["event"], "rewritten");
                prop_assert_eq!(&value["offset"], offset);
                prop_assert_eq!(&value["expected"], expected);
            }
        }
    }
}
