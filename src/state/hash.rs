// SPDX-License-Identifier: GPL-2.0

//! Whether the kernel's hash of connections is a hash: modules are in use that replace it by random numbers.

use crate::{
    abstractions::{
        compat::prelude::*,
        marked::Marked,
        net::Net, //
    },
    tcp::{
        namespace::tcp_timestamps,
        secure_seq::timestamp_offset,
        socket::Tuple, //
    },
};

/// What is known of it. Once found replaced, it stays so until the module is loaded again.
pub(crate) struct Hash {
    // Not 0: it disagreed with itself.
    replaced: Marked,
}

impl Hash {
    /// Asks for the offsets of two tuples, twice each. Once the secret has been drawn.
    pub(crate) fn try_out() -> Self {
        let hash = Self {
            replaced: Marked::new(0),
        };
        // More than once: a write of tcp_timestamps in between makes one of two 0.
        let disagrees = |tuple| {
            (0..4).all(|_| {
                let [one, other] = [(); 2].map(|()| timestamp_offset(Net::initial(), tuple));
                one != other && tcp_timestamps(Net::initial()) == 1
            })
        };
        if Tuple::UNSPECIFIED.iter().any(disagrees) {
            hash.is_replaced();
        }
        hash
    }

    /// It disagreed with itself. Says so in the log, once. A probe handler may call it.
    #[cold]
    pub(crate) fn is_replaced(&self) {
        if self.replaced.exchange(1) == 0 {
            pr_warn!(
                "hash replaced: secure_tcpv6_seq_and_ts_off() or its IPv4 twin gives another offset each time; offsets are not judged\n"
            );
        }
    }

    /// Whether it ever did.
    pub(crate) fn was_replaced(&self) -> bool {
        self.replaced.load() != 0
    }
}
