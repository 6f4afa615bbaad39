// SPDX-License-Identifier: GPL-2.0

//! A library for CRIU, loaded by LD_PRELOAD. Since Linux 6.16, a TCP socket has no SO_PASSCRED and no SO_PASSSEC
//! (EOPNOTSUPP). Before, both were always 0. criu 4.1 reads both options of every socket, and dumps no socket that rejects
//! them. This library returns 0 instead of the error.

use std::ffi::c_int;
use std::ffi::c_long;
use std::io::Error;

// The number on x86-64.
const SYS_GETSOCKOPT: c_long = 55;
const SOL_SOCKET: c_int = 1;
const SO_PASSCRED: c_int = 16;
const SO_PASSSEC: c_int = 34;
const EOPNOTSUPP: i32 = 95;

extern "C" {
    fn syscall(number: c_long, ...) -> c_long;
}

/// getsockopt(2), except for the two options.
///
/// # Safety
///
/// As for libc's function: `value` has room for `length` bytes.
#[no_mangle]
pub unsafe extern "C" fn getsockopt(
    socket: c_int,
    level: c_int,
    name: c_int,
    value: *mut c_int,
    length: *mut u32,
) -> c_int {
    // SAFETY: The caller's arguments satisfy the same system call.
    let result = unsafe { syscall(SYS_GETSOCKOPT, socket, level, name, value, length) };
    let refused = result < 0 && Error::last_os_error().raw_os_error() == Some(EOPNOTSUPP);
    if refused && level == SOL_SOCKET && [SO_PASSCRED, SO_PASSSEC].contains(&name) {
        // SAFETY: The value of these options is an int, and the caller has room for it.
        unsafe { value.write(0) };
        return 0;
    }
    result as c_int
}
