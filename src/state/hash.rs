// SPDX-License-Identifier: GPL-2.0

//! A check of the kernel's hash of connections: some modules replace it by random numbers.

use crate::{
    abstractions::{
        compat::{
            atomic::{
                Atomic,
                Full,
                Relaxed, //
            },
            prelude::*, //
        },
        net::Net, //
    },
    tcp::{
        namespace::tcp_timestamps,
        secure_seq::timestamp_offset,
        tuple::Tuple, //
    },
};

/// The result of the check. A hash once found replaced stays so until the next load of the module.
pub(crate) struct Hash {
    // Not 0: the hash disagreed with itself.
    replaced: Atomic<u64>,
}

impl Hash {
    /// Compares two offsets of one tuple, for two tuples. Call it after the draw of the secret.
    pub(crate) fn self_test() -> Self {
        let hash = Self {
            replaced: Atomic::new(0),
        };
        // Several tries: a write of tcp_timestamps in between makes one of two offsets 0.
        let disagrees = |tuple| {
            (0..4).all(|_| {
                let [one, other] = [(); 2].map(|()| timestamp_offset(Net::initial(), tuple));
                one != other && tcp_timestamps(Net::initial()) == 1
            })
        };
        if Tuple::UNSPECIFIED.iter().any(disagrees) {
            hash.mark_replaced();
        }
        hash
    }

    /// Notes that the hash disagreed with itself, and logs this once. A probe handler may call it.
    #[cold]
    pub(crate) fn mark_replaced(&self) {
        if self.replaced.xchg(1, Full) == 0 {
            pr_warn!(
                "hash replaced: secure_tcpv6_seq_and_ts_off() or its IPv4 twin gives another offset each time; offsets are not judged\n"
            );
        }
    }

    /// Returns whether the hash was ever found replaced.
    pub(crate) fn was_replaced(&self) -> bool {
        self.replaced.load(Relaxed) != 0
    }
}
