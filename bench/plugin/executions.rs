// SPDX-License-Identifier: GPL-2.0

//! How often each instruction of the kernel and its modules runs: `ran PHASE INSTRUCTION TIMES`, with the address of the
//! instruction.
//!
//! QEMU calls the plugin once for a block of instructions, which runs to its end unless an access in it faults.

use std::{
    collections::BTreeMap,
    ffi::{c_uint, c_void},
    fmt::Write,
    sync::{
        atomic::{AtomicU64, Ordering::Relaxed},
        Mutex,
    },
};

use crate::{
    instructions, phase,
    qemu::{self, Block},
    watch_marks, PHASES,
};

/// The kernel has the upper half of the addresses.
const KERNEL: u64 = 1 << 63;

/// A translated block: its instructions' addresses, and how often it ran in each phase.
struct Translated {
    addresses: Vec<u64>,
    times: [AtomicU64; PHASES],
}

/// All blocks, until QEMU ends. QEMU can translate an instruction several times.
static BLOCKS: Mutex<Vec<&'static Translated>> = Mutex::new(Vec::new());

pub extern "C" fn translated(_id: u64, block: *mut Block) {
    watch_marks(block);
    let addresses: Vec<u64> = instructions(block).map(|(_, address)| address).collect();
    if !addresses.first().is_some_and(|first| *first >= KERNEL) {
        return;
    }
    let translated: &'static Translated = Box::leak(Box::new(Translated {
        addresses,
        times: [const { AtomicU64::new(0) }; PHASES],
    }));
    BLOCKS.lock().unwrap().push(translated);
    let data = std::ptr::from_ref(translated).cast_mut().cast();
    // SAFETY: The block is valid during its translation. `ran` gets a pointer to static data.
    unsafe { qemu::qemu_plugin_register_vcpu_tb_exec_cb(block, ran, qemu::NO_REGISTERS, data) };
}

extern "C" fn ran(_processor: c_uint, data: *mut c_void) {
    // SAFETY: `translated` registers this function with such a pointer.
    let block = unsafe { &*data.cast::<Translated>() };
    block.times[phase() as usize].fetch_add(1, Relaxed);
}

/// Appends the lines of the file.
pub fn list(text: &mut String) {
    let mut all: BTreeMap<(usize, u64), u64> = BTreeMap::new();
    for block in BLOCKS.lock().unwrap().iter() {
        for (phase, times) in block.times.iter().enumerate().skip(1) {
            let times = times.load(Relaxed);
            if times > 0 {
                for &address in &block.addresses {
                    *all.entry((phase, address)).or_default() += times;
                }
            }
        }
    }
    for ((phase, address), times) in all {
        writeln!(text, "ran {phase} {address:#x} {times}").unwrap();
    }
}
