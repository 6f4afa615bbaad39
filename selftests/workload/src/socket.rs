// SPDX-License-Identifier: GPL-2.0

//! Sockets and options that the crates in use do not support.

use std::{
    io,
    net::{SocketAddr, ToSocketAddrs},
    os::fd::AsRawFd,
    time::Duration,
};

use anyhow::{bail, Context, Result};
use nix::poll::{poll, PollFd, PollFlags, PollTimeout};
use socket2::{Domain, Protocol, Socket, Type};

use crate::absent::AbsentPage;

/// Resolves `[address]:port`, with an optional scope (`%veth0`).
pub fn address(text: &str) -> Result<SocketAddr> {
    text.to_socket_addrs()
        .with_context(|| format!("'{text}' is not [address]:port"))?
        .next()
        .with_context(|| format!("'{text}' has no address"))
}

/// Returns an IPv6 TCP (or MPTCP) socket.
pub fn tcp6(mptcp: bool) -> io::Result<Socket> {
    tcp(Domain::IPV6, mptcp)
}

/// Returns a TCP (or MPTCP) socket of the address's family.
pub fn tcp_for(address: SocketAddr, mptcp: bool) -> io::Result<Socket> {
    tcp(Domain::for_address(address), mptcp)
}

fn tcp(domain: Domain, mptcp: bool) -> io::Result<Socket> {
    let protocol = if mptcp {
        Protocol::MPTCP
    } else {
        Protocol::TCP
    };
    Socket::new(domain, Type::STREAM, Some(protocol))
}

/// Makes close() reset the connection, so that no port waits in TIME_WAIT.
pub fn reset_on_close(socket: &Socket) -> io::Result<()> {
    socket.set_linger(Some(Duration::ZERO))
}

/// Waits until a connect in progress ends, and returns its result.
pub fn wait_connected(socket: &Socket) -> Result<()> {
    use std::os::fd::AsFd;

    let mut fds = [PollFd::new(socket.as_fd(), PollFlags::POLLOUT)];
    if poll(&mut fds, PollTimeout::from(30_000_u16))? == 0 {
        bail!("no connection within 30 s");
    }
    match socket.take_error()? {
        None => Ok(()),
        Some(error) => Err(error.into()),
    }
}

/// A TCP option with an integer value, which no crate in use can set to every required value.
#[derive(Clone, Copy)]
pub enum Opt {
    Repair = libc::TCP_REPAIR as isize,
    Timestamp = libc::TCP_TIMESTAMP as isize,
    FastOpen = libc::TCP_FASTOPEN as isize,
    Info = libc::TCP_INFO as isize,
}

/// Calls `setsockopt(IPPROTO_TCP, ...)`.
pub fn set(socket: &Socket, option: Opt, value: i32) -> io::Result<()> {
    set_int(socket, libc::IPPROTO_TCP, option as i32, value)
}

/// Turns a connected IPv6 socket with a v4-mapped peer into an IPv4 socket: `IPV6_ADDRFORM`.
pub fn become_ipv4(socket: &Socket) -> io::Result<()> {
    set_int(
        socket,
        libc::IPPROTO_IPV6,
        libc::IPV6_ADDRFORM,
        libc::AF_INET,
    )
}

/// Lets the kernel compute the checksum of each packet of a raw socket, at this offset.
pub fn set_checksum(socket: &Socket, offset: i32) -> io::Result<()> {
    set_int(socket, libc::IPPROTO_IPV6, libc::IPV6_CHECKSUM, offset)
}

fn set_int(socket: &Socket, level: i32, option: i32, value: i32) -> io::Result<()> {
    #[expect(unsafe_code, reason = "no crate in use knows these options")]
    // SAFETY: The value is an int, as these options require, and outlives the call.
    let result = unsafe {
        libc::setsockopt(
            socket.as_raw_fd(),
            level,
            option,
            (&raw const value).cast(),
            4,
        )
    };
    check(result)
}

/// Calls `getsockopt(IPPROTO_TCP, ...)`.
pub fn get(socket: &Socket, option: Opt) -> io::Result<u32> {
    let mut value = 0_u32;
    // SAFETY: The value outlives the call.
    #[expect(unsafe_code, reason = "no crate in use knows these options")]
    unsafe { get_raw(socket, option, &raw mut value) }.map(|()| value)
}

/// Calls `getsockopt(IPPROTO_TCP, ...)` with the result in a page that may be absent.
pub fn get_into(socket: &Socket, option: Opt, page: &AbsentPage) -> io::Result<()> {
    // SAFETY: A page has room for the value.
    #[expect(unsafe_code, reason = "no crate in use knows these options")]
    unsafe {
        get_raw(socket, option, page.as_ptr().cast())
    }
}

/// # Safety
///
/// The value may be written during the call.
#[expect(unsafe_code, reason = "no crate in use knows these options")]
unsafe fn get_raw(socket: &Socket, option: Opt, value: *mut u32) -> io::Result<()> {
    let mut length: libc::socklen_t = 4;
    // SAFETY: These options return a 32-bit integer, and the caller promises room for it.
    let result = unsafe {
        libc::getsockopt(
            socket.as_raw_fd(),
            libc::IPPROTO_TCP,
            option as i32,
            value.cast(),
            &raw mut length,
        )
    };
    check(result)
}

/// Calls `connect()` with an address of any family and length.
pub fn connect_raw(socket: &Socket, address: &[u8]) -> io::Result<()> {
    #[expect(unsafe_code, reason = "addresses that no type of a crate can express")]
    // SAFETY: The kernel reads `address.len()` bytes.
    let result = unsafe {
        libc::connect(
            socket.as_raw_fd(),
            address.as_ptr().cast(),
            address.len().try_into().unwrap_or(libc::socklen_t::MAX),
        )
    };
    check(result)
}

fn check(result: i32) -> io::Result<()> {
    if result == 0 {
        Ok(())
    } else {
        Err(io::Error::last_os_error())
    }
}
