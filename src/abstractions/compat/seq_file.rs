// SPDX-License-Identifier: GPL-2.0

//! Output of text files in /proc. For 6.12, whose crate lacks it.
//!
//! C header: [`include/linux/seq_file.h`](srctree/include/linux/seq_file.h)

#[cfg(kernel_has_seq_file)]
pub(crate) use kernel::{
    seq_file::SeqFile,
    seq_print, //
};

#[cfg(not(kernel_has_seq_file))]
pub(crate) use lacking::{
    seq_print,
    SeqFile, //
};

#[cfg(not(kernel_has_seq_file))]
mod lacking {
    use core::fmt;

    use kernel::types::Opaque;

    use crate::{
        abstractions::compat::prelude::*,
        bindings, //
    };

    /// A `struct seq_file` during its output.
    #[repr(transparent)]
    pub(crate) struct SeqFile(Opaque<bindings::seq_file>);

    impl SeqFile {
        /// # Safety
        ///
        /// For `'a`, `seq` is live and has no other user.
        pub(crate) unsafe fn from_raw<'a>(seq: *mut bindings::seq_file) -> &'a Self {
            // SAFETY: The caller guarantees a live seq_file; `Self` is transparent over it.
            unsafe { &*seq.cast() }
        }

        /// Appends formatted text; for `seq_print!`.
        pub(crate) fn call_printf(&self, args: fmt::Arguments<'_>) {
            // SAFETY: The file is live, and `%pA` takes a pointer to Rust's format arguments.
            unsafe {
                bindings::seq_printf(
                    self.0.get(),
                    c"%pA".as_char_ptr(),
                    (&raw const args).cast::<c_void>(),
                )
            };
        }
    }

    /// Appends to a [`SeqFile`] with Rust's format syntax.
    macro_rules! seq_print {
        ($file:expr, $($argument:tt)+) => {
            $file.call_printf(::core::format_args!($($argument)+))
        };
    }
    pub(crate) use seq_print;
}
