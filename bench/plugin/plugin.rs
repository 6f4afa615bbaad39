// SPDX-License-Identifier: GPL-2.0

//! A plugin of QEMU's emulator, for `make sharing` and `make instructions`.
//!
//! The guest marks phases by an instruction without an effect: `nopl MARK | PHASE(%rax)` (`tsoffset-workload sharing`). The
//! plugin records in every phase but 0. At the end it writes the file of its argument:
//!
//! | argument | records | lines |
//! |---|---|---|
//! | `stores=FILE` | stores by code of kernel modules (`stores.rs`) | `store PHASE PROCESSOR INSTRUCTION LINE TIMES`, `unknown TIMES` |
//! | `executions=FILE` | instructions of the kernel and its modules (`executions.rs`) | `ran PHASE INSTRUCTION TIMES` |
//! | each | how often a processor executed the mark of a phase | `mark PHASE TIMES` |

use std::{
    ffi::{c_char, c_int, c_uint, c_void, CStr},
    fmt::Write,
    path::PathBuf,
    sync::{
        atomic::{AtomicU32, AtomicU64, Ordering::Relaxed},
        OnceLock,
    },
};

mod executions;
mod qemu;
mod stores;

use qemu::{Block, Info, Instruction};

/// The first bytes of the mark: `nopl` with a displacement of 32 bits, of which the upper half is this.
const NOPL: [u8; 3] = [0x0f, 0x1f, 0x80];
const MARK: u32 = 0x7473_0000;
const MARK_SIZE: usize = 7;

/// Phases are below this number.
const PHASES: usize = 8;

static OUT: OnceLock<PathBuf> = OnceLock::new();
static PHASE: AtomicU32 = AtomicU32::new(0);
static MARKS: [AtomicU64; PHASES] = [const { AtomicU64::new(0) }; PHASES];

/// Returns the present phase.
fn phase() -> u32 {
    PHASE.load(Relaxed)
}

extern "C" fn marked(_processor: c_uint, data: *mut c_void) {
    let phase = data as usize;
    MARKS[phase].fetch_add(1, Relaxed);
    PHASE.store(phase as u32, Relaxed);
}

/// Returns the phase that an instruction marks.
fn phase_of(instruction: *const Instruction) -> Option<u32> {
    let mut bytes = [0_u8; MARK_SIZE];
    // SAFETY: The instruction is valid during the translation, and there is room for the bytes.
    let size = unsafe {
        if qemu::qemu_plugin_insn_size(instruction) != MARK_SIZE {
            return None;
        }
        qemu::qemu_plugin_insn_data(instruction, bytes.as_mut_ptr().cast(), MARK_SIZE)
    };
    let (opcode, displacement) = bytes.split_at(NOPL.len());
    let displacement = u32::from_le_bytes(displacement.try_into().unwrap());
    let phase = displacement ^ MARK;
    (size == MARK_SIZE && opcode == NOPL && (phase as usize) < PHASES).then_some(phase)
}

/// Returns the instructions of a block with their addresses.
fn instructions(block: *mut Block) -> impl Iterator<Item = (*mut Instruction, u64)> {
    // SAFETY: The caller passes on a block that is valid during its translation.
    let number = unsafe { qemu::qemu_plugin_tb_n_insns(block) };
    (0..number).map(move |index| {
        // SAFETY: The block has this instruction.
        unsafe {
            let instruction = qemu::qemu_plugin_tb_get_insn(block, index);
            (instruction, qemu::qemu_plugin_insn_vaddr(instruction))
        }
    })
}

/// Calls [`marked`] at each mark in a block.
fn watch_marks(block: *mut Block) {
    for (instruction, _) in instructions(block) {
        if let Some(phase) = phase_of(instruction) {
            let data = phase as usize as *mut c_void;
            // SAFETY: The instruction is valid during the translation.
            unsafe {
                qemu::qemu_plugin_register_vcpu_insn_exec_cb(
                    instruction,
                    marked,
                    qemu::NO_REGISTERS,
                    data,
                );
            }
        }
    }
}

extern "C" fn ended(_id: u64, _data: *mut c_void) {
    let out = OUT.get().unwrap();
    let mut text = String::new();
    for (phase, times) in MARKS.iter().enumerate() {
        match times.load(Relaxed) {
            0 => {}
            times => writeln!(text, "mark {phase} {times}").unwrap(),
        }
    }
    stores::list(&mut text);
    executions::list(&mut text);
    if let Err(error) = std::fs::write(out, text) {
        eprintln!("plugin: {}: {error}", out.display());
    }
}

/// # Safety
///
/// QEMU calls this function once, with a live `info` and the plugin's arguments.
#[no_mangle]
pub unsafe extern "C" fn qemu_plugin_install(
    id: u64,
    info: *const Info,
    number: c_int,
    arguments: *const *const c_char,
) -> c_int {
    // SAFETY: The caller guarantees a live structure.
    let info = unsafe { &*info };
    let argument = (0..number as usize).find_map(|i| {
        // SAFETY: The caller guarantees that many strings.
        let argument = unsafe { CStr::from_ptr(*arguments.add(i)) };
        argument.to_str().ok()?.split_once('=')
    });
    // SAFETY: The caller guarantees a string.
    let target = unsafe { CStr::from_ptr(info.target_name) };
    let (true, b"x86_64") = (info.system_emulation, target.to_bytes()) else {
        eprintln!("plugin: needs a machine with x86-64");
        return 1;
    };
    let (out, translated) = match argument {
        Some(("stores", out)) => (out, stores::begin(info.max_vcpus)),
        Some(("executions", out)) => (out, executions::translated as _),
        _ => {
            eprintln!("plugin: needs stores=FILE or executions=FILE");
            return 1;
        }
    };
    if OUT.set(out.into()).is_err() {
        eprintln!("plugin: can be loaded once only");
        return 1;
    }
    // SAFETY: The functions have the types of qemu-plugin.h.
    unsafe {
        qemu::qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
        qemu::qemu_plugin_register_atexit_cb(id, ended, std::ptr::null_mut());
    }
    0
}
