// SPDX-License-Identifier: GPL-2.0

//! `module!` with parameters that may occur more than once, as in C modules: the last value counts.
//!
//! C header: [`include/linux/moduleparam.h`](srctree/include/linux/moduleparam.h)
//!
//! The kernel crate of 7.3 has parameters, but rejects a second value with `EEXIST`. modprobe appends the values of
//! its command line to those of modprobe.d, and takes `EEXIST` for "already loaded". So modprobe would succeed, and
//! no module would be loaded. The crate of 6.12 has no parameters. Both kernels get these.

use core::cell::UnsafeCell;

use kernel::ffi::c_char;

use super::compat::prelude::*;
use crate::bindings;

/// The value of a parameter.
pub(crate) struct Parameter<T>(UnsafeCell<T>);

// SAFETY: The kernel writes it while it parses the module's parameters, before any code of the module runs. A
// parameter that is not in sysfs (mode 0) is not written later.
unsafe impl<T: Sync> Sync for Parameter<T> {}

impl<T: Copy> Parameter<T> {
    pub(crate) const fn new(default: T) -> Self {
        Self(UnsafeCell::new(default))
    }

    /// Returns the value given at load, or the default.
    pub(crate) fn value(&self) -> T {
        // SAFETY: The kernel does not write it any more; see above.
        unsafe { *self.0.get() }
    }

    /// Returns the address to which the kernel's parser writes.
    pub(crate) const fn as_mut_ptr(&self) -> *mut T {
        self.0.get()
    }
}

/// A type that the kernel can parse.
pub(crate) trait ModuleParam {
    /// The parser. It gets the text and the parameter's entry.
    const SET: unsafe extern "C" fn(*const c_char, *const bindings::kernel_param) -> c_int;
}

impl ModuleParam for u32 {
    const SET: unsafe extern "C" fn(*const c_char, *const bindings::kernel_param) -> c_int =
        bindings::param_set_uint;
}

impl ModuleParam for bool {
    const SET: unsafe extern "C" fn(*const c_char, *const bindings::kernel_param) -> c_int =
        bindings::param_set_bool;
}

/// A parameter with a fixed set of words as values.
pub(crate) trait Choice: Copy + 'static {
    /// All values.
    const CHOICES: &'static [Self];

    /// Returns the word of a value.
    fn name(self) -> &'static str;
}

impl<T: Choice> ModuleParam for T {
    const SET: unsafe extern "C" fn(*const c_char, *const bindings::kernel_param) -> c_int =
        set_choice::<T>;
}

/// # Safety
///
/// Only the kernel's parser calls it, with the text of the value and an entry made for a `Parameter<T>`.
unsafe extern "C" fn set_choice<T: Choice>(
    text: *const c_char,
    entry: *const bindings::kernel_param,
) -> c_int {
    if text.is_null() {
        return EINVAL.to_errno();
    }
    let is_given = |choice: &&T| {
        // SAFETY: The text is a C string, which lives during the call. The comparison ends at the first different
        // byte, so at the end of the text at the latest.
        let is = |(i, byte): (usize, u8)| unsafe { text.cast::<u8>().add(i).read() == byte };
        let name = choice.name();
        name.bytes().enumerate().all(is) && is((name.len(), 0))
    };
    let Some(choice) = T::CHOICES.iter().find(is_given) else {
        return EINVAL.to_errno();
    };
    // SAFETY: The entry has the address of a `Parameter<T>`, which no code reads before the kernel has parsed all
    // parameters.
    unsafe { (*entry).__bindgen_anon_1.arg.cast::<T>().write(*choice) };
    0
}

/// Returns the operations of a parameter for the kernel. Without flags, a parameter needs a value.
pub(crate) const fn ops<T: ModuleParam>() -> bindings::kernel_param_ops {
    bindings::kernel_param_ops {
        flags: 0,
        set: Some(T::SET),
        get: None,
        free: None,
    }
}

/// Returns the kernel's structure of this module.
pub(crate) const fn this_module() -> *mut bindings::module {
    extern "C" {
        // Used for its address only.
        static __this_module: u8;
    }
    (&raw const __this_module).cast_mut().cast()
}

/// One entry of the module's parameter table.
#[repr(transparent)]
pub(crate) struct ParamEntry(pub(crate) bindings::kernel_param);

// SAFETY: Only the kernel reads it, under its own lock.
unsafe impl Sync for ParamEntry {}

/// Returns a text as an array, for the section that `modinfo` shows.
pub(crate) const fn bytes<const N: usize>(text: &str) -> [u8; N] {
    let mut bytes = [0; N];
    let mut i = 0;
    while i < N {
        bytes[i] = text.as_bytes()[i];
        i += 1;
    }
    bytes
}

/// Adds a text to the section that `modinfo` shows.
macro_rules! modinfo {
    ($($text:expr),+) => {
        const _: () = {
            const TEXT: &str = concat!($($text,)+ "\0");
            #[link_section = ".modinfo"]
            #[used]
            static INFO: [u8; TEXT.len()] =
                $crate::abstractions::module_params::bytes(TEXT);
        };
    };
}

/// The kernel's `module!`, for a crate that takes a list of authors or a single one.
#[cfg(kernel_has_module_authors)]
macro_rules! kernel_module {
    ($type:ident, $name:tt, $author:tt, $description:tt, $license:tt) => {
        ::kernel::prelude::module! {
            type: $type,
            name: $name,
            authors: [$author],
            description: $description,
            license: $license,
        }
    };
}
#[cfg(not(kernel_has_module_authors))]
macro_rules! kernel_module {
    ($type:ident, $name:tt, $author:tt, $description:tt, $license:tt) => {
        ::kernel::prelude::module! {
            type: $type,
            name: $name,
            author: $author,
            description: $description,
            license: $license,
        }
    };
}

/// The kernel's `module!`, with parameters: `parameters::NAME.value()`.
macro_rules! module {
    (
        type: $type:ident,
        name: $name:tt,
        authors: [$author:tt],
        description: $description:tt,
        license: $license:tt,
        params: {$(
            $param:ident: $kind:ident {
                default: $default:expr,
                description: $text:tt,
            },
        )*},
    ) => {
        /// The type that the kernel gets.
        type Loaded = $crate::abstractions::alive::Loaded<$type>;
        $crate::abstractions::module_params::kernel_module!(Loaded, $name, $author, $description, $license);

        #[allow(non_upper_case_globals)]
        mod parameters {
            #[allow(unused_imports, reason = "for a type that is not in the prelude")]
            use super::*;
            use $crate::{
                abstractions::module_params,
                bindings,
            };

            $(
                pub(crate) static $param: module_params::Parameter<$kind> =
                    module_params::Parameter::new($default);

                const _: () = {
                    static OPS: bindings::kernel_param_ops = module_params::ops::<$kind>();

                    #[link_section = "__param"]
                    #[used]
                    static ENTRY: module_params::ParamEntry = module_params::ParamEntry(
                        bindings::kernel_param {
                            name: concat!(stringify!($param), "\0").as_ptr(),
                            mod_: module_params::this_module(),
                            ops: &raw const OPS,
                            perm: 0,
                            level: -1,
                            flags: 0,
                            __bindgen_anon_1: bindings::kernel_param__bindgen_ty_1 {
                                arg: $param.as_mut_ptr().cast(),
                            },
                        },
                    );
                };
                module_params::modinfo!("parm=", stringify!($param), ":", $text);
                module_params::modinfo!("parmtype=", stringify!($param), ":", stringify!($kind));
            )*
        }
    };
}
pub(crate) use {
    kernel_module,
    modinfo,
    module, //
};
