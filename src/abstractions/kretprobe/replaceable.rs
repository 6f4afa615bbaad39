// SPDX-License-Identifier: GPL-2.0

//! A check of the handler of a kretprobe's kprobe: the module replaces a known one only.
//!
//! C header: [`include/linux/kallsyms.h`](srctree/include/linux/kallsyms.h)

use kernel::ffi::c_ulong;

use super::super::compat::prelude::*;
use crate::bindings;

/// The kernel's handler of a kretprobe's kprobe (kernel/kprobes.c), as `sprint_symbol()` prints its address.
const EXPECTED: &[u8] = b"pre_handler_kretprobe+0x0/";

/// Bytes that `sprint_symbol()` may write: a name, a module's name and build ID, and two numbers (`KSYM_SYMBOL_LEN`).
const ROOM: usize = 1024;
const _: () = assert!(ROOM >= bindings::layout::KSYM_SYMBOL_LEN);

/// Returns whether `handler` is the start of that function; false without kallsyms. May sleep.
///
/// Fails with `ENOMEM`.
pub(super) fn is_kretprobe_handler(handler: bindings::kprobe_pre_handler_t) -> Result<bool> {
    let Some(handler) = handler else {
        return Ok(false);
    };
    let mut text = KVec::<u8>::with_capacity(ROOM, GFP_KERNEL)?;
    for _ in 0..ROOM {
        text.push(0, GFP_KERNEL)?;
    }
    // SAFETY: The buffer has room for the text; the function only looks the address up.
    unsafe { bindings::sprint_symbol(text.as_mut_ptr().cast(), handler as usize as c_ulong) };
    Ok(text.starts_with(EXPECTED))
}
