// SPDX-License-Identifier: GPL-2.0

//! The module's own tracepoint, `tsoffset:connect`, for ftrace, perf and BPF.
//!
//! C header: [`include/linux/tracepoint.h`](srctree/include/linux/tracepoint.h)
//!
//! What ends up in a trace is defined in C, in `bindings/trace.h`: the macros that make an event of it are C's.

use crate::bindings;

/// What the tracepoint is called with; fields as in `bindings/helpers.h`.
pub(crate) use bindings::tsoffset_connect as Event;

/// The numbers that C gives names to in a trace.
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

/// The bits, likewise.
pub(crate) mod flag {
    pub(crate) use crate::bindings::{
        tsoffset_flags_TSOFFSET_FLAG_FASTOPEN as FAST_OPEN,
        tsoffset_flags_TSOFFSET_FLAG_MPTCP as MPTCP,
        tsoffset_flags_TSOFFSET_FLAG_REPAIR as REPAIR,
        tsoffset_flags_TSOFFSET_FLAG_V4MAPPED as V4_MAPPED, //
    };
}

/// Whether anybody listens. Any context.
///
/// A static branch where the kernel crate has one: an instruction that does nothing, made a jump while
/// somebody listens. Elsewhere a call of a C function with that branch in it.
#[inline(always)]
pub(crate) fn is_on() -> bool {
    #[cfg(kernel_has_static_branch)]
    {
        // SAFETY: The key is that of a tracepoint that C defines.
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

/// Tells those who listen. With preemption off; who listens may run a BPF program here.
pub(crate) fn connect(event: &Event) {
    // SAFETY: The event lives until the function returns, and those who listen copy it.
    unsafe { bindings::tsoffset_trace_connect(event) }
}
