// SPDX-License-Identifier: GPL-2.0

//! Fprobes on the function graph tracer: a function's entry and its return, without a pool that calls can use up.
//!
//! What is kept of a call is on the shadow stack of the task that calls. The kernel gives each task one of these when the first
//! fprobe is registered, or when the task is made.
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
    compat::prelude::*,
    ftrace,
    hook::{
        count,
        Args,
        EntryData, //
        Handler,
    },
    marked::SharedCounter,
    preempt::PreemptDisabled,
    probe_target::ProbeTarget, //
};
use crate::bindings;

/// An fprobe on `T::Target`, and a callback of ftrace that counts its calls.
///
/// The kernel's own count of calls that an fprobe misses (`nmissed`) is a plain increment that loses updates, and has not all of
/// them: a task's shadow stack may be full before any fprobe is asked. The callback is asked without one. What disarms kprobes
/// disarms neither; where ftrace is off (`kernel.ftrace_enabled`), so are both.
///
/// Dropping it unregisters both and waits until no handler runs any more. Calls that have not returned by then return unseen.
///
/// # Invariants
///
/// `fprobe` and `counter` are registered and lie in a pinned `Self` whose `handler`, `id` and `counting` are initialized.
#[pin_data(PinnedDrop)]
pub(crate) struct Registration<T: Handler> {
    handler: T,
    // No other registration has it, neither before nor after.
    id: u64,
    // Not zero once calls are counted, and followed from then on.
    counting: SharedCounter,
    #[pin]
    fprobe: Opaque<bindings::fprobe>,
    #[pin]
    counter: Opaque<bindings::ftrace_ops>,
    alive: Alive,
    #[pin]
    _pin: PhantomPinned,
}

// SAFETY: Unregistering may happen on any thread, and the handler is `Send`.
unsafe impl<T: Handler + Send> Send for Registration<T> {}
// SAFETY: A shared reference gives access to the handler only, which is `Sync`.
unsafe impl<T: Handler> Sync for Registration<T> {}

/// What is on the shadow stack.
///
/// The kernel finds an fprobe by its address when a call returns, so that one may get what another at the same address has kept:
/// the registration's number comes first.
#[repr(C)]
struct Entry<A, D> {
    id: u64,
    kept: EntryData<A, D>,
}

type EntryOf<T> = Entry<Args<'static, T>, <T as Handler>::Data>;

impl<T: Handler> Registration<T> {
    /// The kernel aligns entry data as a word.
    const FITS: () = {
        assert!(align_of::<EntryOf<T>>() <= align_of::<c_ulong>());
        assert!(size_of::<EntryOf<T>>() <= bindings::layout::MAX_FPROBE_DATA);
    };

    /// Registers both. May sleep.
    ///
    /// Fails with `ENOENT` where ftrace has no such function, `ENOMEM`, and as arming does.
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

/// Registers the fprobe, which finds out the address, and the counter there. Calls are counted first and followed afterwards: one
/// in between counts as missed. Where it fails nothing stays registered. May sleep.
///
/// # Safety
///
/// `counter` is valid for writes and a field of the pinned `this`, whose fields declared before it are initialized.
unsafe fn register<T: Handler>(
    counter: *mut bindings::ftrace_ops,
    this: *mut Registration<T>,
) -> Result {
    // SAFETY: `this` is live, and its fprobe initialized. An `Opaque` is transparent over what it holds.
    let fprobe = unsafe { &raw mut (*this).fprobe }.cast::<bindings::fprobe>();
    // SAFETY: Nobody else uses it yet.
    unsafe {
        (*fprobe).entry_handler = Some(entry::<T>);
        (*fprobe).exit_handler = Some(exit::<T>);
        (*fprobe).entry_data_size = size_of::<EntryOf<T>>();
    }
    let mut symbol: *const c_char = T::Target::SYMBOL.as_char_ptr().cast();
    // SAFETY: The fprobe stays where it is until it is unregistered, below or by `drop`; what its handlers use is initialized.
    to_result(unsafe { bindings::register_fprobe_syms(fprobe, &mut symbol, 1) })?;

    // SAFETY: A registered fprobe has its addresses, here one, until it is unregistered.
    let address = unsafe { (*(*(*fprobe).hlist_array).array.as_ptr()).addr };
    // SAFETY: The counter stays where it is until `drop` unregisters it.
    let counted = unsafe { ftrace::register(counter, count_call::<T>, address) };
    // SAFETY: It was registered above.
    counted.inspect_err(|_| unsafe { unregister_fprobe(fprobe) })?;
    // SAFETY: It is initialized.
    unsafe { (*this).counting.increment() };
    Ok(())
}

/// Unregisters it, and waits until no handler runs. Calls still in flight return past it. May sleep.
///
/// # Safety
///
/// `fprobe` is registered.
unsafe fn unregister_fprobe(fprobe: *mut bindings::fprobe) {
    // SAFETY: Registered, as the caller says.
    unsafe { bindings::unregister_fprobe(fprobe) };
    // Not every kernel's unregister_fprobe() waits for handlers that run, which have preemption off.
    // SAFETY: Process context.
    unsafe { bindings::synchronize_rcu() };
}

/// # Safety
///
/// `fprobe` was passed to a handler of a `Registration<T>`, which is running.
unsafe fn registration<'a, T: Handler>(fprobe: *mut bindings::fprobe) -> &'a Registration<T> {
    let field = fprobe.cast::<Opaque<bindings::fprobe>>();
    // SAFETY: The fprobe is the field of a `Registration<T>`, which outlives its handlers.
    unsafe { &*container_of!(field, Registration<T>, fprobe) }
}

/// # Safety
///
/// Called by the kernel only, as entry handler of the fprobe within a `Registration<T>`.
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
    // SAFETY: They are those at the entry of a call of the function.
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
    // SAFETY: There is room for an `Entry` (`entry_data_size`), aligned (`FITS`), and this call's alone until it returns.
    unsafe {
        data.cast::<Entry<_, _>>()
            .write(Entry { id: this.id, kept })
    };
    0
}

/// # Safety
///
/// Called by the kernel only, as exit handler of the fprobe within a `Registration<T>`.
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
    // SAFETY: Entry data is a word at least, whoever kept it, and an `Entry` begins with its number.
    let id = unsafe { (&raw const (*data.cast::<EntryOf<T>>()).id).read() };
    if id != this.id {
        return;
    }
    // SAFETY: By its number `entry` wrote it for this registration; the arguments are valid until the call returns (`ProbeTarget`),
    // which is after this handler.
    let Entry { kept, .. } = unsafe { &*data.cast::<Entry<Args<'_, T>, T::Data>>() };
    let mut space = MaybeUninit::uninit();
    // SAFETY: The kernel passes the registers of the return to this handler.
    let value = unsafe { ftrace::regs(fregs, &mut space) }.return_value();
    // SAFETY: The kernel calls this with preemption off (rcu_sched_notrace in kernel/trace/fprobe.c).
    let preempt = unsafe { PreemptDisabled::assume() };
    this.handler
        .on_return(preempt, kept.args, &kept.data, value);
}

/// # Safety
///
/// Called by ftrace only, as callback of the counter within a `Registration<T>`.
unsafe extern "C" fn count_call<T: Handler>(
    _ip: c_ulong,
    _parent: c_ulong,
    ops: *mut bindings::ftrace_ops,
    fregs: *mut bindings::ftrace_regs,
) {
    let field = ops.cast::<Opaque<bindings::ftrace_ops>>();
    // SAFETY: They are the field of a `Registration<T>`, which outlives its callbacks.
    let this = unsafe { &*container_of!(field, Registration<T>, counter) };
    let mut space = MaybeUninit::uninit();
    // SAFETY: The kernel passes the registers of the call to this callback, which runs with preemption off (`ftrace::register`).
    unsafe { count(&this.handler, ftrace::regs(fregs, &mut space)) };
}

#[pinned_drop]
impl<T: Handler> PinnedDrop for Registration<T> {
    fn drop(self: Pin<&mut Self>) {
        // SAFETY: Registered by the type invariant.
        unsafe {
            unregister_fprobe(self.fprobe.get());
            ftrace::unregister(self.counter.get());
        }
    }
}
