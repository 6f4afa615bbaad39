// SPDX-License-Identifier: GPL-2.0

//! Files in /proc/net, one in each network namespace.
//!
//! C headers: [`include/linux/proc_fs.h`](srctree/include/linux/proc_fs.h),
//! [`include/net/net_namespace.h`](srctree/include/net/net_namespace.h)

use core::{
    marker::PhantomData,
    ptr::{
        from_ref,
        NonNull, //
    },
};

use super::{
    alive::Alive,
    compat::{
        prelude::*,
        seq_file::SeqFile,
        zeroed::zeroed, //
    },
    net::Net,
    procfs::with_module, //
};
use crate::bindings;

/// The contents of a file, written anew for each reader.
pub(crate) trait ShowNet: Sync + Send {
    /// The file's name.
    const NAME: &'static CStr;

    /// Returns the file's mode, for example `0o444`.
    fn mode(&self) -> u16;

    /// Writes the contents for the file's namespace. Process context; may sleep. Called again with a larger buffer if
    /// the contents did not fit.
    fn show(&self, net: Net<'_>, out: &SeqFile) -> Result;
}

/// A file in one namespace's /proc/net. An open file holds its namespace and the module.
///
/// So no read is in progress when the entry is removed. The kernel holds its lock of namespaces during the removal.
/// At most an open or a close is in progress, and neither waits for user memory.
///
/// # Invariants
///
/// The pointer is a live entry that this value owns, with `data` as its private data.
pub(crate) struct NetFile<T> {
    entry: NonNull<bindings::proc_dir_entry>,
    // Declared after `entry`: used until the entry is removed.
    _data: KBox<Data<T>>,
    _alive: Alive,
}

/// The private data of a namespace's entry.
struct Data<T> {
    contents: T,
    // Live at least as long as the entry.
    net: *mut bindings::net,
}

// SAFETY: /proc's own locks protect its entries, and the contents are `Send`. A namespace belongs to no thread.
unsafe impl<T: Send> Send for NetFile<T> {}
// SAFETY: A shared reference gives access to nothing.
unsafe impl<T> Sync for NetFile<T> {}

impl<T: ShowNet> NetFile<T> {
    /// Creates the file. Readers may open it at once. May sleep. The owner drops it before the namespace is removed.
    ///
    /// Fails with `ENOMEM`, also if the name is taken.
    pub(crate) fn new(net: Net<'_>, contents: T) -> Result<Self> {
        let alive = Alive::new();
        let data = KBox::new(
            Data {
                contents,
                net: net.as_ptr().cast_mut(),
            },
            GFP_KERNEL,
        )?;
        // SAFETY: The namespace is live, and so is its directory, to which this field points. The operations are static.
        // `data` does not move, in its own allocation, until `drop` has removed the entry.
        let entry = unsafe {
            bindings::proc_create_data(
                T::NAME.as_char_ptr(),
                data.contents.mode(),
                *net.field(bindings::layout::NET_PROC_NET),
                &Ops::<T>::OPS,
                from_ref::<Data<T>>(&data).cast_mut().cast(),
            )
        };
        // INVARIANT: The entry was just created, and this value owns it.
        Ok(Self {
            entry: NonNull::new(entry).ok_or(ENOMEM)?,
            _data: data,
            _alive: alive,
        })
    }
}

impl<T> Drop for NetFile<T> {
    fn drop(&mut self) {
        // SAFETY: We own the entry. This waits for calls in progress, and none begins afterwards.
        unsafe { bindings::proc_remove(self.entry.as_ptr()) }
    }
}

struct Ops<T>(PhantomData<T>);

impl<T: ShowNet> Ops<T> {
    const OPS: bindings::proc_ops = bindings::proc_ops {
        proc_open: Some(open::<T>),
        proc_read: Some(bindings::seq_read),
        proc_lseek: Some(bindings::seq_lseek),
        proc_release: Some(release::<T>),
        ..zeroed()
    };
}

/// # Safety
///
/// Only the kernel calls it, to open an entry that `NetFile::<T>::new` created.
unsafe extern "C" fn open<T: ShowNet>(
    inode: *mut bindings::inode,
    file: *mut bindings::file,
) -> c_int {
    with_module(|| {
        // SAFETY: `inode` belongs to our entry, whose data is a `Data<T>`. The data lives until the entry is removed,
        // and the removal waits for this call.
        let data = unsafe { bindings::tsoffset_pde_data(inode) };
        // SAFETY: The entry's data is a `Data<T>`, whose namespace lives as long as its entry.
        let net = unsafe { (*data.cast::<Data<T>>()).net };
        // SAFETY: The namespace's memory is live. The function fails if the last reference is gone.
        if !unsafe { bindings::tsoffset_maybe_get_net(net) } {
            return ENXIO.to_errno();
        }
        // SAFETY: `show::<T>` takes this data.
        let status = unsafe { bindings::single_open(file, Some(show::<T>), data) };
        if status != 0 {
            // SAFETY: The reference was taken above.
            unsafe { bindings::tsoffset_put_net(net) };
        }
        status
    })
}

/// # Safety
///
/// Only the kernel calls it, once for each file that `open::<T>` opened, as the last operation.
unsafe extern "C" fn release<T: ShowNet>(
    inode: *mut bindings::inode,
    file: *mut bindings::file,
) -> c_int {
    // SAFETY: `inode` belongs to our entry, whose data is a `Data<T>`. The data lives until the entry is removed, and
    // the removal waits for this call.
    let net = unsafe { (*bindings::tsoffset_pde_data(inode).cast::<Data<T>>()).net };
    // SAFETY: The counterpart of `single_open`.
    let status = unsafe { bindings::single_release(inode, file) };
    // SAFETY: `open` took the reference. After the last reference, a worker removes the namespace, and the removal of
    // its entry waits for this call.
    unsafe { bindings::tsoffset_put_net(net) };
    // SAFETY: `open` took the reference. Unload removes the entry, and the removal waits for this call.
    unsafe { bindings::tsoffset_this_module_put() };
    status
}

/// # Safety
///
/// Only the kernel calls it, for a file that `open::<T>` opened.
unsafe extern "C" fn show<T: ShowNet>(seq: *mut bindings::seq_file, _: *mut c_void) -> c_int {
    // SAFETY: `open` set it to the entry's data. The data lives until the entry is removed, and the removal waits for
    // this call.
    let data = unsafe { &*(*seq).private.cast::<Data<T>>() };
    // SAFETY: The open file holds its namespace.
    let net = unsafe { Net::from_raw(data.net) };
    // SAFETY: The kernel calls this with the seq_file's lock held.
    let out = unsafe { SeqFile::from_raw(seq) };

    match data.contents.show(net, out) {
        Ok(()) => 0,
        Err(error) => error.to_errno(),
    }
}
