// SPDX-License-Identifier: GPL-2.0

//! The record of one connect, taken at its return. `draft` writes its words.

use crate::model::{
    records::{family::Family, merge::Sequenced, socket_event::FourTuple},
    verdict::Verdict,
};

/// Words of a record in the ring.
pub(crate) const WORDS: usize = 15;

/// The record of one connect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Record {
    /// `CLOCK_BOOTTIME` at the return, in nanoseconds.
    pub(crate) time: u64,
    /// Duration of the call in nanoseconds, without the handshake that continues after it.
    pub(crate) duration: u64,
    /// The calling task's ID in the initial PID namespace.
    pub(crate) pid: u32,
    /// The task's thread group ID in the initial PID namespace.
    pub(crate) tgid: u32,
    /// The task's user ID in the initial user namespace.
    pub(crate) uid: u32,
    /// The task's name, padded with zeroes.
    pub(crate) comm: [u8; 16],
    /// ID of the task's cgroup in the default hierarchy, its lower 48 bits: a kernel numbers cgroups from 1 on.
    pub(crate) cgroup: u64,
    /// Inode number of the socket's network namespace, as in `/proc/PID/ns/net`.
    pub(crate) netns: u32,
    /// The socket's cookie, as `SO_COOKIE` and `ss -e` show it.
    pub(crate) cookie: u64,
    /// The cookie of the MPTCP socket to which the subflow belongs, its lower 48 bits; 0: no subflow, or unknown.
    pub(crate) parent: u64,
    /// Source address, in network byte order; v4-mapped for TCP over IPv4.
    pub(crate) source: [u8; 16],
    /// Destination address, in network byte order; v4-mapped for TCP over IPv4.
    pub(crate) destination: [u8; 16],
    /// Source port, in host byte order.
    pub(crate) source_port: u16,
    /// Destination port, in host byte order.
    pub(crate) destination_port: u16,
    /// Return value of the call: 0 or a negative errno.
    pub(crate) error: i32,
    /// The socket's offset.
    pub(crate) offset: u32,
    /// The offset that the kernel's hash yields for the socket's tuple.
    pub(crate) expected: u32,
    /// The verdict on the two offsets.
    pub(crate) verdict: Verdict,
    /// Reads of the timestamp that overlapped the call, as far as the witness knew at the return.
    pub(crate) overlaps: u16,
    /// Further properties of the connect.
    pub(crate) flags: Flags,
}

/// Properties of a connect.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Flags(pub(crate) u8);

impl Flags {
    /// The socket was in TCP_REPAIR mode.
    pub(crate) const REPAIR: Self = Self(1);
    /// Fast Open: the call sent data, or was deferred until data was available.
    pub(crate) const FAST_OPEN: Self = Self(2);
    /// A subflow of an MPTCP connection.
    pub(crate) const MPTCP: Self = Self(4);
    /// The destination was v4-mapped.
    pub(crate) const V4_MAPPED: Self = Self(8);
    /// A socket of IPv4.
    pub(crate) const V4: Self = Self(16);

    /// The flags with their names, in the order of the output.
    pub(crate) const NAMES: [(Self, &'static str); 5] = [
        (Self::REPAIR, "repair"),
        (Self::FAST_OPEN, "fastopen"),
        (Self::MPTCP, "mptcp"),
        (Self::V4_MAPPED, "v4mapped"),
        (Self::V4, "v4"),
    ];

    /// Returns the flags, with `others` added if `if_so`.
    pub(crate) fn with(self, others: Self, if_so: bool) -> Self {
        Self(self.0 | if if_so { others.0 } else { 0 })
    }

    /// Returns whether all of `others` are set.
    pub(crate) fn has(self, others: Self) -> bool {
        self.0 & others.0 == others.0
    }

    /// Returns the names of the flags that are set.
    pub(crate) fn names(self) -> FlagNames {
        FlagNames {
            flags: self,
            next: 0,
        }
    }
}

/// An iterator over the names of flags. An iterator adaptor would have a symbol too long for some readers of
/// kallsyms.
pub(crate) struct FlagNames {
    flags: Flags,
    next: usize,
}

impl Iterator for FlagNames {
    type Item = &'static str;

    fn next(&mut self) -> Option<&'static str> {
        while let Some((flag, name)) = Flags::NAMES.get(self.next) {
            self.next += 1;
            if self.flags.has(*flag) {
                return Some(name);
            }
        }
        None
    }
}

fn halves(word: u64) -> (u32, u32) {
    ((word >> 32) as u32, word as u32)
}

fn join(words: [u64; 2]) -> [u8; 16] {
    ((u128::from(words[1]) << 64) | u128::from(words[0])).to_ne_bytes()
}

impl Record {
    /// Returns the family of the connection.
    pub(crate) fn family(&self) -> Family {
        if self.flags.has(Flags::V4) {
            Family::V4
        } else if self.flags.has(Flags::V4_MAPPED) {
            Family::V4Mapped
        } else {
            Family::V6
        }
    }

    /// Returns the ends of the connection.
    pub(crate) fn ends(&self) -> FourTuple {
        FourTuple {
            netns: self.netns,
            source: self.source,
            destination: self.destination,
            source_port: self.source_port,
            destination_port: self.destination_port,
        }
    }

    /// Returns the task's name, up to the first zero.
    pub(crate) fn comm(&self) -> &[u8] {
        trimmed(&self.comm)
    }
}

/// Returns a task's name, up to the first zero.
pub(crate) fn trimmed(comm: &[u8; 16]) -> &[u8] {
    let end = comm.iter().position(|&byte| byte == 0);
    &comm[..end.unwrap_or(comm.len())]
}

impl Sequenced<WORDS> for Record {
    fn from_words(words: &[u64; WORDS]) -> Self {
        let (pid, tgid) = halves(words[2]);
        let (uid, netns) = halves(words[3]);
        let ports = words[11];
        let (offset, expected) = halves(words[12]);
        Self {
            time: words[0],
            duration: words[1],
            pid,
            tgid,
            uid,
            netns,
            cgroup: words[13] >> 16,
            comm: join([words[4], words[5]]),
            cookie: words[6],
            source: join([words[7], words[8]]),
            destination: join([words[9], words[10]]),
            source_port: u16::from_be(ports as u16),
            destination_port: u16::from_be((ports >> 16) as u16),
            offset,
            expected,
            error: i32::from(words[13] as i16),
            parent: words[14] >> 16,
            overlaps: words[14] as u16,
            flags: Flags((words[11] >> 32) as u8),
            verdict: Verdict::ALL[((words[11] >> 40) & 0xff) as usize % Verdict::ALL.len()],
        }
    }

    fn time(&self) -> u64 {
        self.time
    }
}
