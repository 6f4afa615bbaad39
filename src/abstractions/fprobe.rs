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
    fault,
    hook::{
        Args,
        Handler,
        Kept, //
    },
    preemption::PreemptionDisabled,
    probed::{
        Function,
        Regs, //
    }, //
};
use crate::bindings;

/// An fprobe on `T::Function`, and a kprobe that counts its calls.
///
/// The kernel's own count of calls that an fprobe misses (`nmissed`) is a plain increment that loses updates, and has not all of
/// them: a task's shadow stack may be full before any fprobe is asked.
///
/// Dropping it unregisters both and waits until no handler runs any more. Calls that have not returned by then return unseen.
///
/// # Invariants
///
/// `fprobe` and `counter` are registered and lie in a pinned `Self` whose `handler` and `id` are initialized.
#[pin_data(PinnedDrop)]
pub(crate) struct Registration<T: Handler> {
    handler: T,
    // No other registration has it, neither before nor after.
    id: u64,
    #[pin]
    fprobe: Opaque<bindings::fprobe>,
    #[pin]
    counter: Opaque<bindings::kprobe>,
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
    kept: Kept<A, D>,
}

type EntryOf<T> = Entry<Args<'static, T>, <T as Handler>::Data>;

impl<T: Handler> Registration<T> {
    /// The kernel aligns entry data as a word, and refuses more than there is room for (`E2BIG`).
    const FITS: () = assert!(align_of::<EntryOf<T>>() <= align_of::<c_ulong>());

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
            counter <- Opaque::try_ffi_init(move |slot: *mut bindings::kprobe| {
                // SAFETY: `slot` is a field of the pinned `this`, whose fields declared before it are initialized.
                unsafe { register::<T>(slot, this.as_ptr()) }
            }),
            _pin: PhantomPinned,
        })
    }
}

/// Registers the counter and then the fprobe: a call in between counts as missed. Where it fails nothing stays registered. May
/// sleep.
///
/// # Safety
///
/// `counter` is valid for writes and a field of the pinned `this`, whose fields declared before it are initialized.
unsafe fn register<T: Handler>(
    counter: *mut bindings::kprobe,
    this: *mut Registration<T>,
) -> Result {
    // SAFETY: The caller says that `counter` is valid for writes; all zeroes is a `struct kprobe`.
    unsafe {
        counter.write_bytes(0, 1);
        (*counter).symbol_name = T::Function::SYMBOL.as_char_ptr();
        (*counter).pre_handler = Some(count::<T>);
    }
    fault::point()?;
    // SAFETY: It stays where it is until it is unregistered, below or by `drop`; the handler, which is all that it uses, is
    // initialized.
    to_result(unsafe { bindings::register_kprobe(counter) })?;

    // SAFETY: `this` is live, and its fprobe initialized. An `Opaque` is transparent over what it holds.
    let fprobe = unsafe { &raw mut (*this).fprobe }.cast::<bindings::fprobe>();
    // SAFETY: Nobody else uses it yet.
    unsafe {
        (*fprobe).entry_handler = Some(entry::<T>);
        (*fprobe).exit_handler = Some(exit::<T>);
        (*fprobe).entry_data_size = size_of::<EntryOf<T>>();
    }
    let mut symbol: *const c_char = T::Function::SYMBOL.as_char_ptr().cast();
    fault::point()
        // SAFETY: The fprobe stays where it is until `drop` unregisters it; one name is read.
        .and_then(|()| to_result(unsafe { bindings::register_fprobe_syms(fprobe, &mut symbol, 1) }))
        // SAFETY: It was registered above.
        .inspect_err(|_| unsafe { bindings::unregister_kprobe(counter) })
}

/// # Safety
///
/// `regs` are those that ftrace passes to a handler, which is running; `space` is used as long as the result.
unsafe fn regs<'a>(
    regs: *mut bindings::ftrace_regs,
    space: &'a mut MaybeUninit<bindings::pt_regs>,
) -> &'a Regs {
    // SAFETY: The kernel gives the registers that it keeps, or writes those that ftrace saved into the space: arguments, return
    // value, stack and instruction pointer.
    unsafe {
        Regs::from_raw(bindings::tsoffset_ftrace_partial_regs(
            regs,
            space.as_mut_ptr(),
        ))
    }
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
    let regs = unsafe { regs(fregs, &mut space) };
    // SAFETY: They are those at the entry of a call of the function.
    let args = unsafe { T::Function::args(regs) };
    if data.is_null() || !this.handler.wants(args) {
        return 1;
    }
    // SAFETY: The kernel calls this with preemption off (rcu_sched_notrace in kernel/trace/fprobe.c).
    let here = unsafe { PreemptionDisabled::assume() };
    let Some(data_of_call) = this.handler.entered(here, args) else {
        return 1;
    };
    let kept = Kept {
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
    // SAFETY: By its number `entry` wrote it for this registration; the arguments are valid until the call returns (`Function`),
    // which is after this handler.
    let Entry { kept, .. } = unsafe { &*data.cast::<Entry<Args<'_, T>, T::Data>>() };
    let mut space = MaybeUninit::uninit();
    // SAFETY: The kernel passes the registers of the return to this handler.
    let value = unsafe { regs(fregs, &mut space) }.return_value();
    // SAFETY: The kernel calls this with preemption off (rcu_sched_notrace in kernel/trace/fprobe.c).
    let here = unsafe { PreemptionDisabled::assume() };
    this.handler.returned(here, kept.args, &kept.data, value);
}

/// # Safety
///
/// Called by the kernel only, as handler of the kprobe within a `Registration<T>`.
unsafe extern "C" fn count<T: Handler>(
    kprobe: *mut bindings::kprobe,
    regs: *mut bindings::pt_regs,
) -> c_int {
    let field = kprobe.cast::<Opaque<bindings::kprobe>>();
    // SAFETY: The kprobe is the field of a `Registration<T>`, which outlives its handlers.
    let this = unsafe { &*container_of!(field, Registration<T>, counter) };
    // SAFETY: The kernel passes the registers of the probed call, unchanged while the handler runs.
    let args = unsafe { T::Function::args(Regs::from_raw(regs)) };
    if this.handler.wants(args) {
        // SAFETY: Handlers run with preemption off (Documentation/trace/kprobes.rst).
        let here = unsafe { PreemptionDisabled::assume() };
        this.handler.called(here, args);
    }
    0
}

#[pinned_drop]
impl<T: Handler> PinnedDrop for Registration<T> {
    fn drop(self: Pin<&mut Self>) {
        // SAFETY: Registered by the type invariant. Calls still in flight return past it.
        unsafe { bindings::unregister_fprobe(self.fprobe.get()) };
        // SAFETY: Registered by the type invariant. This waits for its running handlers.
        unsafe { bindings::unregister_kprobe(self.counter.get()) };
        // Not every kernel's unregister_fprobe() waits for handlers that run, which have preemption off.
        // SAFETY: Process context.
        unsafe { bindings::synchronize_rcu() };
    }
}
