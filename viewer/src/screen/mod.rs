// SPDX-License-Identifier: GPL-2.0

//! The screen: readings at each interval, keys, and signals.

mod blocks;
mod flow;
mod input;
mod list;
mod state;
mod theme;
mod view;

use std::{
    io::{self, IsTerminal},
    panic, process,
};

use anyhow::{bail, Context, Result};
use ratatui::{
    crossterm::{cursor::Show, execute},
    DefaultTerminal, //
};

use crate::{options::Options, proc::Files};
use input::Input;
use state::State;

/// Shows the counts until the user quits, or a signal ends the program.
pub fn run(options: &Options) -> Result<()> {
    if !io::stdout().is_terminal() || !io::stdin().is_terminal() {
        bail!("no terminal: use --once or --json");
    }
    if std::env::var("TERM").is_ok_and(|term| term == "dumb") {
        bail!("this terminal cannot move its cursor (TERM=dumb): use --once or --json");
    }
    // Errors that stay go to the terminal as it is.
    Files::new(options).stats()?;
    let input = Input::start()?;
    show_cursor_in_panics();
    let mut terminal = ratatui::try_init().context("the terminal")?;
    let result = show(&mut terminal, options, &input);
    let restored = terminal.show_cursor().and(ratatui::try_restore());
    if let Ok(Ended::Gone) = result {
        // The destructor of the terminal would panic: it cannot write a message, either.
        process::exit(0);
    }
    result?;
    Ok(restored?)
}

/// ratatui restores everything in a panic but the cursor. A panic aborts the program, so no destructor runs.
fn show_cursor_in_panics() {
    let print = panic::take_hook();
    panic::set_hook(Box::new(move |info| {
        let _ = execute!(io::stdout(), Show);
        print(info);
    }));
}

/// How the screen ended.
enum Ended {
    Quit,
    /// The terminal is gone: nothing can be written.
    Gone,
}

fn show(terminal: &mut DefaultTerminal, options: &Options, input: &Input) -> Result<Ended> {
    let mut state = State::new(options);
    loop {
        state.read_if_due();
        match terminal.draw(|frame| view::draw(frame, &state)) {
            Err(error) if error.raw_os_error() == Some(libc::EIO) => return Ok(Ended::Gone),
            other => other.context("the terminal")?,
        };
        match input.wait(state.due()) {
            input::What::Key(key) => {
                if state.key(key) {
                    return Ok(Ended::Quit);
                }
            }
            input::What::Resized | input::What::Nothing => (),
            input::What::Ended => return Ok(Ended::Quit),
            input::What::Gone => return Ok(Ended::Gone),
        }
    }
}
