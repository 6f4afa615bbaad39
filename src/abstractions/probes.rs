// SPDX-License-Identifier: GPL-2.0

//! Probes that say in the log why they could not be registered.

use super::{
    compat::prelude::*,
    hook::{
        Handler,
        Hook, //
    },
    kretprobe,
    probe_target::ProbeTarget,
    tracepoint::{
        self,
        Tracepoint, //
    }, //
};

/// A probe on a function's entry and return.
pub(crate) enum ReturnProbe<T: Handler> {
    /// By a kretprobe.
    Kretprobe {
        /// What is registered.
        _registration: Pin<KBox<kretprobe::Registration<T>>>,
    },
    /// By an fprobe.
    #[cfg(kernel_has_fgraph_fprobe)]
    Fprobe {
        /// What is registered.
        _registration: Pin<KBox<super::fprobe::Registration<T>>>,
    },
}

impl<T: Handler> ReturnProbe<T> {
    /// Registers it, as a kretprobe for `maxactive` calls at once, or leaves one line in the log. May sleep.
    ///
    /// Fails with `EOPNOTSUPP` where this kernel has no such hook, and as registering does.
    pub(crate) fn new(handler: T, hook: Hook, maxactive: u32) -> Result<Self> {
        Self::register(handler, hook, maxactive)
            .inspect_err(|error| not_probed::<T::Target>(*error))
    }

    fn register(handler: T, hook: Hook, maxactive: u32) -> Result<Self> {
        match hook {
            Hook::Kretprobe => {
                let registration = kretprobe::Registration::new(handler, maxactive);
                Ok(Self::Kretprobe {
                    _registration: KBox::pin_init(registration, GFP_KERNEL)?,
                })
            }
            #[cfg(kernel_has_fgraph_fprobe)]
            Hook::Fprobe => {
                let registration = super::fprobe::Registration::new(handler);
                Ok(Self::Fprobe {
                    _registration: KBox::pin_init(registration, GFP_KERNEL)?,
                })
            }
            #[cfg(not(kernel_has_fgraph_fprobe))]
            Hook::Fprobe => Err(super::compat::errno::not_supported()),
        }
    }
}

/// A handler on a tracepoint.
pub(crate) struct TraceProbe<T: tracepoint::Handler> {
    _registration: tracepoint::Registration<T>,
}

impl<T: tracepoint::Handler> TraceProbe<T> {
    /// Registers it, or leaves one line in the log. May sleep.
    pub(crate) fn new(handler: T) -> Result<Self> {
        let registration = tracepoint::Registration::new(handler);
        Ok(Self {
            _registration: registration.inspect_err(|error| {
                let name = T::Tracepoint::NAME.to_str().unwrap_or_default();
                pr_err!("cannot use the tracepoint {name}: {error:?}\n");
            })?,
        })
    }
}

/// The one line that a failed registration leaves.
fn not_probed<F: ProbeTarget>(error: Error) {
    let symbol = F::SYMBOL.to_str().unwrap_or_default();
    pr_err!("cannot probe {symbol}: {error:?}\n");
}
