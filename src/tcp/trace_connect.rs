// SPDX-License-Identifier: GPL-2.0

//! The module's own tracepoint, `tsoffset:connect`, for ftrace, perf and BPF.
//!
//! C header: [`include/linux/tracepoint.h`](srctree/include/linux/tracepoint.h)
//!
//! C defines the event, in `bindings/trace.h`: the macros that make an event are C macros.

use crate::bindings;

/// The argument of the tracepoint; fields as in `bindings/helpers.h`.
pub(crate) use bindings::tsoffset_connect as Event;

/// The numbers of verdicts, which C names in a trace.
pub(crate) mod verdict {
    pub(crate) use crate::bindings::{
        tsoffset_verdict_TSOFFSET_CHANGED as CHANGED,
        tsoffset_verdict_TSOFFSET_FAILED as FAILED,
        tsoffset_verdict_TSOFFSET_MATCH as MATCH,
        tsoffset_verdict_TSOFFSET_MISMATCH as MISMATCH,
        tsoffset_verdict_TSOFFSET_REPAIR as REPAIR,
        tsoffset_verdict_TSOFFSET_UNJUDGED as UNJUDGED,
        tsoffset_verdict_TSOFFSET_ZERO as ZERO, //
    };
}

/// The bits of flags, which C names in a trace.
pub(crate) mod flag {
    pub(crate) use crate::bindings::{
        tsoffset_flags_TSOFFSET_FLAG_FASTOPEN as FAST_OPEN,
        tsoffset_flags_TSOFFSET_FLAG_MPTCP as MPTCP,
        tsoffset_flags_TSOFFSET_FLAG_REPAIR as REPAIR,
        tsoffset_flags_TSOFFSET_FLAG_V4 as V4,
        tsoffset_flags_TSOFFSET_FLAG_V4MAPPED as V4_MAPPED, //
    };
}

/// Returns whether the tracepoint has a listener. Any context.
///
/// A static branch if the kernel crate has one: a no-op instruction that becomes a jump with a listener. Otherwise a
/// call of a C function with that branch.
#[inline(always)]
pub(crate) fn is_on() -> bool {
    #[cfg(kernel_has_static_branch)]
    {
        // SAFETY: The key belongs to a tracepoint that C defines.
        unsafe {
            kernel::jump_label::static_branch_unlikely!(
                bindings::__tracepoint_connect,
                bindings::tracepoint,
                key
            )
        }
    }
    #[cfg(not(kernel_has_static_branch))]
    {
        // SAFETY: The function has no requirements.
        unsafe { bindings::tsoffset_trace_connect_enabled() }
    }
}

/// Emits the event. With preemption off; a listener may run a BPF program here.
pub(crate) fn connect(event: &Event) {
    // SAFETY: The event lives until the function returns, and listeners copy it.
    unsafe { bindings::tsoffset_trace_connect(event) }
}
