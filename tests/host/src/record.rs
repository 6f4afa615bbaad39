// SPDX-License-Identifier: GPL-2.0

//! Records: a record read from the ring equals the written one.

use proptest::{prelude::*, sample::select};

use crate::model::{
    records::{
        draft::{Draft, Words},
        family::Family,
        merge::Sequenced,
        record::{Flags, Record, WORDS},
    },
    verdict::Verdict,
};

pub fn any_record() -> impl Strategy<Value = Record> {
    let task = (any::<[u32; 4]>(), any::<[u8; 16]>());
    let tuple = (any::<[[u8; 16]; 2]>(), any::<[u16; 2]>());
    // An errno, negative.
    let result = (-4095..=0_i32, any::<[u32; 2]>(), select(&Verdict::ALL[..]));
    let numbers = (any::<[u64; 3]>(), [0..1_u64 << 48, 0..1_u64 << 48]);
    let rest = (numbers, any::<u16>(), 0..32_u8);
    (task, tuple, result, rest).prop_map(
        |(
            ([pid, tgid, uid, netns], comm),
            ([source, destination], [source_port, destination_port]),
            (error, [offset, expected], verdict),
            (([time, duration, cookie], [parent, cgroup]), overlaps, flags),
        )| Record {
            time,
            duration,
            cookie,
            parent,
            cgroup,
            comm,
            pid,
            tgid,
            uid,
            netns,
            source,
            source_port,
            destination,
            destination_port,
            error,
            offset,
            expected,
            verdict,
            overlaps,
            flags: Flags(flags),
        },
    )
}

/// Writes the words of a record, as a handler does.
pub fn write(record: &Record, words: impl Words) {
    let mut draft = Draft(words);
    draft.times(record.time, record.duration);
    draft.task(record.pid, record.tgid, record.comm);
    draft.owners(record.uid, record.netns);
    draft.cookie(record.cookie);
    draft.source(record.source);
    draft.destination(record.destination);
    draft.verdict(
        record.verdict,
        record.flags,
        record.source_port,
        record.destination_port,
    );
    draft.offsets(record.offset, record.expected);
    draft.cgroup(record.cgroup, record.error);
    draft.parent(record.parent, record.overlaps);
}

fn words(record: &Record) -> [u64; WORDS] {
    let mut words = [0; WORDS];
    write(record, &mut words);
    words
}

proptest! {
    #[test]
    fn words_say_all_of_a_record(record in any_record()) {
        prop_assert_eq!(Record::from_words(&words(&record)), record);
    }

    /// No contents of the words cause a panic.
    #[test]
    fn any_words_are_some_record(words in any::<[u64; 15]>()) {
        let record = Record::from_words(&words);
        prop_assert!(record.comm().len() <= 16);
    }
}

/// A larger cgroup ID spoils no other field.
#[test]
fn a_cgroup_has_48_bits() {
    let empty = Record::from_words(&[0; 15]);
    let cgroup = 0xffff_8000_0001_0002;
    let record = Record { cgroup, ..empty };
    let read = Record::from_words(&words(&record));
    assert_eq!(read.cgroup, 0x8000_0001_0002);
    assert_eq!(Record { cgroup: 0, ..read }, empty);
}

#[test]
fn a_family_is_that_of_the_flags() {
    let empty = Record::from_words(&[0; 15]);
    for (flags, family) in [
        (Flags::default(), Family::V6),
        (Flags::MPTCP, Family::V6),
        (Flags::V4_MAPPED, Family::V4Mapped),
        (Flags::V4, Family::V4),
    ] {
        assert_eq!(Record { flags, ..empty }.family(), family);
    }
    for (number, family) in Family::ALL.into_iter().enumerate() {
        assert_eq!(family as usize, number);
    }
}

#[test]
fn flags_have_names() {
    let flags = Flags::default()
        .with(Flags::REPAIR, true)
        .with(Flags::MPTCP, false)
        .with(Flags::V4_MAPPED, true);
    assert_eq!(flags.names().collect::<Vec<_>>(), ["repair", "v4mapped"]);
}
