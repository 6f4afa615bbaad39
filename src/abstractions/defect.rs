// SPDX-License-Identifier: GPL-2.0

//! Mistakes that Rust does not let pass, or not without `unsafe`, made on purpose: the variant `defect`.
//!
//! That a debug kernel's detectors say nothing about this module means something only if they look at Rust code, too.

use core::hint::black_box;

use kernel::alloc::flags::GFP_ATOMIC;

use super::{
    compat::prelude::*,
    preempt::PreemptDisabled, //
};

/// A mistake; each is found by one detector.
#[derive(Clone, Copy)]
pub(crate) enum Defect {
    /// Memory that nobody knows any more: kmemleak, at the next scan.
    Leak,
    /// An allocation that may sleep where nothing may: DEBUG_ATOMIC_SLEEP.
    Sleep,
    /// A load from behind an object: KASAN.
    Bounds,
    /// A load from an object that was freed: KASAN.
    AfterFree,
    /// A sum that has no place in its type: RUST_OVERFLOW_CHECKS.
    Overflow,
    /// The word that preemption is off, where it is not: lockdep.
    Preemptible,
}

/// Makes it. `Sleep` is a mistake with preemption off only, and `Preemptible` with preemption on.
pub(crate) fn make(defect: Defect) -> Result {
    match defect {
        Defect::Leak => {
            black_box(KBox::into_raw(KBox::new([0_u64; 8], GFP_ATOMIC)?));
        }
        Defect::Sleep => drop(black_box(KBox::new(0_u64, GFP_KERNEL)?)),
        Defect::Bounds => {
            let object = KBox::new([0_u64; 8], GFP_ATOMIC)?;
            // SAFETY: None, which is what KASAN has to say.
            black_box(unsafe { object.as_ptr().add(8).read_volatile() });
        }
        Defect::AfterFree => {
            let object = KBox::new([0_u64; 8], GFP_ATOMIC)?;
            let gone = object.as_ptr();
            drop(object);
            // SAFETY: None, as above.
            black_box(unsafe { gone.read_volatile() });
        }
        Defect::Overflow => {
            black_box(black_box(u32::MAX) + black_box(1));
        }
        Defect::Preemptible => {
            // SAFETY: None, which is what lockdep has to say. Nothing is done with it.
            black_box(unsafe { PreemptDisabled::assume() });
        }
    }
    Ok(())
}
