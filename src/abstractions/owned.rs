// SPDX-License-Identifier: GPL-2.0

//! Registrations that a module owns from its load to its unload.
//!
//! A registration that is leaked outlives the code it calls, so making one is `unsafe`. Here that
//! promise is kept for all of this crate: those below are within the value that `module!`
//! drops at unload, and nothing in this crate forgets or leaks a value, which the checks
//! of style (scripts/test-host) look after.

use kernel::sync::Arc;

use super::{
    compat::prelude::*,
    kretprobe,
    net::Net,
    pernet::{
        self,
        PerNetwork, //
    },
    probed::Function,
    rcu::Reading,
    tracepoint::{
        self,
        Tracepoint, //
    }, //
};

/// A kretprobe of this module.
pub(crate) struct ReturnProbe<T: kretprobe::Handler> {
    _registration: Pin<KBox<kretprobe::Registration<T>>>,
}

impl<T: kretprobe::Handler> ReturnProbe<T> {
    /// Registers it for `maxactive` calls at once, or leaves one line in the log. May sleep.
    pub(crate) fn new(handler: T, maxactive: u32) -> Result<Self> {
        // SAFETY: Dropped with the module; see above.
        let registration = unsafe { kretprobe::Registration::new(handler, maxactive) };
        Ok(Self {
            _registration: KBox::pin_init(registration, GFP_KERNEL)
                .inspect_err(|error| not_probed::<T::Function>(*error))?,
        })
    }
}

/// A handler of this module on a tracepoint.
pub(crate) struct TraceProbe<T: tracepoint::Handler> {
    _registration: tracepoint::Registration<T>,
}

impl<T: tracepoint::Handler> TraceProbe<T> {
    /// Registers it, or leaves one line in the log. May sleep.
    pub(crate) fn new(handler: T) -> Result<Self> {
        // SAFETY: Dropped with the module; see above.
        let registration = unsafe { tracepoint::Registration::new(handler) };
        Ok(Self {
            _registration: registration.inspect_err(|error| {
                let name = T::Tracepoint::NAME.to_str().unwrap_or_default();
                pr_err!("cannot use the tracepoint {name}: {error:?}\n");
            })?,
        })
    }
}

/// What each network namespace has, of this module.
pub(crate) struct EachNetwork<T: PerNetwork>(pernet::Registration<T>);

impl<T: PerNetwork> EachNetwork<T> {
    /// Makes it for all that there are and those that come up. May sleep.
    pub(crate) fn new(home: Arc<T::Home>) -> Result<Self> {
        // SAFETY: Dropped with the module; see above.
        Ok(Self(unsafe { pernet::Registration::new(home) }?))
    }

    /// A namespace's: see [`pernet::Registration::get`].
    #[inline]
    pub(crate) fn get<'a>(
        &'a self,
        net: Net<'a>,
        reading: impl Into<Reading<'a>>,
    ) -> Option<&'a T> {
        self.0.get(net, reading)
    }
}

/// The one line that a failed registration leaves.
fn not_probed<F: Function>(error: Error) {
    let symbol = F::SYMBOL.to_str().unwrap_or_default();
    pr_err!("cannot probe {symbol}: {error:?}\n");
}
