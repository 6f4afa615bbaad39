// SPDX-License-Identifier: GPL-2.0

//! Files in /proc/net: each network namespace has its own.
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
        seq_file::SeqFile, //
    },
    net::Net,
    procfs::with_module, //
};
use crate::bindings;

/// The contents of a file, written anew for every reader.
pub(crate) trait ShowNet: Sync + Send {
    /// The file's name.
    const NAME: &'static CStr;

    /// Its permissions, such as `0o444`.
    fn mode(&self) -> u16;

    /// Writes what there is to say of the namespace whose file it is. Process context; may sleep. Called
    /// again with a larger buffer if it did not fit.
    fn show(&self, net: Net<'_>, out: &SeqFile) -> Result;
}

/// A file in one namespace's /proc/net. An open one holds its namespace, and the module.
///
/// So nobody reads when an entry is removed, which happens while the kernel's lock of namespaces is held: at the most somebody
/// opens or closes it, which does not wait for user memory.
///
/// # Invariants
///
/// The pointer is a live entry that this owns, with `data` as its private data.
pub(crate) struct NetFile<T> {
    entry: NonNull<bindings::proc_dir_entry>,
    // Behind `entry`: used until the entry is removed.
    _data: KBox<Data<T>>,
    _alive: Alive,
}

/// What the entry of one namespace has.
struct Data<T> {
    contents: T,
    // Live at least as long as the entry.
    net: *mut bindings::net,
}

// SAFETY: /proc's own locks protect its entries, and the contents are `Send`; a namespace belongs to no thread.
unsafe impl<T: Send> Send for NetFile<T> {}
// SAFETY: A shared reference gives access to nothing.
unsafe impl<T> Sync for NetFile<T> {}

impl<T: ShowNet> NetFile<T> {
    /// Makes the file. Readers may come at once. May sleep. It is dropped before the namespace goes.
    ///
    /// Fails with `ENOMEM`, which may mean that the name is taken.
    pub(crate) fn new(net: Net<'_>, contents: T) -> Result<Self> {
        let alive = Alive::new();
        let data = KBox::new(
            Data {
                contents,
                net: net.as_ptr().cast_mut(),
            },
            GFP_KERNEL,
        )?;
        // SAFETY: The namespace and its directory are live; the operations are static; `data` stays where it is, in its own
        // allocation, until `drop` has removed the entry.
        let entry = unsafe {
            bindings::proc_create_data(
                T::NAME.as_char_ptr(),
                data.contents.mode(),
                (*net.as_ptr()).proc_net.cast(),
                &Ops::<T>::OPS,
                from_ref::<Data<T>>(&data).cast_mut().cast(),
            )
        };
        // INVARIANT: The entry was just made, for us.
        Ok(Self {
            entry: NonNull::new(entry).ok_or(ENOMEM)?,
            _data: data,
            _alive: alive,
        })
    }
}

impl<T> Drop for NetFile<T> {
    fn drop(&mut self) {
        // SAFETY: The entry is ours. This waits for calls in progress, and none begins after it.
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
        // SAFETY: Every other member may be a null pointer or 0.
        ..unsafe { core::mem::zeroed() }
    };
}

/// # Safety
///
/// Called by the kernel only, to open an entry made by `NetFile::<T>::new`.
unsafe extern "C" fn open<T: ShowNet>(
    inode: *mut bindings::inode,
    file: *mut bindings::file,
) -> c_int {
    with_module(|| {
        // SAFETY: `inode` belongs to our entry, whose data is a `Data<T>`, which lives until the entry is removed, which waits
        // for us.
        let data = unsafe { bindings::tsoffset_pde_data(inode) };
        // SAFETY: The entry's data is a `Data<T>`, whose namespace lives as long as its entry.
        let net = unsafe { (*data.cast::<Data<T>>()).net };
        // SAFETY: The namespace's memory is live. One whose last reference is gone gives none.
        if !unsafe { bindings::tsoffset_maybe_get_net(net) } {
            return ENXIO.to_errno();
        }
        // SAFETY: `show::<T>` takes that data.
        let status = unsafe { bindings::single_open(file, Some(show::<T>), data) };
        if status != 0 {
            // SAFETY: Taken above.
            unsafe { bindings::tsoffset_put_net(net) };
        }
        status
    })
}

/// # Safety
///
/// Called by the kernel only, once for each file opened by `open::<T>`, after all else.
unsafe extern "C" fn release<T: ShowNet>(
    inode: *mut bindings::inode,
    file: *mut bindings::file,
) -> c_int {
    // SAFETY: `inode` belongs to our entry, whose data is a `Data<T>` and lives until the entry is removed, which waits for this call.
    let net = unsafe { (*bindings::tsoffset_pde_data(inode).cast::<Data<T>>()).net };
    // SAFETY: The counterpart of `single_open`.
    let status = unsafe { bindings::single_release(inode, file) };
    // SAFETY: Taken by `open`. If it was the last reference, the namespace goes in a worker, and its entry's removal waits for us.
    unsafe { bindings::tsoffset_put_net(net) };
    // SAFETY: Taken by `open`. Removing the entry, which unloading does, waits for this call.
    unsafe { bindings::tsoffset_this_module_put() };
    status
}

/// # Safety
///
/// Called by the kernel only, for a file opened by `open::<T>`.
unsafe extern "C" fn show<T: ShowNet>(seq: *mut bindings::seq_file, _: *mut c_void) -> c_int {
    // SAFETY: `open` set it to the entry's data, which lives until the entry is removed, which waits for us.
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
