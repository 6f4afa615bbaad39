// SPDX-License-Identifier: GPL-2.0

//! Files in /proc that grow while several readers read them: with blocking reads and poll, each reader at its own
//! speed.
//!
//! C header: [`include/linux/proc_fs.h`](srctree/include/linux/proc_fs.h)

use core::{
    fmt,
    marker::PhantomData, //
};

use kernel::{
    new_mutex,
    sync::{
        Arc,
        Mutex, //
    },
    uaccess::{
        UserPtr,
        UserSlice, //
    }, //
};

use super::{
    compat::{
        file::flags,
        prelude::*,
        zeroed::zeroed, //
    },
    procfs::{
        Directory,
        File,
        ProcFile, //
    },
    wait_queue::WaitQueue, //
};
use crate::bindings;

/// Limit of a line's length, in bytes.
const LINE: usize = 1024;

/// A line that a reader is reading.
pub(crate) struct Line {
    bytes: [u8; LINE],
    // The range of the bytes that are not read yet.
    start: usize,
    end: usize,
}

impl Line {
    fn new() -> Self {
        Self {
            bytes: [0; LINE],
            start: 0,
            end: 0,
        }
    }

    /// Discards the rest of the line.
    fn clear(&mut self) {
        (self.start, self.end) = (0, 0);
    }
}

impl fmt::Write for Line {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let free = self
            .bytes
            .get_mut(self.end..self.end + text.len())
            .ok_or(fmt::Error)?;
        free.copy_from_slice(text.as_bytes());
        self.end += text.len();
        Ok(())
    }
}

/// The position to which a reader seeks.
#[derive(Clone, Copy)]
pub(crate) enum SeekTo {
    /// The oldest available entry.
    Oldest,
    /// The end: entries that are written later.
    End,
}

/// The contents of a stream.
pub(crate) trait Stream: ProcFile {
    /// The position of one reader.
    type Reader: Send + Unpin;

    /// Returns a reader at the end of the stream. May sleep. Charges memory to the current task.
    fn reader(&self) -> Result<Self::Reader>;

    /// Moves a reader to another position.
    fn seek(&self, reader: &mut Self::Reader, seek: SeekTo);

    /// Returns the number of entries ever written: a new entry changes it. Never sleeps.
    fn written(&self) -> u64;

    /// Returns whether the reader has a line to read.
    fn is_ready(&self, reader: &mut Self::Reader) -> bool;

    /// Writes the reader's next line, if there is one.
    fn next(&self, reader: &mut Self::Reader, line: &mut Line) -> fmt::Result;

    /// Returns the queue of waiting readers, which every new entry notifies.
    fn waiters(&self) -> &WaitQueue;
}

/// An open stream.
#[pin_data]
struct Opened<T: Stream> {
    #[pin]
    reading: Mutex<OpenFile<T>>,
}

struct OpenFile<T: Stream> {
    reader: T::Reader,
    line: Line,
}

impl<T: Stream> OpenFile<T> {
    /// Returns whether the reader has bytes to read.
    fn is_ready(&mut self, stream: &T) -> bool {
        self.line.start < self.line.end || stream.is_ready(&mut self.reader)
    }

    /// Copies available bytes to the reader's buffer. Returns the number of bytes.
    fn copy_out(&mut self, stream: &T, to: UserSlice) -> Result<usize> {
        let mut to = to.writer();
        let mut done = 0;
        while !to.is_empty() && self.is_ready(stream) {
            let line = &mut self.line;
            if line.start == line.end {
                line.clear();
                if stream.next(&mut self.reader, line).is_err() {
                    // A line longer than the buffer is a defect of the module. The next call must not return the
                    // partial line.
                    line.clear();
                    return Err(EIO);
                }
            }
            let part = &line.bytes[line.start..line.end];
            let part = &part[..part.len().min(to.len())];
            match to.write_slice(part) {
                Err(error) if done == 0 => return Err(error),
                // The bytes copied before count; the next call fails.
                Err(_) => break,
                Ok(()) => (),
            }
            done += part.len();
            line.start += part.len();
        }
        Ok(done)
    }
}

/// Creates the file. Readers may open it at once. May sleep.
///
/// Fails with `ENOMEM`, also if the name is taken.
pub(crate) fn file<T: Stream>(directory: &Arc<Directory>, contents: KBox<T>) -> Result<File<T>> {
    // SAFETY: The operations take a `T`.
    unsafe { File::with_operations(directory, &Ops::<T>::OPS, contents) }
}

struct Ops<T>(PhantomData<T>);

impl<T: Stream> Ops<T> {
    const OPS: bindings::proc_ops = bindings::proc_ops {
        proc_open: Some(open::<T>),
        proc_read: Some(read::<T>),
        proc_poll: Some(poll::<T>),
        proc_lseek: Some(lseek::<T>),
        proc_release: Some(release::<T>),
        ..zeroed()
    };
}

/// Returns the stream of a file.
///
/// # Safety
///
/// `file` belongs to an entry that `file::<T>` created. It is open, or an operation on it is in progress.
unsafe fn stream<'a, T: Stream>(file: *mut bindings::file) -> &'a T {
    // SAFETY: The entry's data is a `T`. It lives until the module is unloaded, and an open file holds a reference to
    // the module.
    unsafe { &*bindings::tsoffset_pde_data((*file).f_inode).cast::<T>() }
}

/// Returns the data of an open file.
///
/// # Safety
///
/// `open::<T>` opened `file`, and it was not released.
unsafe fn opened<'a, T: Stream>(file: *mut bindings::file) -> &'a Opened<T> {
    // SAFETY: `open` stored it, and `release` is the last operation.
    unsafe { &*(*file).private_data.cast() }
}

/// # Safety
///
/// Only the kernel calls it, to open an entry that `file::<T>` created.
unsafe extern "C" fn open<T: Stream>(_: *mut bindings::inode, file: *mut bindings::file) -> c_int {
    if !T::may_open() {
        return EPERM.to_errno();
    }
    // procfs does not protect a poll: an open file has to hold the module.
    // SAFETY: This is our own module, and it is running.
    if !unsafe { bindings::tsoffset_this_module_get() } {
        return ENODEV.to_errno();
    }
    // SAFETY: The kernel is opening the file.
    let stream = unsafe { stream::<T>(file) };
    stream.waiters().listen();
    let opened = stream.reader().and_then(|reader| {
        let reading = OpenFile::<T> {
            reader,
            line: Line::new(),
        };
        KBox::pin_init(
            pin_init!(Opened::<T> {
                reading <- new_mutex!(reading, "tsoffset::stream"),
            }),
            GFP_KERNEL_ACCOUNT,
        )
    });
    match opened {
        Ok(opened) => {
            // SAFETY: The value does not move: `release` takes the pointer back.
            let opened = unsafe { Pin::into_inner_unchecked(opened) };
            // SAFETY: This call may set the file's private data.
            unsafe { (*file).private_data = KBox::into_raw(opened).cast() };
            // A waiting read must not hold the lock of the file's position (fdget_pos()): other users of the file
            // would wait for it and could not be killed. The position has no meaning here; `lseek` has its own lock.
            // SAFETY: The kernel is opening the file, which has no other user yet.
            unsafe {
                (*file).f_mode &= !(bindings::layout::FMODE_ATOMIC_POS_MASK as bindings::fmode_t)
            };
            0
        }
        Err(error) => {
            stream.waiters().leave();
            // SAFETY: The reference was taken above.
            unsafe { bindings::tsoffset_this_module_put() };
            error.to_errno()
        }
    }
}

/// # Safety
///
/// Only the kernel calls it, once for each file that `open::<T>` opened, as the last operation.
unsafe extern "C" fn release<T: Stream>(
    _: *mut bindings::inode,
    file: *mut bindings::file,
) -> c_int {
    // SAFETY: `open` made it by `into_raw`, and it has no user any more.
    drop(unsafe { KBox::from_raw((*file).private_data.cast::<Opened<T>>()) });
    // SAFETY: The stream is live: the reference is released below.
    unsafe { stream::<T>(file) }.waiters().leave();
    // SAFETY: `open` took the reference. The kernel keeps the module until this call has returned.
    unsafe { bindings::tsoffset_this_module_put() };
    0
}

/// # Safety
///
/// Only the kernel calls it, for a file that `open::<T>` opened, with room for `room` bytes at `to`.
unsafe extern "C" fn read<T: Stream>(
    file: *mut bindings::file,
    to: *mut u8,
    room: usize,
    _position: *mut bindings::loff_t,
) -> isize {
    // SAFETY: The file is open.
    let (stream, opened) = unsafe { (stream::<T>(file), opened::<T>(file)) };
    // SAFETY: The current thread reads the open file.
    let flags = unsafe { flags(file) };
    let result = loop {
        let before = stream.written();
        let mut reading = opened.reading.lock();
        let to = UserSlice::new(UserPtr::from_ptr(to.cast()), room);
        match reading.copy_out(stream, to) {
            Ok(0) if room != 0 => (),
            result => break result,
        }
        drop(reading);
        if flags & bindings::O_NONBLOCK != 0 {
            break Err(EAGAIN);
        }
        // The condition must not take the lock of `reading`, so it does not look for a line.
        if let Err(error) = stream.waiters().wait_until(|| stream.written() != before) {
            break Err(error);
        }
    };
    match result {
        Ok(size) => size as isize,
        Err(error) => error.to_errno() as isize,
    }
}

/// # Safety
///
/// Only the kernel calls it, for a file that `open::<T>` opened.
unsafe extern "C" fn poll<T: Stream>(
    file: *mut bindings::file,
    table: *mut bindings::poll_table_struct,
) -> bindings::__poll_t {
    // SAFETY: The file is open.
    let (stream, opened) = unsafe { (stream::<T>(file), opened::<T>(file)) };
    // SAFETY: The arguments come from the kernel; the open file keeps the queue live.
    unsafe { stream.waiters().poll(file, table) };
    if opened.reading.lock().is_ready(stream) {
        (bindings::POLLIN | bindings::POLLRDNORM) as bindings::__poll_t
    } else {
        0
    }
}

/// # Safety
///
/// Only the kernel calls it, for a file that `open::<T>` opened.
unsafe extern "C" fn lseek<T: Stream>(
    file: *mut bindings::file,
    offset: bindings::loff_t,
    whence: c_int,
) -> bindings::loff_t {
    let seek = match (offset, whence as u32) {
        (0, bindings::SEEK_SET) => SeekTo::Oldest,
        (0, bindings::SEEK_END) => SeekTo::End,
        // A stream has no other positions.
        _ => return EINVAL.to_errno().into(),
    };
    // SAFETY: The file is open.
    let (stream, opened) = unsafe { (stream::<T>(file), opened::<T>(file)) };
    let mut reading = opened.reading.lock();
    stream.seek(&mut reading.reader, seek);
    reading.line.clear();
    0
}
