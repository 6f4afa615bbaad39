// SPDX-License-Identifier: GPL-2.0

//! The cache lines that code of kernel modules writes, with the processors that write them.
//!
//! `store PHASE PROCESSOR INSTRUCTION LINE TIMES` has the address of an instruction and the physical address of a line.
//! `unknown TIMES` counts stores without a physical address.

use std::{
    collections::HashMap,
    ffi::{c_int, c_uint, c_void},
    fmt::Write,
    ops::Range,
    sync::{
        atomic::{AtomicU64, Ordering::Relaxed},
        Mutex, OnceLock,
    },
};

use crate::{
    instructions, phase,
    qemu::{self, Block},
    watch_marks,
};

/// Addresses of kernel modules on x86-64 (Documentation/arch/x86/x86_64/mm.rst).
const MODULES: Range<u64> = 0xffff_ffff_a000_0000..0xffff_ffff_ff00_0000;

/// Binary logarithm of the size of a cache line.
const LINE: u32 = 6;

/// A kind of store: the phase, the address of the instruction, and the number of the line.
type Store = (u32, u64, u64);

/// How often each processor made each kind of store. Only that processor's thread takes the lock before the end.
static STORES: OnceLock<Vec<Mutex<HashMap<Store, u64>>>> = OnceLock::new();
static UNKNOWN: AtomicU64 = AtomicU64::new(0);

/// Makes room for a number of processors, and returns the function for the translation of a block.
pub fn begin(processors: c_int) -> extern "C" fn(u64, *mut Block) {
    STORES.get_or_init(|| (0..processors).map(|_| Mutex::default()).collect());
    translated
}

extern "C" fn translated(_id: u64, block: *mut Block) {
    watch_marks(block);
    for (instruction, address) in instructions(block) {
        if MODULES.contains(&address) {
            let data = address as *mut c_void;
            // SAFETY: The instruction is valid during the translation.
            unsafe {
                qemu::qemu_plugin_register_vcpu_mem_cb(
                    instruction,
                    stored,
                    qemu::NO_REGISTERS,
                    qemu::WRITES,
                    data,
                );
            }
        }
    }
}

extern "C" fn stored(processor: c_uint, access: u32, address: u64, data: *mut c_void) {
    let phase = phase();
    if phase == 0 {
        return;
    }
    // SAFETY: QEMU calls this function during the access.
    let physical = unsafe { qemu::qemu_plugin_get_hwaddr(access, address) };
    let mine = STORES.get().and_then(|all| all.get(processor as usize));
    let (false, Some(mine)) = (physical.is_null(), mine) else {
        UNKNOWN.fetch_add(1, Relaxed);
        return;
    };
    // SAFETY: The handle is valid until this function returns.
    let (first, size) = unsafe {
        (
            qemu::qemu_plugin_hwaddr_phys_addr(physical),
            1_u64 << qemu::qemu_plugin_mem_size_shift(access),
        )
    };
    let mut mine = mine.lock().unwrap();
    for line in first >> LINE..=(first + size - 1) >> LINE {
        *mine.entry((phase, data as u64, line)).or_default() += 1;
    }
}

/// Appends the lines of the file.
pub fn list(text: &mut String) {
    let Some(all) = STORES.get() else { return };
    for (processor, stores) in all.iter().enumerate() {
        for ((phase, instruction, line), times) in stores.lock().unwrap().iter() {
            let line = line << LINE;
            writeln!(
                text,
                "store {phase} {processor} {instruction:#x} {line:#x} {times}"
            )
            .unwrap();
        }
    }
    writeln!(text, "unknown {}", UNKNOWN.load(Relaxed)).unwrap();
}
