// SPDX-License-Identifier: GPL-2.0

use std::{
    fs,
    path::PathBuf,
    time::{Duration, Instant},
};

use clap::Parser;
use ratatui::{backend::TestBackend, crossterm::event::KeyCode, Terminal};

use super::*;
use crate::options::Options;

const CAPTURED: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/proc");

fn state(arguments: &[&str]) -> State {
    let proc = format!("--proc={CAPTURED}");
    let mut state = State::new(&Options::parse_from(
        [&["tsoffset-top", proc.as_str()], arguments].concat(),
    ));
    state.read(Instant::now());
    state
}

fn shown(state: &State, width: u16, height: u16) -> Vec<String> {
    let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
    terminal.draw(|frame| draw(frame, state)).unwrap();
    let text = terminal.backend().to_string();
    text.lines()
        .map(|line| line.trim_matches('"').trim_end().to_string())
        .collect()
}

#[test]
fn a_terminal_of_80_by_24_has_everything() {
    let screen = shown(&state(&[]), 80, 24);
    let text = screen.join("\n");
    for part in [
        "host",
        "VERDICT",
        "match",
        "OUTCOME",
        "established",
        "CALLS",
        "50%<262us",
        "LOST",
        "ACCEPTED  match",
        "FAILURES",
        "refused",
        "q quit",
    ] {
        assert!(text.contains(part), "{part}:\n{text}");
    }
    // No line is cut but those of failures, which are shortened within.
    assert!(screen.iter().all(|line| line.chars().count() <= 80));
}

#[test]
fn every_size_gets_what_fits() {
    let mut state = state(&[]);
    for scroll in [0, 500] {
        for recent in [false, true] {
            (state.scroll, state.recent) = (scroll, recent);
            for width in (1..130).step_by(13) {
                for height in (1..50).step_by(6) {
                    shown(&state, width, height);
                }
            }
        }
    }
}

#[test]
fn rates_are_those_between_two_readings() {
    let (mut state, start) = (state(&[]), Instant::now());
    assert!(shown(&state, 80, 24)[1].starts_with("connects  738 called  0 in flight"));
    let text = fs::read_to_string(PathBuf::from(CAPTURED).join("tsoffset/stats")).unwrap();
    state.source.rates.clear();
    for (seconds, called) in [(0, 738), (3, 744)] {
        let text = text.replace("connects_called 738", &format!("connects_called {called}"));
        let at = start + Duration::from_secs(seconds);
        state.source.rates.push(at, Stats::parse(&text).unwrap());
    }
    let second = &shown(&state, 80, 24)[1];
    assert!(
        second.starts_with("connects  744 called (2.0/s)  0 in flight"),
        "{second}"
    );
}

#[test]
fn alerts_and_trouble_are_on_the_screen() {
    let mut state = state(&[]);
    let text = fs::read_to_string(PathBuf::from(CAPTURED).join("tsoffset/stats")).unwrap();
    let wrong = text.replace("ledger balanced", "ledger unbalanced");
    state
        .source
        .rates
        .push(Instant::now(), Stats::parse(&wrong).unwrap());
    assert!(shown(&state, 80, 24)[2].starts_with("! ledger unbalanced"));
    state.trouble = Some("the module is not loaded".into());
    assert_eq!(shown(&state, 80, 24)[1], "! the module is not loaded");
}

#[test]
fn keys_change_the_screen() {
    let mut state = state(&[]);
    assert!(!state.key(KeyCode::Char('p')));
    assert!(shown(&state, 80, 24)[0].contains("  PAUSED  "));
    state.key(KeyCode::Char('p'));
    state.key(KeyCode::Char('+'));
    assert!(shown(&state, 80, 24)[0].contains("  every 2 s  "));
    state.key(KeyCode::Char('-'));
    state.key(KeyCode::Char('-'));
    assert!(shown(&state, 80, 24)[0].contains("  every 0.5 s  "));
    state.key(KeyCode::Char('d'));
    assert!(shown(&state, 80, 24).join("\n").contains("LAST 50%"));
    let first = shown(&state, 80, 24);
    state.key(KeyCode::Down);
    assert_ne!(first, shown(&state, 80, 24));
    state.key(KeyCode::Up);
    assert_eq!(first, shown(&state, 80, 24));
    assert!(state.key(KeyCode::Char('q')));
}

#[test]
fn lines_of_a_later_module_have_a_place() {
    let mut state = state(&[]);
    let mut text = fs::read_to_string(PathBuf::from(CAPTURED).join("tsoffset/stats")).unwrap();
    text.push_str("ipv4 on\nconnects_v4_called 5\nconnects_v4_missed 77\noffset_v4_match 66\noutcome_later 88\nfailed_no_port 99\n");
    state
        .source
        .rates
        .push(Instant::now(), Stats::parse(&text).unwrap());
    let screen = shown(&state, 80, 24).join("\n");
    for part in [
        "5 called over IPv4",
        "connects_v4_missed 77",
        "match v4",
        "later",
        "no_port 99",
    ] {
        assert!(screen.contains(part), "{part}:\n{screen}");
    }
}
