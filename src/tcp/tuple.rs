// SPDX-License-Identifier: GPL-2.0

//! Addresses and ports of a connection, as the kernel hashes them.
//!
//! C headers: [`include/net/inet_sock.h`](srctree/include/net/inet_sock.h),
//! [`include/linux/ipv6.h`](srctree/include/linux/ipv6.h)

use core::mem::offset_of;

use super::socket::Socket;
use crate::{
    abstractions::marked::read_once,
    bindings,
    model::records::family::Family, //
};

/// An IPv6 address as two words of its bytes in memory. A handler loads, compares and stores two words instead of four.
pub(super) type Address = [u64; 2];

/// The hash input of a connection. Addresses and ports are in network byte order, as in the kernel.
pub(crate) struct Tuple {
    /// Source address; v4-mapped for TCP over IPv4.
    source: Address,
    /// Destination address; v4-mapped for TCP over IPv4.
    destination: Address,
    source_port: u16,
    destination_port: u16,
    /// An IPv6 socket connected to a v4-mapped destination: TCP over IPv4.
    v4_mapped: bool,
}

/// The hash input of a connection by its family, in network byte order.
pub(super) enum Input<'a> {
    /// TCP over IPv6: source and destination.
    V6(&'a Address, &'a Address),
    /// TCP over IPv4: source and destination.
    V4(u32, u32),
}

impl Tuple {
    /// One tuple of each family, with unspecified addresses and ports.
    pub(crate) const UNSPECIFIED: [Self; 2] = [Self::unspecified(false), Self::unspecified(true)];

    const fn unspecified(v4_mapped: bool) -> Self {
        let address = if v4_mapped { mapped(0) } else { [0; 2] };
        Self {
            source: address,
            destination: address,
            source_port: 0,
            destination_port: 0,
            v4_mapped,
        }
    }

    /// Returns the source address, in network byte order; v4-mapped for TCP over IPv4.
    #[inline]
    pub(crate) fn source(&self) -> [u8; 16] {
        bytes(self.source)
    }

    /// Returns the destination address, in network byte order; v4-mapped for TCP over IPv4.
    #[inline]
    pub(crate) fn destination(&self) -> [u8; 16] {
        bytes(self.destination)
    }

    /// Returns the source port, in host byte order.
    #[inline]
    pub(crate) fn source_port(&self) -> u16 {
        u16::from_be(self.source_port)
    }

    /// Returns the destination port, in host byte order.
    #[inline]
    pub(crate) fn destination_port(&self) -> u16 {
        u16::from_be(self.destination_port)
    }

    /// Returns source address, destination address, source port and destination port, as the functions above.
    #[inline]
    pub(crate) fn ends(&self) -> ([u8; 16], [u8; 16], u16, u16) {
        (
            self.source(),
            self.destination(),
            self.source_port(),
            self.destination_port(),
        )
    }

    /// Returns the addresses that the kernel hashes.
    #[inline]
    pub(super) fn hashed_addresses(&self) -> Input<'_> {
        if self.v4_mapped {
            Input::V4(last(self.source), last(self.destination))
        } else {
            Input::V6(&self.source, &self.destination)
        }
    }

    /// Returns source port and destination port, in network byte order.
    #[inline]
    pub(super) fn ports(&self) -> (u16, u16) {
        (self.source_port, self.destination_port)
    }

    /// Returns whether the destination is v4-mapped.
    #[inline]
    pub(crate) fn is_v4_mapped(&self) -> bool {
        self.v4_mapped
    }
}

impl Socket<'_> {
    /// Returns the family of the connection.
    pub(crate) fn family(self, tuple: &Tuple) -> Family {
        if self.is_ipv4() {
            Family::V4
        } else if tuple.is_v4_mapped() {
            Family::V4Mapped
        } else {
            Family::V6
        }
    }

    /// Returns addresses and ports, as connect left them, of a socket of either family.
    pub(crate) fn tuple_of_any(self) -> Tuple {
        if self.is_ipv4() {
            self.tuple_v4()
        } else {
            self.tuple()
        }
    }

    /// Returns addresses and ports, as connect left them, of a socket of IPv4.
    #[inline]
    pub(crate) fn tuple_v4(self) -> Tuple {
        let inet = self.sk.cast::<bindings::inet_sock>();
        // SAFETY: An `inet_sock` has these fields in anonymous unions of C, at the offsets that the C compiler
        // reports. The socket is live.
        let (destination, port) = unsafe {
            (
                read_once(
                    inet.byte_add(bindings::layout::INET_SOCK_DADDR)
                        .cast::<u32>(),
                ),
                read_once(
                    inet.byte_add(bindings::layout::INET_SOCK_DPORT)
                        .cast::<u16>(),
                ),
            )
        };
        self.tuple_v4_to(destination, port)
    }

    /// Returns the tuple of a socket of IPv4 with another destination, in network byte order.
    #[inline]
    pub(super) fn tuple_v4_to(self, destination: u32, destination_port: u16) -> Tuple {
        let inet = self.sk.cast::<bindings::inet_sock>();
        // SAFETY: A `tcp_sock` begins with an `inet_sock`, which is live.
        let (source, source_port) = unsafe {
            (
                read_once(&raw const (*inet).inet_saddr),
                read_once(&raw const (*inet).inet_sport),
            )
        };
        Tuple {
            source: mapped(source),
            destination: mapped(destination),
            source_port,
            destination_port,
            v4_mapped: true,
        }
    }

    /// Returns addresses and ports, as connect left them, of a socket of IPv6.
    #[inline]
    pub(crate) fn tuple(self) -> Tuple {
        let inet = self.sk.cast::<bindings::inet_sock>();
        // SAFETY: A `tcp_sock` begins with an `inet_sock`, which is live.
        let source_port = unsafe { read_once(&raw const (*inet).inet_sport) };
        // SAFETY: An `inet_sock` has that field in an anonymous union of C, at the offset that the C compiler
        // reports. The socket is live.
        let destination_port = unsafe {
            read_once(
                inet.byte_add(bindings::layout::INET_SOCK_DPORT)
                    .cast::<u16>(),
            )
        };
        // SAFETY: The live `inet_sock` begins with a `sock`, and this is an address in it, aligned as asserted below.
        let destination = unsafe { address(&raw const (*inet).sk.__sk_common.skc_v6_daddr) };
        self.with_destination(source_port, destination, destination_port)
    }

    /// Returns the tuple with another destination, in network byte order.
    pub(super) fn tuple_to(self, destination: Address, destination_port: u16) -> Tuple {
        let inet = self.sk.cast::<bindings::inet_sock>();
        // SAFETY: A `tcp_sock` begins with an `inet_sock`, which is live.
        let source_port = unsafe { read_once(&raw const (*inet).inet_sport) };
        self.with_destination(source_port, destination, destination_port)
    }

    #[inline(always)]
    fn with_destination(
        self,
        source_port: u16,
        destination: Address,
        destination_port: u16,
    ) -> Tuple {
        let inet = self.sk.cast::<bindings::inet_sock>();
        let v4_mapped = is_mapped(destination);
        let source = if v4_mapped {
            // SAFETY: A `tcp_sock` begins with an `inet_sock`, which is live.
            mapped(unsafe { read_once(&raw const (*inet).inet_saddr) })
        } else {
            // SAFETY: The socket is a live IPv6 socket, so it has this pointer: `inet6_sk()`. The address is aligned as
            // asserted below.
            unsafe { address(&raw const (*(*inet).pinet6).saddr) }
        };
        Tuple {
            source,
            destination,
            source_port,
            destination_port,
            v4_mapped,
        }
    }
}

/// The third 32-bit word of an address in ::ffff:0:0/96, in network byte order.
const MAPPED: u32 = 0xffff_u32.to_be();

/// Returns a word whose bytes in memory are those of `first`, then those of `second`.
const fn word(first: u32, second: u32) -> u64 {
    let ([a, b, c, d], [e, f, g, h]) = (first.to_ne_bytes(), second.to_ne_bytes());
    u64::from_ne_bytes([a, b, c, d, e, f, g, h])
}

/// Returns the v4-mapped address of an IPv4 address.
const fn mapped(address: u32) -> Address {
    [0, word(MAPPED, address)]
}

/// Returns whether an address is v4-mapped.
#[inline(always)]
fn is_mapped(address: Address) -> bool {
    address[0] == 0 && address[1] & word(u32::MAX, 0) == word(MAPPED, 0)
}

/// Returns the last four bytes of an address: the IPv4 address of a v4-mapped one.
#[inline(always)]
fn last(address: Address) -> u32 {
    let [.., e, f, g, h] = address[1].to_ne_bytes();
    u32::from_ne_bytes([e, f, g, h])
}

/// Returns the bytes of an address.
#[inline(always)]
fn bytes(address: Address) -> [u8; 16] {
    let mut bytes = [0; 16];
    for (to, from) in bytes.chunks_exact_mut(8).zip(address) {
        to.copy_from_slice(&from.to_ne_bytes());
    }
    bytes
}

// C promises the alignment of four bytes for an address; these two lie at a word.
const _: () =
    assert!(offset_of!(bindings::sock, __sk_common.skc_v6_daddr) % align_of::<u64>() == 0);
const _: () = assert!(offset_of!(bindings::ipv6_pinfo, saddr) % align_of::<u64>() == 0);
const _: () = assert!(align_of::<bindings::ipv6_pinfo>() % align_of::<u64>() == 0);

/// Returns an address.
///
/// # Safety
///
/// `p` points to a live `struct in6_addr`, with the alignment of a word.
#[inline]
unsafe fn address(p: *const bindings::in6_addr) -> Address {
    let words = p.cast::<u64>();
    // SAFETY: An address is two words, and the caller guarantees that it is live and aligned.
    unsafe { [read_once(words), read_once(words.add(1))] }
}
