// SPDX-License-Identifier: GPL-2.0

//! Directories and text files in /proc.
//!
//! An open file holds a reference of the module, so that rmmod says EBUSY. Without it, rmmod would wait in proc_remove() for a
//! call in progress; such a call lasts for as long as a page of the reader's buffer takes to come, which the reader decides.
//!
//! C header: [`include/linux/proc_fs.h`](srctree/include/linux/proc_fs.h)

use core::{
    marker::PhantomData,
    ptr::{
        from_ref,
        null_mut,
        NonNull, //
    },
};

use kernel::{
    sync::Arc,
    uaccess::{
        UserPtr,
        UserSlice, //
    }, //
};

use super::{
    alive::Alive,
    capability,
    compat::{
        prelude::*,
        seq_file::SeqFile, //
    }, //
};
use crate::bindings;

/// A directory at the top of /proc.
///
/// Its files hold a reference, so it goes after the last of them.
///
/// # Invariants
///
/// The pointer is a live entry that this owns.
pub(crate) struct Directory(NonNull<bindings::proc_dir_entry>, Alive);

// SAFETY: /proc's own locks protect its entries.
unsafe impl Send for Directory {}
// SAFETY: A shared reference gives /proc's own functions the entry only, which have their own locks.
unsafe impl Sync for Directory {}

impl Directory {
    /// Makes `/proc/<name>`. May sleep.
    ///
    /// Fails with `ENOMEM`; the kernel does not tell a name that is taken from a lack of memory.
    pub(crate) fn new(name: &CStr) -> Result<Arc<Self>> {
        let alive = Alive::new();
        // SAFETY: `name` is copied; no parent means the top.
        let entry = unsafe { bindings::proc_mkdir(name.as_char_ptr(), null_mut()) };
        // INVARIANT: The entry was just made, for us.
        let directory = Self(NonNull::new(entry).ok_or(ENOMEM)?, alive);
        Ok(Arc::new(directory, GFP_KERNEL)?)
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        // SAFETY: The entry is ours, and every file in it is gone, as each holds a reference.
        unsafe { bindings::proc_remove(self.0.as_ptr()) }
    }
}

/// What every file has, whatever its contents.
pub(crate) trait Entry: Sync + Send {
    /// Its name.
    const NAME: &'static CStr;

    /// Its permissions, such as `0o444`. For root only unless said otherwise.
    fn mode(&self) -> u16 {
        0o400
    }

    /// Whether the current task may open it, beyond its permissions. Process context. The administrator of the network may, and nobody
    /// else unless said otherwise.
    fn may_open() -> bool {
        capability::net_admin()
    }
}

/// The contents of a file, written anew for every reader.
pub(crate) trait Show: Entry {
    /// Writes it. Process context; may sleep. Called again with a larger buffer if it did not fit.
    fn show(&self, out: &SeqFile) -> Result;
}

/// A file that takes text as well.
pub(crate) trait Store: Show {
    /// Takes what one call of write brought, 4096 bytes at most. Process context; may sleep.
    fn store(&self, text: &[u8]) -> Result;
}

/// A file in a directory of /proc.
///
/// Dropping it waits for its readers' calls to end and closes it under those who have it open.
///
/// # Invariants
///
/// The pointer is a live entry that this owns, with `contents` as its private data.
///
/// # Examples
///
/// ```ignore
/// struct Uptime;
///
/// impl Entry for Uptime {
///     const NAME: &'static CStr = c"uptime";
///
///     fn mode(&self) -> u16 {
///         0o444
///     }
///
///     fn may_open() -> bool {
///         true
///     }
/// }
///
/// impl Show for Uptime {
///     fn show(&self, out: &SeqFile) -> Result {
///         seq_print!(out, "{}\n", uptime());
///         Ok(())
///     }
/// }
///
/// let directory = Directory::new(c"example")?;
/// let file = File::new(&directory, KBox::new(Uptime, GFP_KERNEL)?)?;
/// ```
pub(crate) struct File<T> {
    entry: NonNull<bindings::proc_dir_entry>,
    // Behind `entry`: both are used until the entry is removed.
    _contents: KBox<T>,
    _directory: Arc<Directory>,
    _alive: Alive,
}

// SAFETY: /proc's own locks protect its entries, and the contents are `Send`.
unsafe impl<T: Send> Send for File<T> {}
// SAFETY: A shared reference gives access to nothing.
unsafe impl<T> Sync for File<T> {}

impl<T: Show> File<T> {
    /// Makes the file. Readers may come at once. May sleep.
    ///
    /// Fails with `ENOMEM`, which here too may mean that the name is taken.
    pub(crate) fn new(directory: &Arc<Directory>, contents: KBox<T>) -> Result<Self> {
        // SAFETY: The operations take a `T`.
        unsafe { Self::with_operations(directory, &Ops::<T>::OPS, contents) }
    }
}

impl<T: Store> File<T> {
    /// The same for a file that can be written.
    pub(crate) fn writable(directory: &Arc<Directory>, contents: KBox<T>) -> Result<Self> {
        // SAFETY: The operations take a `T`.
        unsafe { Self::with_operations(directory, &Ops::<T>::WRITABLE, contents) }
    }
}

impl<T: Entry> File<T> {
    /// Makes a file with operations of its own.
    ///
    /// # Safety
    ///
    /// The operations take the entry's data for a `T` that lives until they have ended, shared.
    pub(super) unsafe fn with_operations(
        directory: &Arc<Directory>,
        operations: &'static bindings::proc_ops,
        contents: KBox<T>,
    ) -> Result<Self> {
        let alive = Alive::new();
        // SAFETY: The directory is live, the operations are static, and `contents` stays where it is,
        // in its own allocation, until `drop` has removed the entry.
        let entry = unsafe {
            bindings::proc_create_data(
                T::NAME.as_char_ptr(),
                contents.mode(),
                directory.0.as_ptr(),
                operations,
                from_ref::<T>(&contents).cast_mut().cast(),
            )
        };
        // INVARIANT: The entry was just made, for us.
        Ok(Self {
            entry: NonNull::new(entry).ok_or(ENOMEM)?,
            _contents: contents,
            _directory: directory.clone(),
            _alive: alive,
        })
    }
}

impl<T> Drop for File<T> {
    fn drop(&mut self) {
        // SAFETY: The entry is ours. This waits for calls in progress, and none begins after it.
        unsafe { bindings::proc_remove(self.entry.as_ptr()) }
    }
}

/// The operations of a file with contents of type `T`.
struct Ops<T>(PhantomData<T>);

impl<T: Show> Ops<T> {
    const OPS: bindings::proc_ops = bindings::proc_ops {
        proc_open: Some(open::<T>),
        proc_read: Some(bindings::seq_read),
        proc_lseek: Some(bindings::seq_lseek),
        proc_release: Some(release),
        // SAFETY: Every other member may be a null pointer or 0.
        ..unsafe { core::mem::zeroed() }
    };
}

impl<T: Store> Ops<T> {
    const WRITABLE: bindings::proc_ops = bindings::proc_ops {
        proc_write: Some(write::<T>),
        ..Self::OPS
    };
}

/// The most that one call of write may bring.
const MOST: usize = 4096;

/// # Safety
///
/// Called by the kernel only, for a file opened by `open::<T>`, with `size` bytes to be read at `from`.
unsafe extern "C" fn write<T: Store>(
    file: *mut bindings::file,
    from: *const u8,
    size: usize,
    _position: *mut bindings::loff_t,
) -> isize {
    // SAFETY: The entry's data is a `T`, which lives until the entry is removed, which waits for us.
    let contents = unsafe { &*bindings::tsoffset_pde_data((*file).f_inode).cast::<T>() };
    let store = || {
        if size > MOST {
            let name = T::NAME.to_str().unwrap_or_default();
            pr_err!("{name}: {size} bytes at once are too many, {MOST} the most\n");
            return Err(EINVAL);
        }
        let mut text = KVec::new();
        UserSlice::new(UserPtr::from_ptr(from.cast_mut().cast()), size)
            .read_all(&mut text, GFP_KERNEL_ACCOUNT)?;
        contents.store(&text)
    };
    match store() {
        Ok(()) => size as isize,
        Err(error) => error.to_errno() as isize,
    }
}

/// Runs `open` with a reference of this module, which stays where it returned 0. Process context.
pub(super) fn with_module(open: impl FnOnce() -> c_int) -> c_int {
    // SAFETY: This is our own module, whose code runs within a call that its unload waits for.
    if !unsafe { bindings::tsoffset_this_module_get() } {
        return ENODEV.to_errno();
    }
    let status = open();
    if status != 0 {
        // SAFETY: Taken above. Unloading waits for the call that this runs within.
        unsafe { bindings::tsoffset_this_module_put() };
    }
    status
}

/// # Safety
///
/// Called by the kernel only, once for each file that `open` opened, after all else.
unsafe extern "C" fn release(inode: *mut bindings::inode, file: *mut bindings::file) -> c_int {
    // SAFETY: The counterpart of `single_open`.
    let status = unsafe { bindings::single_release(inode, file) };
    // SAFETY: Taken by `open`. Removing the entry, which unloading does, waits for this call.
    unsafe { bindings::tsoffset_this_module_put() };
    status
}

/// # Safety
///
/// Called by the kernel only, to open an entry made by `File::<T>::new`.
unsafe extern "C" fn open<T: Show>(
    inode: *mut bindings::inode,
    file: *mut bindings::file,
) -> c_int {
    if !T::may_open() {
        return EPERM.to_errno();
    }
    // SAFETY: `inode` belongs to our entry, so its data is the `T` that `new` put there; the kernel
    // hands it to `show`.
    with_module(|| unsafe {
        bindings::single_open(file, Some(show::<T>), bindings::tsoffset_pde_data(inode))
    })
}

/// # Safety
///
/// Called by the kernel only, for a file opened by `open::<T>`.
unsafe extern "C" fn show<T: Show>(seq: *mut bindings::seq_file, _: *mut c_void) -> c_int {
    // SAFETY: `open` set it to a `T`, which lives until the entry is removed, which waits for us.
    let contents = unsafe { &*(*seq).private.cast::<T>() };
    // SAFETY: The kernel calls this with the seq_file's lock held.
    let out = unsafe { SeqFile::from_raw(seq) };

    match contents.show(out) {
        Ok(()) => 0,
        Err(error) => error.to_errno(),
    }
}

#[cfg(tsoffset_kunit)]
#[kunit_tests(tsoffset_procfs)]
mod tests {
    use super::*;

    struct Nothing;

    impl Entry for Nothing {
        const NAME: &'static CStr = c"nothing";

        fn mode(&self) -> u16 {
            0o400
        }

        fn may_open() -> bool {
            true
        }
    }

    impl Show for Nothing {
        fn show(&self, _out: &SeqFile) -> Result {
            Ok(())
        }
    }

    /// A name can be used again once its owner was dropped, in whichever order the two go.
    #[test]
    fn dropping_removes() -> Result {
        for _ in 0..2 {
            let directory = Directory::new(c"tsoffset_kunit")?;
            let file = File::new(&directory, KBox::new(Nothing, GFP_KERNEL)?)?;
            drop(directory);
            drop(file);
        }
        Ok(())
    }
}
