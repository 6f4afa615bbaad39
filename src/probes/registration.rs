// SPDX-License-Identifier: GPL-2.0

//! Probes whose failed registration leaves a line in the log.

#[cfg(kernel_has_fgraph_fprobe)]
use crate::abstractions::fprobe;
use crate::abstractions::{
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
        /// The registration.
        _registration: Pin<KBox<kretprobe::Registration<T>>>,
    },
    /// By an fprobe.
    #[cfg(kernel_has_fgraph_fprobe)]
    Fprobe {
        /// The registration.
        _registration: Pin<KBox<fprobe::Registration<T>>>,
    },
}

impl<T: Handler> ReturnProbe<T> {
    /// Registers the probe; a kretprobe follows at most `maxactive` calls at once. Leaves one log line after a
    /// failure. May sleep.
    ///
    /// Fails with `EOPNOTSUPP` if this kernel lacks the hook, or with an error of the registration.
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
                let registration = fprobe::Registration::new(handler);
                Ok(Self::Fprobe {
                    _registration: KBox::pin_init(registration, GFP_KERNEL)?,
                })
            }
            #[cfg(not(kernel_has_fgraph_fprobe))]
            Hook::Fprobe => Err(crate::abstractions::compat::errno::not_supported()),
        }
    }
}

/// A handler on a tracepoint.
pub(crate) struct TraceProbe<T: tracepoint::Handler> {
    _registration: tracepoint::Registration<T>,
}

impl<T: tracepoint::Handler> TraceProbe<T> {
    /// Registers the handler. Leaves one log line after a failure. May sleep.
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

/// Logs the one line of a failed registration.
fn not_probed<F: ProbeTarget>(error: Error) {
    let symbol = F::SYMBOL.to_str().unwrap_or_default();
    pr_err!("cannot probe {symbol}: {error:?}\n");
}
