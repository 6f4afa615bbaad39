// SPDX-License-Identifier: GPL-2.0

//! The values of a filter's words: numbers and prefixes of addresses.

use core::{
    net::{
        Ipv4Addr,
        Ipv6Addr, //
    },
    str::FromStr,
};

/// A value of a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Value {
    Number(u64),
    /// The first bits of an address, as two halves so that the alignment is that of a number.
    Prefix([u64; 2], u8),
}

impl Value {
    /// Returns whether an address lies in the prefix. False for a number.
    pub(super) fn covers(&self, address: [u8; 16]) -> bool {
        match *self {
            Self::Prefix(prefix, bits) => {
                u128::from_be_bytes(address) & mask(bits) == whole(prefix)
            }
            Self::Number(_) => false,
        }
    }

    /// Returns the bytes of a prefix's address, in network byte order.
    pub(super) fn address(prefix: [u64; 2]) -> [u8; 16] {
        whole(prefix).to_be_bytes()
    }

    /// Parses a prefix: `2001:db8::/32`, `::1`, `192.0.2.0/24`. An IPv4 prefix means v4-mapped addresses. Rejects bits
    /// beyond the prefix: their purpose is unknown.
    pub(super) fn prefix(text: &str) -> Option<Self> {
        let (address, length) = match text.split_once('/') {
            Some((address, length)) => (address, Some(length)),
            None => (text, None),
        };
        let (address, longest, before) = if let Ok(v6) = Ipv6Addr::from_str(address) {
            (v6, 128, 0)
        } else {
            (Ipv4Addr::from_str(address).ok()?.to_ipv6_mapped(), 32, 96)
        };
        let length = match length {
            None => longest,
            Some(text) if text.bytes().all(|byte| byte.is_ascii_digit()) => {
                u8::from_str(text).ok().filter(|&n| n <= longest)?
            }
            Some(_) => return None,
        };
        let bits = before + length;
        let address = u128::from_be_bytes(address.octets());
        (address & !mask(bits) == 0)
            .then_some(Self::Prefix([(address >> 64) as u64, address as u64], bits))
    }
}

/// Returns a mask with the first `bits` bits set.
fn mask(bits: u8) -> u128 {
    u128::MAX.checked_shl(128 - u32::from(bits)).unwrap_or(0)
}

/// Joins the halves of an address.
fn whole([high, low]: [u64; 2]) -> u128 {
    (u128::from(high) << 64) | u128::from(low)
}
