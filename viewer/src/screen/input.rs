// SPDX-License-Identifier: GPL-2.0

//! Keys and signals. A thread waits for each of them, so that nothing runs between two readings.

use std::{
    sync::mpsc::{self, Receiver, RecvTimeoutError, Sender},
    thread,
    time::Instant,
};

use anyhow::{Context, Result};
use ratatui::crossterm::event::{self, Event, KeyCode, KeyEventKind, KeyModifiers};
use signal_hook::{
    consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM},
    iterator::Signals,
};

/// A key, or another event.
pub enum What {
    Key(KeyCode),
    /// The terminal has another size.
    Resized,
    /// The time is up.
    Nothing,
    /// A signal or Ctrl-C ends the program.
    Ended,
    /// The terminal hung up.
    Gone,
}

/// The receiver of the channel. The threads have the senders.
pub struct Input(Receiver<What>);

impl Input {
    /// Starts to wait for signals and keys.
    pub fn start() -> Result<Self> {
        let (sender, receiver) = mpsc::channel();
        let mut signals = Signals::new([SIGHUP, SIGINT, SIGQUIT, SIGTERM]).context("signals")?;
        let of_signals = sender.clone();
        thread::spawn(move || {
            for signal in signals.forever() {
                let what = if signal == SIGHUP {
                    What::Gone
                } else {
                    What::Ended
                };
                let _ = of_signals.send(what);
            }
        });
        thread::spawn(move || keys(&sender));
        Ok(Self(receiver))
    }

    /// Waits until a key or a signal comes, or until a time.
    pub fn wait(&self, until: Instant) -> What {
        match self
            .0
            .recv_timeout(until.saturating_duration_since(Instant::now()))
        {
            Ok(what) => what,
            Err(RecvTimeoutError::Timeout) => What::Nothing,
            Err(RecvTimeoutError::Disconnected) => What::Gone,
        }
    }
}

/// Sends keys and sizes of the terminal, until the terminal is gone.
fn keys(sender: &Sender<What>) {
    loop {
        let what = match event::read() {
            Ok(Event::Key(key)) if key.kind == KeyEventKind::Release => continue,
            Ok(Event::Key(key)) if key.modifiers.contains(KeyModifiers::CONTROL) => {
                // In raw mode, the terminal sends no signal for these keys.
                match key.code {
                    KeyCode::Char('c' | '\\') => What::Ended,
                    KeyCode::Char('l') => What::Resized,
                    _ => continue,
                }
            }
            Ok(Event::Key(key)) => What::Key(key.code),
            Ok(Event::Resize(..)) => What::Resized,
            Ok(_) => continue,
            Err(_) => What::Gone,
        };
        let last = matches!(what, What::Gone);
        if sender.send(what).is_err() || last {
            return;
        }
    }
}
