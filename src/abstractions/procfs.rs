// SPDX-License-Identifier: GPL-2.0

//! Directories and text files in /proc.
//!
//! An open file holds a reference to the module, so rmmod fails with EBUSY. Otherwise rmmod would wait in
//! proc_remove() for a call in progress. Such a call can wait for a page of the reader's buffer, for as long as the
//! reader wants.
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
        seq_file::SeqFile,
        zeroed::zeroed, //
    }, //
};
use crate::bindings;

/// A directory at the top of /proc.
///
/// Each of its files holds a reference to the directory, so the last file is removed first.
///
/// # Invariants
///
/// The pointer is a live entry that this value owns.
pub(crate) struct Directory(NonNull<bindings::proc_dir_entry>, Alive);

// SAFETY: /proc's own locks protect its entries.
unsafe impl Send for Directory {}
// SAFETY: A shared reference passes the entry to functions of /proc only, which have their own locks.
unsafe impl Sync for Directory {}

impl Directory {
    /// Creates `/proc/<name>`. May sleep.
    ///
    /// Fails with `ENOMEM`, also if the name is taken: the kernel does not tell the two apart.
    pub(crate) fn new(name: &CStr) -> Result<Arc<Self>> {
        let alive = Alive::new();
        // SAFETY: The function copies `name`; a null parent means the top of /proc.
        let entry = unsafe { bindings::proc_mkdir(name.as_char_ptr(), null_mut()) };
        // INVARIANT: The entry was just created, and this value owns it.
        let directory = Self(NonNull::new(entry).ok_or(ENOMEM)?, alive);
        Ok(Arc::new(directory, GFP_KERNEL)?)
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        // SAFETY: We own the entry. Its files are gone, as each holds a reference.
        unsafe { bindings::proc_remove(self.0.as_ptr()) }
    }
}

/// The properties of every file.
pub(crate) trait ProcFile: Sync + Send {
    /// The file's name.
    const NAME: &'static CStr;

    /// Returns the file's mode, for example `0o444`. The default is for root only.
    fn mode(&self) -> u16 {
        0o400
    }

    /// Returns whether the current task may open the file, beyond the file's mode. Process context. The default
    /// requires CAP_NET_ADMIN.
    fn may_open() -> bool {
        capability::net_admin()
    }
}

/// The contents of a file, written anew for each reader.
pub(crate) trait Show: ProcFile {
    /// Writes the contents. Process context; may sleep. Called again with a larger buffer if the contents did not
    /// fit.
    fn show(&self, out: &SeqFile) -> Result;
}

/// A file that can be written.
pub(crate) trait Store: Show {
    /// Takes the text of one write call, at most 4096 bytes. Process context; may sleep.
    fn store(&self, text: &[u8]) -> Result;
}

/// A file in a directory of /proc.
///
/// Drop waits for calls in progress and closes the file for its current readers.
///
/// # Invariants
///
/// The pointer is a live entry that this value owns, with `contents` as its private data.
pub(crate) struct File<T> {
    entry: NonNull<bindings::proc_dir_entry>,
    // Declared after `entry`: both are used until the entry is removed.
    _contents: KBox<T>,
    _directory: Arc<Directory>,
    _alive: Alive,
}

// SAFETY: /proc's own locks protect its entries, and the contents are `Send`.
unsafe impl<T: Send> Send for File<T> {}
// SAFETY: A shared reference gives access to nothing.
unsafe impl<T> Sync for File<T> {}

impl<T: Show> File<T> {
    /// Creates the file. Readers may open it at once. May sleep.
    ///
    /// Fails with `ENOMEM`, also if the name is taken.
    pub(crate) fn new(directory: &Arc<Directory>, contents: KBox<T>) -> Result<Self> {
        // SAFETY: The operations take a `T`.
        unsafe { Self::with_operations(directory, &Ops::<T>::OPS, contents) }
    }
}

impl<T: Store> File<T> {
    /// Creates a file that can be written, like [`new`](Self::new).
    pub(crate) fn writable(directory: &Arc<Directory>, contents: KBox<T>) -> Result<Self> {
        // SAFETY: The operations take a `T`.
        unsafe { Self::with_operations(directory, &Ops::<T>::WRITABLE, contents) }
    }
}

impl<T: ProcFile> File<T> {
    /// Creates a file with its own operations.
    ///
    /// # Safety
    ///
    /// The operations take the entry's data for a shared `T`, which lives until all of them have ended.
    pub(super) unsafe fn with_operations(
        directory: &Arc<Directory>,
        operations: &'static bindings::proc_ops,
        contents: KBox<T>,
    ) -> Result<Self> {
        let alive = Alive::new();
        // SAFETY: The directory is live, and the operations are static. `contents` does not move, in its own allocation,
        // until `drop` has removed the entry.
        let entry = unsafe {
            bindings::proc_create_data(
                T::NAME.as_char_ptr(),
                contents.mode(),
                directory.0.as_ptr(),
                operations,
                from_ref::<T>(&contents).cast_mut().cast(),
            )
        };
        // INVARIANT: The entry was just created, and this value owns it.
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
        // SAFETY: We own the entry. This waits for calls in progress, and none begins afterwards.
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
        ..zeroed()
    };
}

impl<T: Store> Ops<T> {
    const WRITABLE: bindings::proc_ops = bindings::proc_ops {
        proc_write: Some(write::<T>),
        ..Self::OPS
    };
}

/// Limit of one write call, in bytes.
const MAX: usize = 4096;

/// # Safety
///
/// Only the kernel calls it, for a file that `open::<T>` opened, with `size` readable bytes at `from`.
unsafe extern "C" fn write<T: Store>(
    file: *mut bindings::file,
    from: *const u8,
    size: usize,
    _position: *mut bindings::loff_t,
) -> isize {
    // SAFETY: The entry's data is a `T`. It lives until the entry is removed, and the removal waits for this call.
    let contents = unsafe { &*bindings::tsoffset_pde_data((*file).f_inode).cast::<T>() };
    let store = || {
        if size > MAX {
            let name = T::NAME.to_str().unwrap_or_default();
            pr_err!("{name}: {size} bytes at once are too many, {MAX} the most\n");
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

/// Runs `open` with a reference to this module, and keeps the reference if `open` returns 0. Process context.
pub(super) fn with_module(open: impl FnOnce() -> c_int) -> c_int {
    // SAFETY: This is our own module. Its code runs in a call, and unload waits for that call.
    if !unsafe { bindings::tsoffset_this_module_get() } {
        return ENODEV.to_errno();
    }
    let status = open();
    if status != 0 {
        // SAFETY: The reference was taken above. Unload waits for the call in which this runs.
        unsafe { bindings::tsoffset_this_module_put() };
    }
    status
}

/// # Safety
///
/// Only the kernel calls it, once for each file that `open` opened, as the last operation.
unsafe extern "C" fn release(inode: *mut bindings::inode, file: *mut bindings::file) -> c_int {
    // SAFETY: The counterpart of `single_open`.
    let status = unsafe { bindings::single_release(inode, file) };
    // SAFETY: `open` took the reference. Unload removes the entry, and the removal waits for this call.
    unsafe { bindings::tsoffset_this_module_put() };
    status
}

/// # Safety
///
/// Only the kernel calls it, to open an entry that `File::<T>::new` created.
unsafe extern "C" fn open<T: Show>(
    inode: *mut bindings::inode,
    file: *mut bindings::file,
) -> c_int {
    if !T::may_open() {
        return EPERM.to_errno();
    }
    // SAFETY: `inode` belongs to our entry, so its data is the `T` that `new` stored. The kernel passes it to `show`.
    with_module(|| unsafe {
        bindings::single_open(file, Some(show::<T>), bindings::tsoffset_pde_data(inode))
    })
}

/// # Safety
///
/// Only the kernel calls it, for a file that `open::<T>` opened.
unsafe extern "C" fn show<T: Show>(seq: *mut bindings::seq_file, _: *mut c_void) -> c_int {
    // SAFETY: `open` set it to a `T`. The `T` lives until the entry is removed, and the removal waits for this call.
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

    impl ProcFile for Nothing {
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

    /// A name is free again after its owner's drop, in either order of directory and file.
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
