// SPDX-License-Identifier: GPL-2.0

//! A plugin of QEMU's emulator. It lists the cache lines that code of kernel modules writes, with the processors that
//! write them.
//!
//! The guest marks phases by an instruction without an effect: `nopl MARK | PHASE(%rax)` (`tsoffset-workload sharing`). The
//! plugin records in every phase but 0. At the end it writes the file of its argument `out=FILE`:
//!
//! - `mark PHASE TIMES`: how often a processor executed the mark of a phase
//! - `store PHASE PROCESSOR INSTRUCTION LINE TIMES`: the address of an instruction, and the physical address of a line
//! - `unknown TIMES`: stores without a physical address
//!
//! Declares the part of QEMU's `qemu-plugin.h` that it uses, because Debian's packages lack that file. QEMU rejects a
//! plugin whose `qemu_plugin_version` it does not support.

use std::{
    collections::HashMap,
    ffi::{c_char, c_int, c_uint, c_void, CStr},
    fmt::Write,
    path::PathBuf,
    sync::{
        atomic::{AtomicU32, AtomicU64, Ordering::Relaxed},
        Mutex, OnceLock,
    },
};

/// Version of QEMU's interface for plugins: of QEMU 9.2 and 10.0.
#[no_mangle]
#[allow(non_upper_case_globals)]
pub static qemu_plugin_version: c_int = 4;

/// Addresses of kernel modules on x86-64 (Documentation/arch/x86/x86_64/mm.rst).
const MODULES: std::ops::Range<u64> = 0xffff_ffff_a000_0000..0xffff_ffff_ff00_0000;

/// Binary logarithm of the size of a cache line.
const LINE: u32 = 6;

/// The first bytes of the mark: `nopl` with a displacement of 32 bits, of which the upper half is this.
const NOPL: [u8; 3] = [0x0f, 0x1f, 0x80];
const MARK: u32 = 0x7473_0000;
const MARK_SIZE: usize = 7;

/// Phases are below this number.
const PHASES: usize = 64;

/// `qemu_info_t`.
#[repr(C)]
pub struct Info {
    target_name: *const c_char,
    version_min: c_int,
    version_cur: c_int,
    system_emulation: bool,
    smp_vcpus: c_int,
    max_vcpus: c_int,
}

#[repr(C)]
pub struct Block(c_void);
#[repr(C)]
pub struct Instruction(c_void);
#[repr(C)]
pub struct Physical(c_void);

/// `QEMU_PLUGIN_CB_NO_REGS` and `QEMU_PLUGIN_MEM_W`.
const NO_REGISTERS: c_int = 0;
const WRITES: c_int = 2;

extern "C" {
    fn qemu_plugin_register_vcpu_tb_trans_cb(id: u64, call: extern "C" fn(u64, *mut Block));
    fn qemu_plugin_tb_n_insns(block: *const Block) -> usize;
    fn qemu_plugin_tb_get_insn(block: *const Block, index: usize) -> *mut Instruction;
    fn qemu_plugin_insn_vaddr(instruction: *const Instruction) -> u64;
    fn qemu_plugin_insn_size(instruction: *const Instruction) -> usize;
    fn qemu_plugin_insn_data(
        instruction: *const Instruction,
        to: *mut c_void,
        size: usize,
    ) -> usize;
    fn qemu_plugin_register_vcpu_insn_exec_cb(
        instruction: *mut Instruction,
        call: extern "C" fn(c_uint, *mut c_void),
        flags: c_int,
        data: *mut c_void,
    );
    fn qemu_plugin_register_vcpu_mem_cb(
        instruction: *mut Instruction,
        call: extern "C" fn(c_uint, u32, u64, *mut c_void),
        flags: c_int,
        accesses: c_int,
        data: *mut c_void,
    );
    fn qemu_plugin_mem_size_shift(access: u32) -> c_uint;
    fn qemu_plugin_get_hwaddr(access: u32, address: u64) -> *mut Physical;
    fn qemu_plugin_hwaddr_phys_addr(physical: *const Physical) -> u64;
    fn qemu_plugin_register_atexit_cb(
        id: u64,
        call: extern "C" fn(u64, *mut c_void),
        data: *mut c_void,
    );
}

/// A kind of store: the phase, the address of the instruction, and the number of the line.
type Store = (u32, u64, u64);

/// How often each processor made each kind of store. Only that processor's thread takes the lock before the end.
static STORES: OnceLock<Vec<Mutex<HashMap<Store, u64>>>> = OnceLock::new();
static OUT: OnceLock<PathBuf> = OnceLock::new();
static PHASE: AtomicU32 = AtomicU32::new(0);
static MARKS: [AtomicU64; PHASES] = [const { AtomicU64::new(0) }; PHASES];
static UNKNOWN: AtomicU64 = AtomicU64::new(0);

extern "C" fn marked(_processor: c_uint, data: *mut c_void) {
    let phase = data as usize;
    MARKS[phase].fetch_add(1, Relaxed);
    PHASE.store(phase as u32, Relaxed);
}

extern "C" fn stored(processor: c_uint, access: u32, address: u64, data: *mut c_void) {
    let phase = PHASE.load(Relaxed);
    if phase == 0 {
        return;
    }
    // SAFETY: QEMU calls this function during the access.
    let physical = unsafe { qemu_plugin_get_hwaddr(access, address) };
    let mine = STORES.get().and_then(|all| all.get(processor as usize));
    let (false, Some(mine)) = (physical.is_null(), mine) else {
        UNKNOWN.fetch_add(1, Relaxed);
        return;
    };
    // SAFETY: The handle is valid until this function returns.
    let (first, size) = unsafe {
        (
            qemu_plugin_hwaddr_phys_addr(physical),
            1_u64 << qemu_plugin_mem_size_shift(access),
        )
    };
    let mut mine = mine.lock().unwrap();
    for line in first >> LINE..=(first + size - 1) >> LINE {
        *mine.entry((phase, data as u64, line)).or_default() += 1;
    }
}

/// Returns the phase that an instruction marks.
fn phase_of(instruction: *const Instruction) -> Option<u32> {
    let mut bytes = [0_u8; MARK_SIZE];
    // SAFETY: The instruction is valid during the translation, and there is room for the bytes.
    let size = unsafe {
        if qemu_plugin_insn_size(instruction) != MARK_SIZE {
            return None;
        }
        qemu_plugin_insn_data(instruction, bytes.as_mut_ptr().cast(), MARK_SIZE)
    };
    let (opcode, displacement) = bytes.split_at(NOPL.len());
    let displacement = u32::from_le_bytes(displacement.try_into().unwrap());
    let phase = displacement ^ MARK;
    (size == MARK_SIZE && opcode == NOPL && (phase as usize) < PHASES).then_some(phase)
}

extern "C" fn translated(_id: u64, block: *mut Block) {
    // SAFETY: QEMU passes a block that is valid during this call.
    let instructions = unsafe { qemu_plugin_tb_n_insns(block) };
    for index in 0..instructions {
        // SAFETY: The block has this instruction, which is valid during this call.
        unsafe {
            let instruction = qemu_plugin_tb_get_insn(block, index);
            let address = qemu_plugin_insn_vaddr(instruction);
            if MODULES.contains(&address) {
                let data = address as *mut c_void;
                qemu_plugin_register_vcpu_mem_cb(instruction, stored, NO_REGISTERS, WRITES, data);
            } else if let Some(phase) = phase_of(instruction) {
                let data = phase as usize as *mut c_void;
                qemu_plugin_register_vcpu_insn_exec_cb(instruction, marked, NO_REGISTERS, data);
            }
        }
    }
}

/// Returns the content of the file.
fn listing() -> String {
    let mut text = String::new();
    for (phase, times) in MARKS.iter().enumerate() {
        match times.load(Relaxed) {
            0 => {}
            times => writeln!(text, "mark {phase} {times}").unwrap(),
        }
    }
    for (processor, stores) in STORES.get().into_iter().flatten().enumerate() {
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
    text
}

extern "C" fn ended(_id: u64, _data: *mut c_void) {
    let out = OUT.get().unwrap();
    if let Err(error) = std::fs::write(out, listing()) {
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
    let out = (0..number as usize).find_map(|i| {
        // SAFETY: The caller guarantees that many strings.
        let argument = unsafe { CStr::from_ptr(*arguments.add(i)) };
        argument.to_str().ok()?.strip_prefix("out=")
    });
    // SAFETY: The caller guarantees a string.
    let target = unsafe { CStr::from_ptr(info.target_name) };
    let (Some(out), true, b"x86_64") = (out, info.system_emulation, target.to_bytes()) else {
        eprintln!("plugin: needs out=FILE, and a machine with x86-64");
        return 1;
    };
    let processors = (0..info.max_vcpus).map(|_| Mutex::default()).collect();
    if OUT.set(out.into()).is_err() || STORES.set(processors).is_err() {
        eprintln!("plugin: can be loaded once only");
        return 1;
    }
    // SAFETY: The functions have the types of qemu-plugin.h.
    unsafe {
        qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
        qemu_plugin_register_atexit_cb(id, ended, std::ptr::null_mut());
    }
    0
}
