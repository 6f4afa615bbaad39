// SPDX-License-Identifier: GPL-2.0

//! Marks a phase for the emulator's plugin (`bench/sharing/plugin.rs`).

use anyhow::{bail, Result};
use clap::Args;

#[derive(Args)]
pub struct Options {
    /// Number of the phase that begins; 0 ends a phase
    phase: u32,
}

/// Executes the plugin's mark: `nopl 0x74730000 | PHASE(%rax)`, which has no effect. The displacement is a part of the
/// instruction, so each phase has an instruction.
#[cfg(target_arch = "x86_64")]
pub fn run(options: &Options) -> Result<()> {
    macro_rules! marks {
        ($($phase:literal)*) => {
            match options.phase {
                $(
                    // SAFETY: The instruction does nothing.
                    $phase => unsafe {
                        core::arch::asm!(
                            ".byte 0x0f, 0x1f, 0x80",
                            ".long 0x74730000 | {phase}",
                            phase = const $phase,
                            options(nomem, nostack, preserves_flags),
                        );
                    },
                )*
                phase => bail!("no phase {phase}"),
            }
        };
    }
    marks!(0 1 2 3 4 5 6 7);
    Ok(())
}

#[cfg(not(target_arch = "x86_64"))]
pub fn run(_options: &Options) -> Result<()> {
    bail!("only x86-64 has the mark");
}
