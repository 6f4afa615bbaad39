// SPDX-License-Identifier: GPL-2.0

//! The function through which `net.ipv4.tcp_timestamps` is written.
//!
//! C source: [`net/ipv4/sysctl_net_ipv4.c`](srctree/net/ipv4/sysctl_net_ipv4.c)

use core::marker::PhantomData;

use crate::{
    abstractions::{
        compat::prelude::*,
        probed::{
            Function,
            Regs, //
        }, //
    },
    bindings, //
};

/// `int proc_dou8vec_minmax(const struct ctl_table *table, int write, ...)`: the handler of this and
/// other one-byte sysctls, of every network namespace.
pub(crate) struct ProcDou8vecMinmax;

/// One access to a sysctl.
#[derive(Clone, Copy)]
pub(crate) struct Access<'call> {
    table: *const bindings::ctl_table,
    write: bool,
    _held: PhantomData<&'call bindings::ctl_table>,
}

impl Access<'_> {
    /// Whether it writes `tcp_timestamps`, in whatever namespace.
    pub(crate) fn writes_tcp_timestamps(self) -> bool {
        const NAME: &[u8] = c"tcp_timestamps".to_bytes_with_nul();

        self.write
            && NAME.iter().enumerate().all(|(i, &byte)| {
                // SAFETY: The table is live during the call, and its name a C string; comparing ends
                // at the first byte that differs, so at its end at the latest.
                unsafe { (*self.table).procname.cast::<u8>().add(i).read() == byte }
            })
    }
}

// SAFETY: The first argument is a table that lives during the call, the second a number.
unsafe impl Function for ProcDou8vecMinmax {
    const SYMBOL: &'static CStr = c"proc_dou8vec_minmax";

    type Args<'call> = Access<'call>;

    unsafe fn args<'call>(regs: &Regs) -> Access<'call> {
        Access {
            table: regs.argument(0) as *const _,
            write: regs.argument(1) as i32 != 0,
            _held: PhantomData,
        }
    }
}
