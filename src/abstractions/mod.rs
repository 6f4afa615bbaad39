// SPDX-License-Identifier: GPL-2.0

//! Safe Rust abstractions of kernel interfaces that the `kernel` crate lacks.

pub(crate) mod alive;
pub(crate) mod capability;
pub(crate) mod cgroup;
pub(crate) mod clock;
pub(crate) mod clock_steps;
pub(crate) mod compat;
#[cfg(kernel_has_fgraph_fprobe)]
pub(crate) mod fprobe;
#[cfg(kernel_has_fgraph_fprobe)]
mod ftrace;
pub(crate) mod hook;
pub(crate) mod kretprobe;
pub(crate) mod listing;
pub(crate) mod marked;
pub(crate) mod module_params;
pub(crate) mod net;
pub(crate) mod online_cpus;
pub(crate) mod percpu;
pub(crate) mod pernet;
pub(crate) mod preempt;
pub(crate) mod probe_target;
pub(crate) mod proc_net;
pub(crate) mod procfs;
pub(crate) mod rcu;
pub(crate) mod stream;
pub(crate) mod task;
pub(crate) mod tracepoint;
pub(crate) mod wait_queue;
