// SPDX-License-Identifier: GPL-2.0

//! Handlers of a kernel function's entry and return, for every hook mechanism.

use super::{
    module_params::Choice,
    preempt::PreemptDisabled,
    probe_target::{
        ProbeTarget,
        PtRegs,
        ReturnValue, //
    }, //
};

/// The arguments of the handler's function.
pub(super) type Args<'call, T> = <<T as Handler>::Target as ProbeTarget>::Args<'call>;

/// The return value of the handler's function.
pub(super) type Return<'call, T> = <<T as Handler>::Target as ProbeTarget>::Return<'call>;

/// A handler of a function's entry and return.
///
/// Its functions run in the caller's context with preemption off. The return can run on another CPU. The functions
/// must not sleep, allocate or loop without a bound.
pub(crate) trait Handler: Sync {
    /// The probed function.
    type Target: ProbeTarget;

    /// The data that the entry passes to the return.
    type Data: Copy;

    /// Returns whether to follow a call. Runs first, at every call. A rejected call costs little more than a kprobe.
    #[inline(always)]
    fn filter(&self, _args: Args<'_, Self>) -> bool {
        true
    }

    /// Runs at the entry of a call that can be followed. `None` rejects the call.
    fn on_entry(&self, preempt: PreemptDisabled<'_>, args: Args<'_, Self>) -> Option<Self::Data>;

    /// Runs at every call that `filter` accepts, followed or not. The difference is the number of missed calls. A
    /// kretprobe runs it after `on_entry`.
    #[inline(always)]
    fn on_hit(&self, _preempt: PreemptDisabled<'_>, _args: Args<'_, Self>) {}

    /// Runs at the return, with the call's arguments and the data of `on_entry`.
    fn on_return(
        &self,
        preempt: PreemptDisabled<'_>,
        args: Args<'_, Self>,
        data: &Self::Data,
        value: Return<'_, Self>,
    );
}

/// Counts a call that `filter` accepts. It serves the second of two probes on one function; the first follows the
/// calls.
///
/// # Safety
///
/// `regs` are those at the entry of a call of the handler's function. Preemption is off.
#[inline(always)]
pub(super) unsafe fn count<T: Handler>(handler: &T, regs: &PtRegs) {
    // SAFETY: The caller guarantees these registers.
    let args = unsafe { T::Target::args(regs) };
    if handler.filter(args) {
        // SAFETY: The caller guarantees that preemption is off.
        handler.on_hit(unsafe { PreemptDisabled::assume() }, args);
    }
}

/// Runs the handler of a return.
///
/// # Safety
///
/// `regs` are those at the return of a call of the handler's function, whose entry wrote `args` and `data`.
#[inline(always)]
pub(super) unsafe fn run_on_return<'call, T: Handler>(
    handler: &T,
    preempt: PreemptDisabled<'_>,
    args: Args<'call, T>,
    data: &T::Data,
    regs: &PtRegs,
) {
    // SAFETY: The caller guarantees these registers. The function's caller runs on after this handler.
    let value = unsafe { Return::<'call, T>::from_register(regs.return_value()) };
    handler.on_return(preempt, args, data, value);
}

/// The data of a call between entry and return.
pub(super) struct EntryData<A, D> {
    pub(super) args: A,
    pub(super) data: D,
}

/// A mechanism that calls a [`Handler`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Hook {
    /// A kretprobe: the data of a call is in one of a fixed number of instances.
    Kretprobe,
    /// An fprobe on the function graph tracer: the data of a call is on the shadow stack of its task.
    Fprobe,
}

impl Hook {
    /// Returns whether this kernel has the mechanism.
    pub(crate) const fn is_supported(self) -> bool {
        matches!(self, Self::Kretprobe) || cfg!(kernel_has_fgraph_fprobe)
    }

    /// Returns the mechanism's name.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Kretprobe => "kprobe",
            Self::Fprobe => "fprobe",
        }
    }
}

impl Choice for Hook {
    const CHOICES: &'static [Self] = &[Self::Kretprobe, Self::Fprobe];

    fn name(self) -> &'static str {
        Self::name(self)
    }
}
