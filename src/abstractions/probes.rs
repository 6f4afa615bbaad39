// SPDX-License-Identifier: GPL-2.0

//! Probes that a module owns from its load to its unload.
//!
//! A registration that is leaked outlives the code it calls, so making one is `unsafe`. Here that
//! promise is kept for all of this crate: the probes below are fields of the value that `module!`
//! drops at unload, and nothing in this crate forgets or leaks a value, which the checks
//! of style (scripts/test-host) look after.

use super::{
    compat::prelude::*,
    kprobe,
    kretprobe,
    probed::Function, //
};

/// A kprobe of this module.
pub(crate) struct CallProbe<T: kprobe::Handler> {
    _registration: Pin<KBox<kprobe::Registration<T>>>,
}

impl<T: kprobe::Handler> CallProbe<T> {
    /// Registers it, or leaves one line in the log. May sleep.
    pub(crate) fn new(handler: T) -> Result<Self> {
        // SAFETY: Dropped with the module; see above.
        let registration = unsafe { kprobe::Registration::new(handler) };
        Ok(Self {
            _registration: KBox::pin_init(registration, GFP_KERNEL)
                .inspect_err(|error| not_probed::<T::Function>(*error))?,
        })
    }
}

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

/// The one line that a failed registration leaves.
fn not_probed<F: Function>(error: Error) {
    let symbol = F::SYMBOL.to_str().unwrap_or_default();
    pr_err!("cannot probe {symbol}: {error:?}\n");
}
