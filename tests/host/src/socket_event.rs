// SPDX-License-Identifier: GPL-2.0

//! Socket events: a socket event read from the ring equals the written one.

use proptest::{option, prelude::*, sample::select};

use crate::model::records::{
    merge::Entry,
    socket_event::{FourTuple, Outcome, SocketEvent, What},
};

pub fn any_socket_event() -> impl Strategy<Value = SocketEvent> {
    let what = prop_oneof![
        (
            select(&Outcome::ALL[..]),
            any::<u16>(),
            // The largest value means unknown.
            option::of(0..u64::MAX)
        )
            .prop_map(|(outcome, error, handshake)| What::Ended {
                outcome,
                error,
                handshake
            }),
        any::<[u32; 2]>().prop_map(|[offset, expected]| What::Rewritten { offset, expected }),
    ];
    let ends = (any::<u32>(), any::<[[u8; 16]; 2]>(), any::<[u16; 2]>());
    (any::<[u64; 2]>(), ends, what).prop_map(
        |(
            [time, cookie],
            (netns, [source, destination], [source_port, destination_port]),
            what,
        )| SocketEvent {
            time,
            cookie,
            ends: FourTuple {
                netns,
                source,
                destination,
                source_port,
                destination_port,
            },
            what,
        },
    )
}

proptest! {
    #[test]
    fn words_hold_a_whole_socket_event(socket_event in any_socket_event()) {
        prop_assert_eq!(SocketEvent::from_words(&socket_event.to_words()), socket_event);
        prop_assert_eq!(socket_event.time(), socket_event.time);
    }
}

#[test]
fn numbers_are_places_in_the_list() {
    for (number, outcome) in Outcome::ALL.into_iter().enumerate() {
        assert_eq!(outcome as usize, number);
    }
}
