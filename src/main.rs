// SPDX-License-Identifier: GPL-2.0

//! tsoffset: checks the timestamp offset of every IPv6 TCP connect against the kernel's own SipHash, and on request
//! of every IPv4 one.
//!
//! This file has load and unload, and their order. `probes` has the handlers of the hooks, `proc` the files for
//! users, and `model` the logic of both without the kernel.

use core::ops::RangeInclusive;

mod abstractions;
mod bindings;
mod model;
mod probes;
mod proc;
mod state;
mod tcp;

use abstractions::{
    clock_steps,
    compat::{
        errno::not_supported,
        prelude::*, //
    },
    hook::Hook,
    percpu::possible_cpus, //
};
use probes::{
    clock_step::ClockProbe,
    connect::ConnectProbe,
    connect_family::{V4, V6},
    getsockopt::GetsockoptProbe,
    registration::{
        ReturnProbe,
        TraceProbe, //
    },
    setsockopt::SetsockoptProbe,
    state_change::StateProbe,
    syn_cookie::SynCookieProbe,
    sysctl::SysctlProbe, //
};
use state::sysctl_writes;

module! {
    type: Tsoffset,
    name: "tsoffset",
    authors: ["The tsoffset authors"],
    description: "Watches the TCP timestamp offsets of IPv6 connects",
    license: "GPL",
    params: {
        maxactive: u32 {
            default: 0,
            description: "Connects that can be followed at once, 1 to 4096, or 16 for each possible CPU if that is more; 0: 1024 for each possible CPU, at most that (default 0)",
        },
        records: u32 {
            default: 256,
            description: "Records kept for each CPU, 2 to 65536, rounded up to a power of two; 0: none (default 256)",
        },
        outcomes: u32 {
            default: 0,
            description: "Connects whose outcome can be pending at once, up to 65536; 0: outcomes are not recorded (default 0)",
        },
        witness: bool {
            default: false,
            description: "Watch getsockopt(TCP_TIMESTAMP) for overlaps with connects (default N)",
        },
        hook: Hook {
            default: Hook::Kretprobe,
            description: "Mechanism that follows calls: kprobe, or fprobe, which has no pool of instances (default kprobe)",
        },
        ipv4: bool {
            default: false,
            description: "Follow connects of IPv4 sockets, too (default N)",
        },
        private: bool {
            default: false,
            description: "Only root can read stats and /proc/net/tsoffset (default N)",
        },
    },
}

/// The loaded module. Fields are dropped from first to last: first the files, then the probes. The last reference to
/// the state frees it.
struct Tsoffset {
    _files: proc::Files,
    _connects: ReturnProbe<ConnectProbe<V6>>,
    _connects_v4: Option<ReturnProbe<ConnectProbe<V4>>>,
    _timestamps: ReturnProbe<SysctlProbe>,
    _witness: Option<ReturnProbe<GetsockoptProbe>>,
    _outcomes: Option<SocketProbes>,
    _clock: Pin<KBox<clock_steps::Registration<ClockProbe>>>,
}

/// The probes that follow sockets beyond their connect.
struct SocketProbes {
    _cookies: Option<ReturnProbe<SynCookieProbe>>,
    _states: TraceProbe<StateProbe>,
    _repairs: ReturnProbe<SetsockoptProbe>,
}

/// Limit of concurrent calls that are followed: each takes memory from load to unload.
const MAXACTIVE_LIMIT: u32 = 4096;

/// Concurrent calls for each possible CPU that are always allowed. With fewer, a connect of a user with another
/// connect in flight sums the user's calls on all CPUs (`model::shares`).
const MAXACTIVE_LIMIT_FOR_EACH_CPU: u32 = 16;

/// Default of concurrent calls for each possible CPU. Any thread can be preempted within its call, so the number of
/// connecting threads matters more than the number of CPUs.
const MAXACTIVE_FOR_EACH_CPU: u32 = 1024;

/// Limits of records for each CPU, if any are kept: a record takes 128 bytes from load to unload,
/// and 384 with `outcomes`.
const RECORDS_LIMITS: RangeInclusive<u32> = 2..=65536;

/// Limit of pending outcomes: each takes 80 bytes from load to unload, in two tables.
const OUTCOMES_LIMIT: u32 = 65536;

/// Limit of concurrent calls of `setsockopt(TCP_TIMESTAMP)` that are followed: a tool that restores connections makes
/// one call at a time.
const REPAIRS_MAXACTIVE: u32 = 64;

impl kernel::Module for Tsoffset {
    fn init(_module: &'static ThisModule) -> Result<Self> {
        let maxactive = parameters::maxactive.value();
        let cpus = possible_cpus().fold(0, |cpus, _| cpus + 1);
        let limit = MAXACTIVE_LIMIT.max(MAXACTIVE_LIMIT_FOR_EACH_CPU * cpus);
        if maxactive > limit {
            pr_err!("maxactive={maxactive} is not within 0 to {limit}\n");
            return Err(EINVAL);
        }
        let maxactive = match maxactive {
            0 => limit.min(MAXACTIVE_FOR_EACH_CPU * cpus),
            calls => calls,
        };

        let records = parameters::records.value();
        if records != 0 && !RECORDS_LIMITS.contains(&records) {
            let (least, most) = (RECORDS_LIMITS.start(), RECORDS_LIMITS.end());
            pr_err!("records={records} is not within {least} to {most}, nor 0\n");
            return Err(EINVAL);
        }

        let outcomes = parameters::outcomes.value();
        if outcomes > OUTCOMES_LIMIT {
            pr_err!("outcomes={outcomes} is not within 0 to {OUTCOMES_LIMIT}\n");
            return Err(EINVAL);
        }

        let hook = parameters::hook.value();
        if !hook.is_supported() {
            pr_err!(
                "hook=fprobe needs CONFIG_FPROBE, on the function graph tracer, in this kernel\n"
            );
            return Err(not_supported());
        }

        let ipv4 = parameters::ipv4.value();
        let witness = parameters::witness.value();
        let state = state::State::new(
            (records != 0).then(|| records.next_power_of_two()),
            hook,
            maxactive,
            witness,
            (outcomes != 0).then_some(outcomes),
            ipv4,
            parameters::private.value(),
        )?;
        let clock = KBox::pin_init(
            clock_steps::Registration::new(ClockProbe(state.clone())),
            GFP_KERNEL,
        )?;
        // Each CPU can have one call more in flight, beyond its user's share: the call has an instance until the
        // handler rejects it.
        let instances = sysctl_writes::MAXACTIVE + cpus;
        let timestamps = ReturnProbe::new(SysctlProbe(state.clone()), hook, instances)?;
        let connects = ReturnProbe::new(ConnectProbe(state.clone(), V6), hook, maxactive)?;
        let connects_v4 = ipv4
            .then(|| ReturnProbe::new(ConnectProbe(state.clone(), V4), hook, maxactive))
            .transpose()?;
        let witness = witness
            .then(|| ReturnProbe::new(GetsockoptProbe(state.clone()), hook, maxactive))
            .transpose()?;

        let outcomes = if outcomes != 0 {
            Some(SocketProbes {
                _repairs: ReturnProbe::new(
                    SetsockoptProbe(state.clone()),
                    hook,
                    REPAIRS_MAXACTIVE,
                )?,
                // Before the probe that notes sockets: nothing else takes a note away.
                _states: TraceProbe::new(StateProbe(state.clone()))?,
                // The function does not sleep.
                _cookies: cfg!(CONFIG_SYN_COOKIES)
                    .then(|| ReturnProbe::new(SynCookieProbe(state.clone()), hook, 2 * cpus))
                    .transpose()?,
            })
        } else {
            None
        };

        if !state.self_test.follows() {
            pr_err!(
                "the probes are registered but do not fire; are kprobes disarmed \
                 (/sys/kernel/debug/kprobes/enabled) or ftrace off (kernel.ftrace_enabled)?\n"
            );
            return Err(EIO);
        }

        // Last: nothing fails once there are files.
        let files = proc::Files::new(&state)?;
        Ok(Self {
            _files: files,
            _connects: connects,
            _connects_v4: connects_v4,
            _timestamps: timestamps,
            _witness: witness,
            _outcomes: outcomes,
            _clock: clock,
        })
    }
}
