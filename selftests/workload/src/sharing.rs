// SPDX-License-Identifier: GPL-2.0

//! Connects on each processor at once, and marks the time of the connects for the emulator's plugin of `make sharing`.

use std::{net::SocketAddr, sync::Barrier, thread};

use anyhow::Result;
use clap::Args;
use nix::{
    sched::{sched_getaffinity, CpuSet},
    unistd::Pid,
};

use crate::{overlap::stay_on, socket};

#[derive(Args)]
pub struct Options {
    /// Number of the phase, 1 to 7
    #[arg(value_parser = clap::value_parser!(u8).range(1..=7))]
    phase: u8,
    /// Destination `[address]:port`
    #[arg(long, default_value = "[::1]:7000")]
    to: String,
    /// Connects of each processor
    #[arg(long, default_value_t = 100)]
    connects: u64,
}

/// Connects from one thread on each processor. A thread ends after the second mark: until then, no stack has two users.
pub fn run(options: &Options) -> Result<()> {
    let to = socket::address(&options.to)?;
    let allowed = sched_getaffinity(Pid::from_raw(0))?;
    let cpus: Vec<usize> = (0..CpuSet::count())
        .filter(|&cpu| allowed.is_set(cpu).unwrap_or(false))
        .collect();
    let meeting = Barrier::new(cpus.len() + 1);
    thread::scope(|scope| {
        let threads: Vec<_> = cpus
            .iter()
            .map(|&cpu| {
                let meeting = &meeting;
                scope.spawn(move || {
                    let stays = stay_on(cpu);
                    meeting.wait();
                    meeting.wait();
                    let result = stays.and_then(|()| connect(to, options.connects));
                    meeting.wait();
                    meeting.wait();
                    result
                })
            })
            .collect();
        meeting.wait();
        mark(options.phase);
        meeting.wait();
        meeting.wait();
        mark(0);
        meeting.wait();
        threads
            .into_iter()
            .try_for_each(|thread| thread.join().expect("no thread panics"))
    })?;
    println!("processors {}", cpus.len());
    Ok(())
}

fn connect(to: SocketAddr, number: u64) -> Result<()> {
    for _ in 0..number {
        let socket = socket::tcp_for(to, false)?;
        socket::reset_on_close(&socket)?;
        socket.connect(&to.into())?;
    }
    Ok(())
}

/// Executes the plugin's mark: `nopl 0x74730000 | PHASE(%rax)`, which has no effect. The displacement is a part of the
/// instruction, so each phase has an instruction.
#[cfg(target_arch = "x86_64")]
#[expect(
    unsafe_code,
    reason = "the compiler has no other way to an instruction"
)]
fn mark(phase: u8) {
    macro_rules! marks {
        ($($number:literal)*) => {
            match phase {
                $(
                    // SAFETY: The instruction does nothing.
                    $number => unsafe {
                        core::arch::asm!(
                            ".byte 0x0f, 0x1f, 0x80",
                            ".long 0x74730000 | {number}",
                            number = const $number,
                            options(nomem, nostack, preserves_flags),
                        );
                    },
                )*
                _ => unreachable!("clap has checked the phase"),
            }
        };
    }
    marks!(0 1 2 3 4 5 6 7);
}

#[cfg(not(target_arch = "x86_64"))]
fn mark(_phase: u8) {
    unreachable!("make sharing rejects other architectures");
}
