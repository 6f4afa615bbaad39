// SPDX-License-Identifier: GPL-2.0

//! The part of QEMU's `qemu-plugin.h` that the plugin uses, because Debian's packages lack that file.

use std::ffi::{c_char, c_int, c_uint, c_void};

/// Version of the interface: of QEMU 9.2 and 10.0. QEMU rejects a plugin of a version that it does not support.
#[no_mangle]
#[allow(non_upper_case_globals)]
pub static qemu_plugin_version: c_int = 4;

/// `qemu_info_t`.
#[repr(C)]
pub struct Info {
    pub target_name: *const c_char,
    pub version_min: c_int,
    pub version_cur: c_int,
    pub system_emulation: bool,
    pub smp_vcpus: c_int,
    pub max_vcpus: c_int,
}

#[repr(C)]
pub struct Block(c_void);
#[repr(C)]
pub struct Instruction(c_void);
#[repr(C)]
pub struct Physical(c_void);

/// `QEMU_PLUGIN_CB_NO_REGS` and `QEMU_PLUGIN_MEM_W`.
pub const NO_REGISTERS: c_int = 0;
pub const WRITES: c_int = 2;

extern "C" {
    pub fn qemu_plugin_register_vcpu_tb_trans_cb(id: u64, call: extern "C" fn(u64, *mut Block));
    pub fn qemu_plugin_register_vcpu_tb_exec_cb(
        block: *mut Block,
        call: extern "C" fn(c_uint, *mut c_void),
        flags: c_int,
        data: *mut c_void,
    );
    pub fn qemu_plugin_tb_n_insns(block: *const Block) -> usize;
    pub fn qemu_plugin_tb_get_insn(block: *const Block, index: usize) -> *mut Instruction;
    pub fn qemu_plugin_insn_vaddr(instruction: *const Instruction) -> u64;
    pub fn qemu_plugin_insn_size(instruction: *const Instruction) -> usize;
    pub fn qemu_plugin_insn_data(
        instruction: *const Instruction,
        to: *mut c_void,
        size: usize,
    ) -> usize;
    pub fn qemu_plugin_register_vcpu_insn_exec_cb(
        instruction: *mut Instruction,
        call: extern "C" fn(c_uint, *mut c_void),
        flags: c_int,
        data: *mut c_void,
    );
    pub fn qemu_plugin_register_vcpu_mem_cb(
        instruction: *mut Instruction,
        call: extern "C" fn(c_uint, u32, u64, *mut c_void),
        flags: c_int,
        accesses: c_int,
        data: *mut c_void,
    );
    pub fn qemu_plugin_mem_size_shift(access: u32) -> c_uint;
    pub fn qemu_plugin_get_hwaddr(access: u32, address: u64) -> *mut Physical;
    pub fn qemu_plugin_hwaddr_phys_addr(physical: *const Physical) -> u64;
    pub fn qemu_plugin_register_atexit_cb(
        id: u64,
        call: extern "C" fn(u64, *mut c_void),
        data: *mut c_void,
    );
}
