// SPDX-License-Identifier: GPL-2.0

//! Records as text: for any contents, a table's columns stay intact.

use std::net::Ipv6Addr;

use proptest::prelude::*;

use crate::{
    model::{
        records::{
            merge::Placed,
            record::{Flags, Record},
            text::{row, HEADER},
        },
        verdict::Verdict,
    },
    record::any_record,
};

pub fn placed(record: Record) -> Placed<Record> {
    Placed {
        cpu: 3,
        sequence: 41,
        entry: record,
    }
}

/// `CLOCK_REALTIME` of the lines.
const REALTIME: Option<u64> = Some(1_796_000_000_123_456_789);

/// Bytes of the longest line (src/model/records/columns.rs).
const LONGEST: usize = 451;

fn line(record: Record) -> String {
    let mut text = String::new();
    row(&mut text, &placed(record), REALTIME).unwrap();
    text
}

fn columns(text: &str) -> Vec<&str> {
    text.split_ascii_whitespace().collect()
}

fn example() -> Record {
    let mut comm = [0; 16];
    comm[..4].copy_from_slice(b"curl");
    Record {
        time: 81_234_567_890,
        duration: 45_210,
        pid: 812,
        tgid: 812,
        uid: 1000,
        comm,
        cgroup: 4_711,
        netns: 4_026_531_840,
        cookie: 4097,
        parent: 0,
        source: "2001:db8::1".parse::<Ipv6Addr>().unwrap().octets(),
        destination: "2001:db8::2".parse::<Ipv6Addr>().unwrap().octets(),
        source_port: 40_122,
        destination_port: 443,
        error: 0,
        offset: 0x6b1f_d3a4,
        expected: 0x6b1f_d3a4,
        verdict: Verdict::Match,
        overlaps: 0,
        flags: Flags::default(),
    }
}

/// Returns the begin and end of each column.
fn spans(text: &str) -> Vec<(usize, usize)> {
    columns(text)
        .into_iter()
        .map(|column| {
            let start = column.as_ptr() as usize - text.as_ptr() as usize;
            (start, start + column.len())
        })
        .collect()
}

#[test]
fn a_usual_line_stands_below_its_header() {
    let line = line(example());
    for (name, value) in spans(HEADER).into_iter().zip(spans(&line)) {
        assert!(name.0 == value.0 || name.1 == value.1, "{HEADER}{line}");
    }
}

/// A reader of version 1 finds its columns by their place, too: new ones come at the end.
#[test]
fn columns_of_version_1_stay_in_place() {
    assert_eq!(columns(HEADER)[20], "parent");
    assert_eq!(columns(HEADER)[21..], ["realtime", "cgroup", "family"]);
}

#[test]
fn an_unknown_time_is_a_column_too() {
    let mut text = String::new();
    row(&mut text, &placed(example()), None).unwrap();
    assert_eq!(columns(&text)[21], "-");
    assert_eq!(columns(&text).len(), columns(HEADER).len());
}

#[test]
fn an_empty_name_is_a_column_too() {
    let line = line(Record {
        comm: [0; 16],
        ..example()
    });
    assert_eq!(columns(&line)[6], "-");
}

/// Every field has as many characters as its type allows.
#[test]
fn the_longest_line_fits() {
    let widest = Placed {
        cpu: u32::MAX,
        sequence: u64::MAX,
        entry: Record {
            time: u64::MAX,
            duration: u64::MAX,
            pid: u32::MAX,
            tgid: u32::MAX,
            uid: u32::MAX,
            comm: [0xff; 16],
            cgroup: u64::MAX,
            netns: u32::MAX,
            cookie: u64::MAX,
            parent: u64::MAX,
            source: [0xff; 16],
            destination: [0xff; 16],
            source_port: u16::MAX,
            destination_port: u16::MAX,
            error: i32::MIN,
            offset: u32::MAX,
            expected: u32::MAX,
            verdict: Verdict::Mismatch,
            overlaps: u16::MAX,
            flags: Flags(u8::MAX),
        },
    };
    let mut text = String::new();
    row(&mut text, &widest, Some(u64::MAX)).unwrap();
    assert_eq!(columns(&text).len(), columns(HEADER).len());
    assert_eq!(columns(&text)[13], i32::MIN.to_string());
    assert_eq!(text.len(), LONGEST);
}

proptest! {
    #[test]
    fn every_line_has_its_columns(record in any_record()) {
        let text = line(record);
        let found = columns(&text);
        prop_assert_eq!(found.len(), columns(HEADER).len());
        prop_assert_eq!(text.matches('\n').count(), 1);
        prop_assert!(text.is_ascii());
        let column = |name: &str| {
            found[columns(HEADER).iter().position(|&column| column == name).unwrap()]
        };
        let address = |octets| Ipv6Addr::from(octets).to_string();
        let flags: Vec<_> = record.flags.names().collect();
        for (name, wanted) in [
            ("time", record.time.to_string()),
            ("cpu", "3".to_owned()),
            ("seq", "41".to_owned()),
            ("pid", record.pid.to_string()),
            ("tgid", record.tgid.to_string()),
            ("uid", record.uid.to_string()),
            ("netns", record.netns.to_string()),
            ("cookie", record.cookie.to_string()),
            ("parent", record.parent.to_string()),
            ("realtime", REALTIME.unwrap().to_string()),
            ("cgroup", record.cgroup.to_string()),
            ("family", record.family().name().to_owned()),
            ("source", address(record.source)),
            ("sport", record.source_port.to_string()),
            ("destination", address(record.destination)),
            ("dport", record.destination_port.to_string()),
            ("error", record.error.to_string()),
            ("offset", format!("{:#010x}", record.offset)),
            ("expected", format!("{:#010x}", record.expected)),
            ("verdict", record.verdict.name().to_owned()),
            ("duration", record.duration.to_string()),
            ("overlaps", record.overlaps.to_string()),
            ("flags", if flags.is_empty() { "-".to_owned() } else { flags.join(",") }),
        ] {
            prop_assert_eq!(column(name), wanted);
        }
    }
}

#[test]
fn a_name_is_shown_and_cannot_forge_a_column() {
    let mut comm = [0; 16];
    comm[..8].copy_from_slice(b"a b\\\n\x1b\xffz");
    let line = line(Record { comm, ..example() });
    assert_eq!(columns(&line)[6], r"a\x20b\x5c\x0a\x1b\xffz");
}
