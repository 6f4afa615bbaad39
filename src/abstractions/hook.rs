// SPDX-License-Identifier: GPL-2.0

//! What runs when a kernel function is called and when it returns, whatever mechanism calls it.

use super::{
    module_params::Choice,
    preempt::PreemptDisabled,
    probe_target::{
        ProbeTarget,
        PtRegs, //
    }, //
};

/// The arguments of a handler's function.
pub(super) type Args<'call, T> = <<T as Handler>::Target as ProbeTarget>::Args<'call>;

/// What runs when the function is called and when it returns.
///
/// All of it runs in the caller's context with preemption off, at return possibly on another CPU. It must not
/// sleep, allocate or loop without a bound.
pub(crate) trait Handler: Sync {
    /// The function it is for.
    type Target: ProbeTarget;

    /// What entry hands to return.
    type Data: Copy;

    /// Runs at every call, first: whether it is one to follow. One that is not costs little more than a kprobe.
    #[inline(always)]
    fn filter(&self, _args: Args<'_, Self>) -> bool {
        true
    }

    /// Runs at entry of a call that can be followed. `None`: it is not.
    fn on_entry(&self, preempt: PreemptDisabled<'_>, args: Args<'_, Self>) -> Option<Self::Data>;

    /// Runs at every call that was wanted, followed or not. What was missed is the difference. A kretprobe has it run after
    /// `on_entry`.
    #[inline(always)]
    fn on_hit(&self, _here: PreemptDisabled<'_>, _args: Args<'_, Self>) {}

    /// Runs at return, with the arguments of the call and what `on_entry` kept.
    fn on_return(
        &self,
        preempt: PreemptDisabled<'_>,
        args: Args<'_, Self>,
        data: &Self::Data,
        value: usize,
    );
}

/// Counts a call that is wanted: what the second probe does of two on one function, of which the first one follows calls.
///
/// # Safety
///
/// `regs` are those at the entry of a call of the handler's function. Preemption is off.
#[inline(always)]
pub(super) unsafe fn count<T: Handler>(handler: &T, regs: &PtRegs) {
    // SAFETY: The caller says that the registers are those.
    let args = unsafe { T::Target::args(regs) };
    if handler.filter(args) {
        // SAFETY: The caller says that preemption is off.
        handler.on_hit(unsafe { PreemptDisabled::assume() }, args);
    }
}

/// What is kept of a call between entry and return.
pub(super) struct EntryData<A, D> {
    pub(super) args: A,
    pub(super) data: D,
}

/// What calls a [`Handler`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Hook {
    /// A kretprobe: what is kept of a call is in one of a fixed number of instances.
    Kretprobe,
    /// An fprobe on the function graph tracer: what is kept of a call is on the shadow stack of its task.
    Fprobe,
}

impl Hook {
    /// Whether this kernel has it.
    pub(crate) const fn is_supported(self) -> bool {
        matches!(self, Self::Kretprobe) || cfg!(kernel_has_fgraph_fprobe)
    }

    /// As `stats` names it.
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
