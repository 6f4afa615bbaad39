// SPDX-License-Identifier: GPL-2.0

use clap::Parser;

use super::*;
use crate::options::Options;

const CAPTURED: &str = concat!("--proc=", env!("CARGO_MANIFEST_DIR"), "/tests/proc");

fn reader(arguments: &[&str]) -> Events {
    let options = Options::parse_from([&["tsoffset-top", CAPTURED], arguments].concat());
    Events::new(&Files::new(&options), !options.no_events)
}

#[test]
fn lines_that_come_in_pieces_are_whole() {
    let text = "{\"event\":\"failed\",\"cookie\":1}\nnoise\n{\"event\":\"lost\",\"count\":5}\n{\"event\":\"failed\",\"cookie\":2}\n";
    for size in 1..text.len() {
        let (mut events, mut failures) = (reader(&[]), Failures::default());
        for piece in text.as_bytes().chunks(size) {
            events.lines(piece, &mut failures);
        }
        assert_eq!(
            (
                events.read,
                events.lost,
                events.malformed,
                failures.newest().count()
            ),
            (2, 5, 1, 2)
        );
    }
}

#[test]
fn a_file_of_the_module_is_read_from_its_oldest_record() {
    let (mut events, mut failures) = (reader(&[]), Failures::default());
    events.read(&mut failures);
    assert_eq!(events.state, State::Open);
    let first = (events.read, failures.newest().count());
    assert!(first.0 > 100 && first.1 > 10, "{first:?}");
    // There is nothing new.
    events.read(&mut failures);
    assert_eq!((events.read, failures.newest().count()), first);
}

#[test]
fn a_namespace_has_its_own_failures() {
    let of = |arguments: &[&str]| {
        let mut failures = Failures::default();
        reader(arguments).read(&mut failures);
        failures
            .newest()
            .map(|failure| failure.event.number("netns"))
            .collect::<Vec<_>>()
    };
    let (all, own) = (of(&[]), of(&["--netns"]));
    assert!(!own.is_empty() && own.len() < all.len());
    assert!(own.iter().all(|&netns| netns == Some(4026531833)));
}

#[test]
fn events_that_are_not_wanted_are_not_opened() {
    let mut events = reader(&["--no-events"]);
    events.read(&mut Failures::default());
    assert!(
        events.file.is_none()
            && events
                .trouble()
                .is_some_and(|reason| reason.contains("--no-events"))
    );
}

#[test]
fn errors_have_a_meaning() {
    let meaning = |errno| reader(&[]).meaning(&io::Error::from_raw_os_error(errno));
    let says = |state: State, text: &str| match state {
        State::Closed(reason) => reason.contains(text),
        _ => false,
    };
    for errno in [libc::EPERM, libc::EACCES] {
        assert!(matches!(meaning(errno), State::Never(reason) if reason.contains("CAP_NET_ADMIN")));
    }
    assert!(says(meaning(libc::ENODATA), "records=0"));
    assert!(says(meaning(libc::ENODEV), "being loaded"));
    assert!(says(meaning(libc::ENOENT), "there is no"));
}
