// SPDX-License-Identifier: GPL-2.0

//! Fprobes on the function graph tracer: a function's entry and return, without a pool of instances.
//!
//! The data of a call is on the shadow stack of the calling task. The kernel allocates a task's shadow stack when the
//! first fprobe is registered, or when the task is created.
//!
//! C header: [`include/linux/fprobe.h`](srctree/include/linux/fprobe.h)

use core::{
    marker::PhantomPinned,
    mem::MaybeUninit, //
};

use kernel::{
    container_of,
    error::to_result,
    ffi::{
        c_char,
        c_ulong, //
    },
    types::Opaque, //
};

use super::{
    alive::Alive,
    clock,
    compat::{
        prelude::*,
        rcu::synchronize_rcu, //
    },
    ftrace,
    hook::{
        count,
        run_on_return,
        Args,
        EntryData,
        Handler, //
    },
    marked::SharedCounter,
    preempt::PreemptDisabled,
    probe_target::ProbeTarget, //
};
use crate::bindings;

/// An fprobe on `T::Target`, and an ftrace callback that counts its calls.
///
/// The kernel's own count of missed calls (`nmissed`) is a plain increment that loses updates. It is also incomplete:
/// a task's shadow stack can be full before the kernel calls any fprobe. The callback needs no shadow stack.
/// Disarming of kprobes disarms neither. With ftrace off (`kernel.ftrace_enabled`), both are off.
///
/// Drop unregisters both and waits for running handlers. Calls in flight then return without a handler.
///
/// # Invariants
///
/// `fprobe` and `counter` are registered and lie in a pinned `Self` whose `handler`, `id` and `counting` are initialized.
#[pin_data(PinnedDrop)]
pub(crate) struct Registration<T: Handler> {
    handler: T,
    // Unique: no earlier or later registration has it.
    id: u64,
    // Not 0: calls are counted, and followed from then on.
    counting: SharedCounter,
    #[pin]
    fprobe: Opaque<bindings::fprobe>,
    #[pin]
    counter: Opaque<bindings::ftrace_ops>,
    alive: Alive,
    #[pin]
    _pin: PhantomPinned,
}

// SAFETY: Any thread may unregister, and the handler is `Send`.
unsafe impl<T: Handler + Send> Send for Registration<T> {}
// SAFETY: A shared reference gives access to the handler only, which is `Sync`.
unsafe impl<T: Handler> Sync for Registration<T> {}

/// The entry data on the shadow stack.
///
/// At return, the kernel finds an fprobe by its address. So an fprobe can get the entry data of an earlier fprobe at
/// the same address; `id` tells them apart.
#[repr(C)]
struct ShadowData<A, D> {
    id: u64,
    kept: EntryData<A, D>,
}

type ShadowDataOf<T> = ShadowData<Args<'static, T>, <T as Handler>::Data>;

impl<T: Handler> Registration<T> {
    /// The checks of the entry data: the kernel aligns it as a word and limits its size.
    const FITS: () = {
        assert!(align_of::<ShadowDataOf<T>>() <= align_of::<c_ulong>());
        assert!(size_of::<ShadowDataOf<T>>() <= bindings::layout::MAX_FPROBE_DATA);
    };

    /// Registers the fprobe and the counter. May sleep.
    ///
    /// Fails with `ENOENT` if ftrace has no such function, with `ENOMEM`, or with an error of arming.
    pub(crate) fn new(handler: T) -> impl PinInit<Self, Error> {
        const { Self::FITS };
        try_pin_init!(&this in Self {
            handler,
            alive: Alive::new(),
            id: clock::boot_ns(),
            fprobe <- Opaque::try_ffi_init(|slot: *mut bindings::fprobe| {
                // SAFETY: `slot` is valid for writes, and all zeroes is a `struct fprobe`.
                unsafe { slot.write_bytes(0, 1) };
                Ok::<(), Error>(())
            }),
            counting: SharedCounter::new(),
            counter <- Opaque::try_ffi_init(move |slot: *mut bindings::ftrace_ops| {
                // SAFETY: `slot` is a field of the pinned `this`, whose fields declared before it are initialized.
                unsafe { register::<T>(slot, this.as_ptr()) }
            }),
            _pin: PhantomPinned,
        })
    }
}

/// Registers the fprobe, which looks up the address, and the counter at that address. Calls are counted first and
/// followed afterwards: a call in between counts as missed. After a failure, nothing is registered. May sleep.
///
/// # Safety
///
/// `counter` is valid for writes and a field of the pinned `this`, whose fields declared before it are initialized.
unsafe fn register<T: Handler>(
    counter: *mut bindings::ftrace_ops,
    this: *mut Registration<T>,
) -> Result {
    // SAFETY: `this` is live, and its fprobe initialized. An `Opaque` is transparent over its contents.
    let fprobe = unsafe { &raw mut (*this).fprobe }.cast::<bindings::fprobe>();
    // SAFETY: The fprobe has no other user yet.
    unsafe {
        (*fprobe).entry_handler = Some(entry::<T>);
        (*fprobe).exit_handler = Some(exit::<T>);
        (*fprobe).entry_data_size = size_of::<ShadowDataOf<T>>();
    }
    let mut symbol: *const c_char = T::Target::SYMBOL.as_char_ptr().cast();
    // SAFETY: The fprobe does not move until it is unregistered, below or by `drop`. Its handlers use initialized fields only.
    to_result(unsafe { bindings::register_fprobe_syms(fprobe, &mut symbol, 1) })?;

    // SAFETY: A registered fprobe has its addresses, one here, until it is unregistered.
    let address = unsafe { (*(*(*fprobe).hlist_array).array.as_ptr()).addr };
    // SAFETY: The counter does not move until `drop` unregisters it.
    let counted = unsafe { ftrace::register(counter, count_call::<T>, address) };
    // SAFETY: The fprobe was registered above.
    counted.inspect_err(|_| unsafe { unregister_fprobe(fprobe) })?;
    // SAFETY: `this` is live, and `counting` initialized.
    unsafe { (*this).counting.increment() };
    Ok(())
}

/// Unregisters an fprobe and waits for running handlers. Calls in flight return without a handler. May sleep.
///
/// # Safety
///
/// `fprobe` is registered.
unsafe fn unregister_fprobe(fprobe: *mut bindings::fprobe) {
    // SAFETY: The caller guarantees a registered fprobe.
    unsafe { bindings::unregister_fprobe(fprobe) };
    // Some kernels' unregister_fprobe() does not wait for running handlers. Handlers have preemption off.
    synchronize_rcu();
}

/// # Safety
///
/// `fprobe` was passed to a running handler of a `Registration<T>`.
unsafe fn registration<'a, T: Handler>(fprobe: *mut bindings::fprobe) -> &'a Registration<T> {
    let field = fprobe.cast::<Opaque<bindings::fprobe>>();
    // SAFETY: The fprobe is the field of a `Registration<T>`, which outlives its handlers.
    unsafe { &*container_of!(field, Registration<T>, fprobe) }
}

/// # Safety
///
/// Only the kernel calls it, as entry handler of the fprobe in a `Registration<T>`.
unsafe extern "C" fn entry<T: Handler>(
    fprobe: *mut bindings::fprobe,
    _entry: c_ulong,
    _return: c_ulong,
    fregs: *mut bindings::ftrace_regs,
    data: *mut c_void,
) -> c_int {
    // SAFETY: This is a handler of a `Registration<T>`.
    let this = unsafe { registration::<T>(fprobe) };
    let mut space = MaybeUninit::uninit();
    // SAFETY: The kernel passes the registers of the probed call to this handler.
    let regs = unsafe { ftrace::regs(fregs, &mut space) };
    // SAFETY: These are the registers at the entry of a call of the function.
    let args = unsafe { T::Target::args(regs) };
    if data.is_null() || this.counting.load_acquire() == 0 || !this.handler.filter(args) {
        return 1;
    }
    // SAFETY: The kernel calls this with preemption off (rcu_sched_notrace in kernel/trace/fprobe.c).
    let preempt = unsafe { PreemptDisabled::assume() };
    let Some(data_of_call) = this.handler.on_entry(preempt, args) else {
        return 1;
    };
    let kept = EntryData {
        args,
        data: data_of_call,
    };
    // SAFETY: There is room for a `ShadowData` (`entry_data_size`), aligned (`FITS`). It belongs to this call until the
    // return.
    unsafe {
        data.cast::<ShadowData<_, _>>()
            .write(ShadowData { id: this.id, kept })
    };
    0
}

/// # Safety
///
/// Only the kernel calls it, as exit handler of the fprobe in a `Registration<T>`.
unsafe extern "C" fn exit<T: Handler>(
    fprobe: *mut bindings::fprobe,
    _entry: c_ulong,
    _return: c_ulong,
    fregs: *mut bindings::ftrace_regs,
    data: *mut c_void,
) {
    // SAFETY: This is a handler of a `Registration<T>`.
    let this = unsafe { registration::<T>(fprobe) };
    if data.is_null() {
        return;
    }
    // SAFETY: Entry data of any fprobe is at least a word, and a `ShadowData` begins with its number.
    let id = unsafe { (&raw const (*data.cast::<ShadowDataOf<T>>()).id).read() };
    if id != this.id {
        return;
    }
    // SAFETY: The number shows that `entry` wrote it for this registration. The arguments are valid until the call
    // returns (`ProbeTarget`), which is after this handler.
    let ShadowData { kept, .. } = unsafe { &*data.cast::<ShadowData<Args<'_, T>, T::Data>>() };
    let mut space = MaybeUninit::uninit();
    // SAFETY: The kernel passes the registers of the return to this handler.
    let regs = unsafe { ftrace::regs(fregs, &mut space) };
    // SAFETY: The kernel calls this with preemption off (rcu_sched_notrace in kernel/trace/fprobe.c).
    let preempt = unsafe { PreemptDisabled::assume() };
    // SAFETY: These are the registers of the return of that call.
    unsafe { run_on_return(&this.handler, preempt, kept.args, &kept.data, regs) };
}

/// # Safety
///
/// Only ftrace calls it, as callback of the counter in a `Registration<T>`.
unsafe extern "C" fn count_call<T: Handler>(
    _ip: c_ulong,
    _parent: c_ulong,
    ops: *mut bindings::ftrace_ops,
    fregs: *mut bindings::ftrace_regs,
) {
    let field = ops.cast::<Opaque<bindings::ftrace_ops>>();
    // SAFETY: `ops` is a field of a `Registration<T>`, which outlives its callbacks.
    let this = unsafe { &*container_of!(field, Registration<T>, counter) };
    let mut space = MaybeUninit::uninit();
    // SAFETY: The kernel passes the registers of the call to this callback, which runs with preemption off (`ftrace::register`).
    unsafe { count(&this.handler, ftrace::regs(fregs, &mut space)) };
}

#[pinned_drop]
impl<T: Handler> PinnedDrop for Registration<T> {
    fn drop(self: Pin<&mut Self>) {
        // SAFETY: Both are registered, by the type invariant.
        unsafe {
            unregister_fprobe(self.fprobe.get());
            ftrace::unregister(self.counter.get());
        }
    }
}
