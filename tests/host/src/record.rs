// SPDX-License-Identifier: GPL-2.0

//! Records: a record read from the ring equals the written one.

use proptest::{prelude::*, sample::select};

use crate::model::{
    records::{
        merge::Entry,
        record::{Flags, Record},
    },
    verdict::Verdict,
};

pub fn any_record() -> impl Strategy<Value = Record> {
    let task = (any::<[u32; 4]>(), any::<[u8; 16]>());
    let tuple = (any::<[[u8; 16]; 2]>(), any::<[u16; 2]>());
    let result = (any::<i32>(), any::<[u32; 2]>(), select(&Verdict::ALL[..]));
    let rest = (any::<[u64; 4]>(), any::<u16>(), 0..16_u8);
    (task, tuple, result, rest).prop_map(
        |(
            ([pid, tgid, uid, netns], comm),
            ([source, destination], [source_port, destination_port]),
            (error, [offset, expected], verdict),
            ([time, duration, cookie, parent], overlaps, flags),
        )| Record {
            time,
            duration,
            pid,
            tgid,
            uid,
            comm,
            netns,
            cookie,
            parent,
            source,
            destination,
            source_port,
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

proptest! {
    #[test]
    fn words_say_all_of_a_record(record in any_record()) {
        prop_assert_eq!(Record::from_words(&record.to_words()), record);
    }

    /// No contents of the words cause a panic.
    #[test]
    fn any_words_are_some_record(words in any::<[u64; 15]>()) {
        let record = Record::from_words(&words);
        prop_assert!(record.comm().len() <= 16);
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
