// SPDX-License-Identifier: GPL-2.0

//! Files in /proc with one line for each item of a snapshot, taken at open.
//!
//! C header: [`include/linux/seq_file.h`](srctree/include/linux/seq_file.h)

use core::{
    fmt,
    marker::PhantomData,
    ptr::{
        from_ref,
        null_mut, //
    },
};

use kernel::sync::Arc;

use super::{
    compat::{
        prelude::*,
        seq_file::SeqFile,
        zeroed::zeroed, //
    },
    procfs::{
        with_module,
        Directory,
        File,
        ProcFile, //
    },
};
use crate::bindings;

/// The contents of a listing.
pub(crate) trait List: ProcFile {
    /// The header line, with its newline.
    const HEADER: &'static str;

    /// The data of a line.
    type Item: Copy;

    /// Returns the items, in the order of their lines. Process context, may sleep. Charges memory to the current task
    /// (`GFP_KERNEL_ACCOUNT`).
    fn snapshot(&self) -> Result<KVVec<Self::Item>>;

    /// Writes an item's line. Process context, may sleep. Called again with a larger buffer if the line did not fit.
    fn line(out: &mut Out<'_>, item: &Self::Item) -> fmt::Result;
}

/// The output of a file, as a formatter.
pub(crate) struct Out<'a>(pub(crate) &'a SeqFile);

impl fmt::Write for Out<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        // A `SeqFile` is transparent over the kernel's type.
        let seq = from_ref(self.0).cast_mut().cast();
        // SAFETY: The file is live and is being shown. If the text does not fit, the kernel calls `show` again with a
        // larger buffer.
        unsafe { bindings::seq_write(seq, text.as_ptr().cast(), text.len()) };
        Ok(())
    }
}

/// An open listing.
struct Opened<T: List> {
    items: KVVec<T::Item>,
}

impl<T: List> Opened<T> {
    /// Returns the pointer over which the seq_file iterates: it identifies a line.
    ///
    /// Line 0 is the header: any pointer that is neither null nor that of an item.
    fn at(&self, position: i64) -> *mut c_void {
        match usize::try_from(position) {
            Ok(0) => from_ref(self).cast_mut().cast(),
            Ok(line) => self
                .items
                .get(line - 1)
                .map_or(null_mut(), |item| from_ref(item).cast_mut().cast()),
            Err(_) => null_mut(),
        }
    }
}

/// Creates the file. Readers may open it at once. May sleep.
///
/// Fails with `ENOMEM`, also if the name is taken.
pub(crate) fn file<T: List>(directory: &Arc<Directory>, contents: KBox<T>) -> Result<File<T>> {
    // SAFETY: The operations take a `T`.
    unsafe { File::with_operations(directory, &Ops::<T>::PROC, contents) }
}

struct Ops<T>(PhantomData<T>);

impl<T: List> Ops<T> {
    const PROC: bindings::proc_ops = bindings::proc_ops {
        proc_open: Some(open::<T>),
        proc_read: Some(bindings::seq_read),
        proc_lseek: Some(bindings::seq_lseek),
        proc_release: Some(release::<T>),
        ..zeroed()
    };

    const SEQ: bindings::seq_operations = bindings::seq_operations {
        start: Some(start::<T>),
        stop: Some(stop),
        next: Some(next::<T>),
        show: Some(show::<T>),
    };
}

/// # Safety
///
/// Only the kernel calls it, to open an entry that `file::<T>` created.
unsafe extern "C" fn open<T: List>(
    inode: *mut bindings::inode,
    file: *mut bindings::file,
) -> c_int {
    if !T::may_open() {
        return EPERM.to_errno();
    }
    with_module(|| {
        // SAFETY: `inode` belongs to our entry, whose data is a `T`. The `T` lives until the entry is removed, and
        // the removal waits for this call.
        let contents = unsafe { &*bindings::tsoffset_pde_data(inode).cast::<T>() };
        let items = match contents.snapshot() {
            Ok(items) => items,
            Err(error) => return error.to_errno(),
        };
        let size = size_of::<Opened<T>>() as c_int;
        // SAFETY: The operations are static; the kernel allocates `size` bytes, aligned for any type.
        let status = unsafe { bindings::seq_open_private(file, &Ops::<T>::SEQ, size) };
        if status != 0 {
            return status;
        }
        // SAFETY: A file that `seq_open_private` has opened has a seq_file with that memory, which belongs to us.
        unsafe { opened::<T>((*file).private_data.cast()).write(Opened { items }) };
        0
    })
}

/// Returns the data of an open listing.
///
/// # Safety
///
/// `seq` is live and was opened by `open::<T>`.
unsafe fn opened<T: List>(seq: *mut bindings::seq_file) -> *mut Opened<T> {
    // SAFETY: The caller guarantees that `open` opened it, which set that pointer.
    unsafe { (*seq).private.cast() }
}

/// # Safety
///
/// Only the kernel calls it, once for each file that `open::<T>` opened, as the last operation.
unsafe extern "C" fn release<T: List>(
    inode: *mut bindings::inode,
    file: *mut bindings::file,
) -> c_int {
    // SAFETY: `open` wrote it, and it has no user any more.
    unsafe { opened::<T>((*file).private_data.cast()).drop_in_place() };
    // SAFETY: The counterpart of `seq_open_private`.
    let status = unsafe { bindings::seq_release_private(inode, file) };
    // SAFETY: `open` took the reference. Unload removes the entry, and the removal waits for this call.
    unsafe { bindings::tsoffset_this_module_put() };
    status
}

/// # Safety
///
/// Only the kernel calls it, for a file that `open::<T>` opened, with its lock held.
unsafe extern "C" fn start<T: List>(
    seq: *mut bindings::seq_file,
    position: *mut bindings::loff_t,
) -> *mut c_void {
    // SAFETY: `open` wrote it; the position belongs to the kernel, and is readable.
    unsafe { (*opened::<T>(seq)).at(*position) }
}

/// # Safety
///
/// As for `start`.
unsafe extern "C" fn next<T: List>(
    seq: *mut bindings::seq_file,
    _item: *mut c_void,
    position: *mut bindings::loff_t,
) -> *mut c_void {
    // SAFETY: As in `start`; this function may advance the position.
    unsafe {
        *position += 1;
        (*opened::<T>(seq)).at(*position)
    }
}

/// # Safety
///
/// As for `start`.
unsafe extern "C" fn stop(_seq: *mut bindings::seq_file, _item: *mut c_void) {}

/// # Safety
///
/// As for `start`. `item` is the last result of `start` or `next`.
unsafe extern "C" fn show<T: List>(seq: *mut bindings::seq_file, item: *mut c_void) -> c_int {
    // SAFETY: The kernel calls this with the seq_file's lock held.
    let mut out = Out(unsafe { SeqFile::from_raw(seq) });
    // SAFETY: `open` wrote it.
    let is_header = item.cast() == unsafe { opened::<T>(seq) };
    let result = if is_header {
        fmt::Write::write_str(&mut out, T::HEADER)
    } else {
        // SAFETY: `item` points to an item, which lives as long as the file is open.
        T::line(&mut out, unsafe { &*item.cast() })
    };
    // No write to `out` fails.
    result.map_or(EIO.to_errno(), |()| 0)
}
