// SPDX-License-Identifier: GPL-2.0

//! For criu, with LD_PRELOAD: since Linux 6.16 a TCP socket has no SO_PASSCRED and no SO_PASSSEC (EOPNOTSUPP), which were
//! always 0 there before. criu 4.1 asks every socket for both and dumps none that refuses; here the answer is 0 again.

use std::ffi::c_int;
use std::ffi::c_long;
use std::io::Error;

// On x86-64.
const SYS_GETSOCKOPT: c_long = 55;
const SOL_SOCKET: c_int = 1;
const SO_PASSCRED: c_int = 16;
const SO_PASSSEC: c_int = 34;
const EOPNOTSUPP: i32 = 95;

extern "C" {
    fn syscall(number: c_long, ...) -> c_long;
}

/// getsockopt(2), but for the two options.
///
/// # Safety
///
/// As for libc's: `value` has room for `length` bytes.
#[no_mangle]
pub unsafe extern "C" fn getsockopt(
    socket: c_int,
    level: c_int,
    name: c_int,
    value: *mut c_int,
    length: *mut u32,
) -> c_int {
    // SAFETY: The caller's arguments, for the same call.
    let result = unsafe { syscall(SYS_GETSOCKOPT, socket, level, name, value, length) };
    let refused = result < 0 && Error::last_os_error().raw_os_error() == Some(EOPNOTSUPP);
    if refused && level == SOL_SOCKET && [SO_PASSCRED, SO_PASSSEC].contains(&name) {
        // SAFETY: The value of these options is an int, for which the caller has room.
        unsafe { value.write(0) };
        return 0;
    }
    result as c_int
}
