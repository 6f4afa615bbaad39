// SPDX-License-Identifier: GPL-2.0

//! The function that writes the sysctls that affect offsets.
//!
//! C source: [`net/ipv4/sysctl_net_ipv4.c`](srctree/net/ipv4/sysctl_net_ipv4.c)

use core::marker::PhantomData;

use crate::{
    abstractions::{
        compat::{
            prelude::*,
            zeroed::zeroed, //
        },
        marked::read_nofault,
        net::Net,
        probe_target::probe_target, //
    },
    bindings, //
};

/// `int proc_dou8vec_minmax(const struct ctl_table *table, int write, ...)`: the handler of these and other one-byte
/// sysctls, in every network namespace.
pub(crate) struct ProcDou8vecMinmax;

/// One access to a sysctl.
#[derive(Clone, Copy)]
pub(crate) struct Access<'call> {
    table: *const bindings::ctl_table,
    write: bool,
    _held: PhantomData<&'call bindings::ctl_table>,
}

/// A sysctl that affects offsets, or the self-test's own.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sysctl {
    /// The sysctl of [`write_nothing`].
    SelfTest,
    /// `net.ipv4.tcp_timestamps`.
    TcpTimestamps,
    /// `net.ipv4.ip_dynaddr`.
    IpDynaddr,
}

impl<'call> Access<'call> {
    /// Returns the sysctl that this access writes, in any namespace. `None` for reads and other sysctls.
    pub(crate) fn writes(self) -> Option<Sysctl> {
        if !self.write {
            None
        } else if self.is_of_self_test() {
            Some(Sysctl::SelfTest)
        } else if self.is_named(c"tcp_timestamps") {
            Some(Sysctl::TcpTimestamps)
        } else if self.is_named(c"ip_dynaddr") {
            Some(Sysctl::IpDynaddr)
        } else {
            None
        }
    }

    // Only the self-test's table has this name at this address.
    fn is_of_self_test(self) -> bool {
        // SAFETY: The table is live during the call.
        unsafe {
            (*self.table).procname.cast::<u8>() == SELF_TEST_NAME.to_bytes_with_nul().as_ptr()
        }
    }

    fn is_named(self, name: &CStr) -> bool {
        name.to_bytes_with_nul()
            .iter()
            .enumerate()
            .all(|(i, &byte)| {
                // SAFETY: The table is live during the call, and its name is a C string. The comparison ends at the
                // first different byte, so at the end of the name at the latest.
                unsafe { (*self.table).procname.cast::<u8>().add(i).read() == byte }
            })
    }

    /// Returns the namespace of the sysctl. `None` if the table is not in net/ipv4 of a namespace, whatever its name.
    pub(crate) fn net(self, sysctl: Sysctl) -> Option<Net<'call>> {
        let offset = match sysctl {
            Sysctl::SelfTest => return None,
            Sysctl::TcpTimestamps => bindings::layout::NET_TCP_TIMESTAMPS,
            Sysctl::IpDynaddr => bindings::layout::NET_IP_DYNADDR,
        };
        // SAFETY: The table is live during the call.
        let data = unsafe { (*self.table).data };
        let net = data
            .cast::<u8>()
            .wrapping_sub(offset)
            .cast::<bindings::net>();
        let pointer = net.wrapping_byte_add(bindings::layout::NET_IPV4_HDR);
        // The header has the address and the number of the table's entries. If this is not a namespace, the memory
        // can have any contents or be unmapped, so the loads tolerate faults.
        let header = read_nofault::<u64>(pointer.cast())? as *const u8;
        let table = header.wrapping_add(bindings::layout::CTL_TABLE_HEADER_TABLE);
        let number = header.wrapping_add(bindings::layout::CTL_TABLE_HEADER_NUMBER);
        let first = read_nofault::<u64>(table.cast())? as *const bindings::ctl_table;
        let end = first.wrapping_add(read_nofault::<u32>(number.cast())? as usize);
        if !(first..end).contains(&self.table) {
            return None;
        }
        // SAFETY: The table of a namespace has this entry. Its file is in use during the call, so the namespace is
        // live during the call.
        Some(unsafe { Net::from_raw(net) })
    }
}

/// The name of the self-test's table.
static SELF_TEST_NAME: &CStr = c"tsoffset";

/// Makes the handler write a sysctl of our own, with a text of no bytes: no effect. May sleep.
pub(crate) fn write_nothing() {
    let mut value = 0_u8;
    let mut table: bindings::ctl_table = zeroed();
    table.procname = SELF_TEST_NAME.as_char_ptr();
    table.data = (&raw mut value).cast();
    table.maxlen = 1;
    let (mut length, mut position) = (0, 0);
    // SAFETY: The table and its pointers are valid until the call returns, and the handler reads no byte of the text.
    unsafe {
        bindings::proc_dou8vec_minmax(&table, 1, core::ptr::null_mut(), &mut length, &mut position)
    };
}

// SAFETY: The first argument is a table that lives during the call, the second a number.
probe_target!(
    unsafe ProcDou8vecMinmax = c"proc_dou8vec_minmax": for<'call> Access<'call> => usize,
    |regs| Access {
        table: regs.argument(0) as *const _,
        write: regs.argument(1) as i32 != 0,
        _held: PhantomData,
    }
);
