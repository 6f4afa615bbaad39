// SPDX-License-Identifier: GPL-2.0

//! Socket events: a socket event read from the ring equals the written one.

use proptest::{option, prelude::*, sample::select};

use crate::model::{
    records::{
        accepted::Accepted,
        failure::{Reason, Stage},
        family::Family,
        merge::Sequenced,
        socket_event::{errno, FourTuple, Outcome, SocketEvent, What},
        who::Who,
    },
    shares::Charge,
    sockets::attempt::Attempt,
};

fn any_who() -> impl Strategy<Value = Who> {
    (any::<[u32; 3]>(), any::<[u8; 16]>(), any::<u64>()).prop_map(
        |([pid, tgid, uid], comm, cgroup)| Who {
            pid,
            tgid,
            uid,
            comm,
            cgroup,
        },
    )
}

fn any_failure() -> impl Strategy<Value = What> {
    let place = (
        select(&Reason::ALL[..]),
        select(&[Stage::Call, Stage::Handshake][..]),
    );
    (
        place,
        any::<u16>(),
        option::of(0..u64::MAX),
        option::of(any_who()),
        any::<u32>(),
    )
        .prop_map(
            |((reason, stage), error, duration, who, uid)| What::Failed {
                reason,
                stage,
                error,
                duration,
                who,
                uid: who.map_or(uid, |who| who.uid),
            },
        )
}

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
        any_failure(),
        (
            select(&Accepted::ALL[..]),
            any::<[u32; 2]>(),
            option::of(0..u64::MAX)
        )
            .prop_map(|(verdict, [offset, expected], handshake)| What::Accepted {
                verdict,
                offset,
                expected,
                handshake
            }),
    ];
    let ends = (any::<u32>(), any::<[[u8; 16]; 2]>(), any::<[u16; 2]>());
    let family = select(&Family::ALL[..]);
    (any::<[u64; 4]>(), family, ends, what).prop_map(
        |(
            [time, cookie, cgroup, parent],
            family,
            (netns, [source, destination], [source_port, destination_port]),
            what,
        )| SocketEvent {
            time,
            cookie,
            // A failure whose task is known has the task's cgroup.
            cgroup: match what {
                What::Failed { who: Some(who), .. } => who.cgroup,
                _ => cgroup,
            },
            parent,
            family,
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

proptest! {
    #[test]
    fn words_say_all_of_an_attempt(who in any_who(), [start, parent] in any::<[u64; 2]>(), charge in any::<u32>()) {
        let attempt = Attempt { start, who, parent, charge: Charge::from_number(charge) };
        prop_assert_eq!(Attempt::from_words(attempt.to_words()), attempt);
    }

    /// No contents of the words cause a panic.
    #[test]
    fn any_words_are_some_socket_event(words in any::<[u64; 15]>()) {
        SocketEvent::from_words(&words);
    }
}

#[test]
fn reasons_are_those_of_their_errors() {
    for (error, call, handshake) in [
        (0, Reason::Closed, Reason::Closed),
        (errno::ECONNREFUSED, Reason::Refused, Reason::Refused),
        (errno::ETIMEDOUT, Reason::Timeout, Reason::Timeout),
        (errno::ECONNRESET, Reason::Reset, Reason::Reset),
        (errno::ENETUNREACH, Reason::NoRoute, Reason::Unreachable),
        (errno::EHOSTUNREACH, Reason::NoRoute, Reason::Unreachable),
        (errno::EADDRNOTAVAIL, Reason::NoPort, Reason::NoPort),
        (errno::EACCES, Reason::Filtered, Reason::Filtered),
        (errno::EPERM, Reason::Filtered, Reason::Filtered),
        (22, Reason::Error, Reason::Error),
    ] {
        assert_eq!(Reason::of(error, Stage::Call), call);
        assert_eq!(Reason::of(error, Stage::Handshake), handshake);
    }
    for (number, reason) in Reason::ALL.into_iter().enumerate() {
        assert_eq!(reason as usize, number);
    }
}

#[test]
fn an_accepted_offset_is_judged() {
    for (offset, expected, by_cookie, verdict) in [
        (7, 7, false, Accepted::Match),
        (7, 7, true, Accepted::SynCookie),
        (0, 7, true, Accepted::SynCookie),
        (0, 7, false, Accepted::Absent),
        (0, 0, false, Accepted::Zero),
        // A cookie does not explain another offset.
        (8, 7, false, Accepted::Chosen),
        (8, 7, true, Accepted::Chosen),
        // tcp_timestamps is no longer 1.
        (8, 0, false, Accepted::Unjudged),
    ] {
        assert_eq!(
            Accepted::judge(offset, expected, by_cookie, Accepted::Chosen),
            verdict
        );
    }
    for (number, verdict) in Accepted::ALL.into_iter().enumerate() {
        assert_eq!(verdict as usize, number);
    }
}

#[test]
fn numbers_are_places_in_the_list() {
    for (number, outcome) in Outcome::ALL.into_iter().enumerate() {
        assert_eq!(outcome as usize, number);
    }
}
