// SPDX-License-Identifier: GPL-2.0

//! The record of one connect, while a handler writes it.

use crate::model::{
    records::record::{Flags, WORDS},
    verdict::Verdict,
    word::Word,
};

/// Joins two halves to a word.
fn pair(high: u32, low: u32) -> u64 {
    (u64::from(high) << 32) | u64::from(low)
}

/// Splits sixteen bytes into two words, in memory order.
fn split(bytes: [u8; 16]) -> [u64; 2] {
    let all = u128::from_ne_bytes(bytes);
    [all as u64, (all >> 64) as u64]
}

/// The words of a record in the making: a slot of the ring, or an array.
pub(crate) trait Words {
    /// Sets a word.
    fn set(&mut self, index: usize, word: u64);
}

impl<W: Word> Words for &[W; WORDS] {
    #[inline(always)]
    fn set(&mut self, index: usize, word: u64) {
        self[index].store(word);
    }
}

impl Words for &mut [u64; WORDS] {
    #[inline(always)]
    fn set(&mut self, index: usize, word: u64) {
        self[index] = word;
    }
}

/// A record in the making. Each function sets the words of some fields of
/// [`Record`](crate::model::records::record::Record).
///
/// A handler samples fields just before it calls the function that stores them: its registers hold a few fields, not
/// all. The functions are inlined for the same reason.
pub(crate) struct Draft<W>(pub(crate) W);

impl<W: Words> Draft<W> {
    #[inline(always)]
    pub(crate) fn times(&mut self, time: u64, duration: u64) {
        self.0.set(0, time);
        self.0.set(1, duration);
    }

    #[inline(always)]
    pub(crate) fn task(&mut self, pid: u32, tgid: u32, comm: [u8; 16]) {
        let [first, second] = split(comm);
        self.0.set(2, pair(pid, tgid));
        self.0.set(4, first);
        self.0.set(5, second);
    }

    #[inline(always)]
    pub(crate) fn owners(&mut self, uid: u32, netns: u32) {
        self.0.set(3, pair(uid, netns));
    }

    #[inline(always)]
    pub(crate) fn cookie(&mut self, cookie: u64) {
        self.0.set(6, cookie);
    }

    #[inline(always)]
    pub(crate) fn source(&mut self, source: [u8; 16]) {
        let [first, second] = split(source);
        self.0.set(7, first);
        self.0.set(8, second);
    }

    #[inline(always)]
    pub(crate) fn destination(&mut self, destination: [u8; 16]) {
        let [first, second] = split(destination);
        self.0.set(9, first);
        self.0.set(10, second);
    }

    /// Ports are in host byte order.
    #[inline(always)]
    pub(crate) fn verdict(
        &mut self,
        verdict: Verdict,
        flags: Flags,
        source: u16,
        destination: u16,
    ) {
        // In the order of the socket's own ports: the compiler swaps no bytes.
        let ports = (u32::from(destination.to_be()) << 16) | u32::from(source.to_be());
        let high = (u32::from(verdict as u8) << 8) | u32::from(flags.0);
        self.0.set(11, pair(high, ports));
    }

    #[inline(always)]
    pub(crate) fn offsets(&mut self, offset: u32, expected: u32) {
        self.0.set(12, pair(offset, expected));
    }

    #[inline(always)]
    pub(crate) fn cgroup(&mut self, cgroup: u64, error: i32) {
        // An errno has 12 bits.
        self.0.set(13, (cgroup << 16) | u64::from(error as u16));
    }

    #[inline(always)]
    pub(crate) fn parent(&mut self, parent: u64, overlaps: u16) {
        self.0.set(14, (parent << 16) | u64::from(overlaps));
    }
}
