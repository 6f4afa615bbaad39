// SPDX-License-Identifier: GPL-2.0

//! The owner of a socket: its `struct socket`, user, cgroup, and MPTCP connection.
//!
//! C headers: [`include/net/sock.h`](srctree/include/net/sock.h),
//! [`include/linux/net.h`](srctree/include/linux/net.h)

use super::socket::{
    gen_cookie,
    Socket, //
};
#[cfg(CONFIG_SOCK_CGROUP_DATA)]
use crate::abstractions::cgroup;
use crate::{
    abstractions::{
        marked::read_once,
        preempt::PreemptDisabled, //
    },
    bindings,
};

impl Socket<'_> {
    /// Returns whether a process or a part of the kernel owns the socket. A socket that a listener created has no
    /// owner before its accept. A connecting socket always has an owner.
    #[inline]
    pub(crate) fn is_grafted(self) -> bool {
        let sock = self.sk.cast::<bindings::sock>();
        // SAFETY: A `tcp_sock` begins with a `sock`, which is live. The pointer is aligned and is read as a number.
        // The kernel writes it with marked stores.
        let owner: usize = unsafe { read_once((&raw const (*sock).sk_socket).cast()) };
        owner != 0
    }

    /// Returns whether a call of connect has not yet returned on this socket. The owner's `struct socket` is
    /// unconnected until then (`__inet_stream_connect()`, net/ipv4/af_inet.c).
    pub(crate) fn is_in_connect(self, _preempt: PreemptDisabled<'_>) -> bool {
        // SAFETY: A `tcp_sock` begins with a `sock`, which is live and locked. MPTCP takes the `struct socket` of a later
        // subflow away without the lock, and frees it. sockfs frees by RCU (`sockfs_ops`, net/socket.c), and preemption
        // is off here, so the memory stays. The state is a word, which another lock may guard.
        unsafe {
            let socket = (&raw const (*self.sk.cast::<bindings::sock>()).sk_socket).read_volatile();
            !socket.is_null()
                && (&raw const (*socket).state).read_volatile()
                    == bindings::socket_state_SS_UNCONNECTED
        }
    }

    /// Returns the ID of the socket's cgroup in the default hierarchy: that of the task that created the socket, or
    /// of the listener. 0 if the kernel keeps none (CONFIG_SOCK_CGROUP_DATA).
    #[inline]
    pub(crate) fn cgroup(self) -> u64 {
        #[cfg(CONFIG_SOCK_CGROUP_DATA)]
        // SAFETY: The socket is live and holds its cgroup. The C compiler reports where the pointer is.
        unsafe {
            let cgroup = cgroup::pointer(self.sk.cast(), bindings::layout::SOCK_CGROUP);
            if cgroup.is_null() {
                0
            } else {
                cgroup::id(cgroup)
            }
        }
        #[cfg(not(CONFIG_SOCK_CGROUP_DATA))]
        0
    }

    /// Returns the user that created the socket, by its ID in the initial user namespace.
    pub(crate) fn uid(self) -> u32 {
        let sock = self.sk.cast::<bindings::sock>();
        // SAFETY: A `tcp_sock` begins with a `sock`, which is live. `fchown()` of the socket may write the ID.
        unsafe { read_once(&raw const (*sock).sk_uid.val) }
    }

    /// Returns the user that created the application's socket, by its ID in the initial user namespace, while a kernel
    /// thread connects this one for it. A later subflow of MPTCP gets the inode's user before its connect
    /// (`mptcp_subflow_create_socket()`, net/mptcp/subflow.c), and `sk_uid` after it.
    #[cold]
    #[inline(never)]
    pub(crate) fn user_of_inode(self, _preempt: PreemptDisabled<'_>) -> u32 {
        let sock = self.sk.cast::<bindings::sock>();
        // SAFETY: A `tcp_sock` begins with a `sock`, which is live. Its `struct socket` is a part of a `struct
        // socket_alloc` and lies `SOCKET_INODE_UID` before the inode's user. sockfs frees both by RCU (`sockfs_ops`,
        // net/socket.c), and preemption is off here, so the memory stays.
        unsafe {
            let socket = (&raw const (*sock).sk_socket).read_volatile();
            if socket.is_null() {
                return self.uid();
            }
            let uid = socket
                .cast_const()
                .cast::<u8>()
                .add(bindings::layout::SOCKET_INODE_UID)
                .cast();
            read_once(uid)
        }
    }

    /// Returns whether the socket is a subflow of an MPTCP connection.
    #[inline]
    pub(crate) fn is_mptcp(self) -> bool {
        #[cfg(CONFIG_MPTCP)]
        // SAFETY: The socket is live and locked.
        unsafe {
            (*self.sk).is_mptcp
        }
        #[cfg(not(CONFIG_MPTCP))]
        false
    }

    /// Returns the cookie of the MPTCP socket to which the subflow belongs; 0 if unknown or no subflow.
    #[inline]
    pub(crate) fn parent(self) -> u64 {
        if self.is_mptcp() {
            self.parent_cookie()
        } else {
            0
        }
    }

    /// Returns the cookie of the MPTCP socket to which the subflow belongs; 0 if unknown.
    ///
    /// The first subflow of a connection has the application's `struct socket` (`__mptcp_nmpc_socket()`,
    /// net/mptcp/protocol.c). A later subflow gets it after its connect (`__mptcp_subflow_connect()`,
    /// net/mptcp/subflow.c). Until then it has a `struct socket` of its own.
    #[cold]
    #[inline(never)]
    fn parent_cookie(self) -> u64 {
        // SAFETY: A `tcp_sock` begins with a `sock`, which is live and locked. The `struct socket` lives during the
        // call: the task that connects a subflow holds the lock of the owning socket.
        unsafe {
            let socket = (&raw const (*self.sk.cast::<bindings::sock>()).sk_socket).read_volatile();
            if socket.is_null() {
                return 0;
            }
            let parent = (&raw const (*socket).sk).read_volatile();
            if parent.is_null() || parent.cast_const().cast() == self.sk {
                return 0;
            }
            gen_cookie(parent.cast_const().cast())
        }
    }
}
