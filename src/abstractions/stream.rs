// SPDX-License-Identifier: GPL-2.0

//! Files in /proc that are read as they grow: blocking, polled, by several readers at their own pace.
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
    compat::prelude::*,
    procfs::{
        Directory,
        Entry,
        File, //
    },
    wait_queue::WaitQueue, //
};
use crate::bindings;

/// The longest line, in bytes.
const LINE: usize = 1024;

/// A line that is being handed out.
pub(crate) struct Line {
    bytes: [u8; LINE],
    // What was not handed out yet.
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

    /// Forgets what is left of it.
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

/// Where a reader wants to go on.
#[derive(Clone, Copy)]
pub(crate) enum SeekTo {
    /// With the oldest that is there.
    Oldest,
    /// With what is to come.
    Now,
}

/// The contents of a stream.
pub(crate) trait Stream: Entry {
    /// How far one reader has come.
    type Reader: Send + Unpin;

    /// A reader of what is to come. May sleep; memory is to be charged to the current task.
    fn reader(&self) -> Result<Self::Reader>;

    /// Has a reader go on elsewhere.
    fn go(&self, reader: &mut Self::Reader, seek: SeekTo);

    /// How much there has been, ever: it changes when there is more. Never sleeps.
    fn amount(&self) -> u64;

    /// Whether there is a line for the reader.
    fn is_ready(&self, reader: &mut Self::Reader) -> bool;

    /// Writes the reader's next line, where there is one.
    fn next(&self, reader: &mut Self::Reader, line: &mut Line) -> fmt::Result;

    /// Those who wait for more, and are notified when there is.
    fn waiters(&self) -> &WaitQueue;
}

/// A stream that somebody has opened.
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
    /// Whether there is something to hand out.
    fn is_ready(&mut self, stream: &T) -> bool {
        self.line.start < self.line.end || stream.is_ready(&mut self.reader)
    }

    /// Hands out what is there and fits: how many bytes.
    fn hand_out(&mut self, stream: &T, to: UserSlice) -> Result<usize> {
        let mut to = to.writer();
        let mut done = 0;
        while !to.is_empty() && self.is_ready(stream) {
            let line = &mut self.line;
            if line.start == line.end {
                line.clear();
                if stream.next(&mut self.reader, line).is_err() {
                    // A line longer than the buffer would be a defect of ours. The half of it that is there
                    // must not be taken for a line by the next call.
                    line.clear();
                    return Err(EIO);
                }
            }
            let part = &line.bytes[line.start..line.end];
            let part = &part[..part.len().min(to.len())];
            match to.write_slice(part) {
                Err(error) if done == 0 => return Err(error),
                // What was handed out before counts; the next call fails.
                Err(_) => break,
                Ok(()) => (),
            }
            done += part.len();
            line.start += part.len();
        }
        Ok(done)
    }
}

/// Makes the file. Readers may come at once. May sleep.
///
/// Fails with `ENOMEM`, which may mean that the name is taken.
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
        // SAFETY: Every other member may be a null pointer or 0.
        ..unsafe { core::mem::zeroed() }
    };
}

/// The stream behind a file.
///
/// # Safety
///
/// `file` is one of an entry made by `file::<T>`, and an operation on it is in progress, or it is open.
unsafe fn stream<'a, T: Stream>(file: *mut bindings::file) -> &'a T {
    // SAFETY: The entry's data is a `T`. It lives until the module goes, of which an open file holds a
    // reference.
    unsafe { &*bindings::tsoffset_pde_data((*file).f_inode).cast::<T>() }
}

/// What an open file has.
///
/// # Safety
///
/// `file` was opened by `open::<T>` and not released.
unsafe fn opened<'a, T: Stream>(file: *mut bindings::file) -> &'a Opened<T> {
    // SAFETY: `open` put it there, and `release` comes last.
    unsafe { &*(*file).private_data.cast() }
}

/// # Safety
///
/// Called by the kernel only, to open an entry made by `file::<T>`.
unsafe extern "C" fn open<T: Stream>(_: *mut bindings::inode, file: *mut bindings::file) -> c_int {
    if !T::may_open() {
        return EPERM.to_errno();
    }
    // procfs does not protect those who poll: the module has to stay as long as the file is open.
    // SAFETY: This is our own module, which runs.
    if !unsafe { bindings::tsoffset_this_module_get() } {
        return ENODEV.to_errno();
    }
    // SAFETY: The kernel is opening it.
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
            // SAFETY: It stays where it is: the next to own it is `release`.
            let opened = unsafe { Pin::into_inner_unchecked(opened) };
            // SAFETY: The file is ours to fill.
            unsafe { (*file).private_data = KBox::into_raw(opened).cast() };
            // A read that waits must not hold the lock of the file's position (fdget_pos()): who shares the file would wait for
            // it, and not be killed. The position means nothing here; `lseek` has a lock of its own.
            // SAFETY: The kernel is opening the file, and nobody else has it yet.
            unsafe {
                (*file).f_mode &= !(bindings::layout::FMODE_ATOMIC_POS_MASK as bindings::fmode_t)
            };
            0
        }
        Err(error) => {
            stream.waiters().leave();
            // SAFETY: Taken above.
            unsafe { bindings::tsoffset_this_module_put() };
            error.to_errno()
        }
    }
}

/// # Safety
///
/// Called by the kernel only, once for each file opened by `open::<T>`, after all else.
unsafe extern "C" fn release<T: Stream>(
    _: *mut bindings::inode,
    file: *mut bindings::file,
) -> c_int {
    // SAFETY: `open` made it by `into_raw`, and nobody uses it any more.
    drop(unsafe { KBox::from_raw((*file).private_data.cast::<Opened<T>>()) });
    // SAFETY: It is still there: the reference goes below.
    unsafe { stream::<T>(file) }.waiters().leave();
    // SAFETY: Taken by `open`. The kernel keeps us alive until this call has returned.
    unsafe { bindings::tsoffset_this_module_put() };
    0
}

/// # Safety
///
/// Called by the kernel only, for a file opened by `open::<T>`, with room for `room` bytes at `to`.
unsafe extern "C" fn read<T: Stream>(
    file: *mut bindings::file,
    to: *mut u8,
    room: usize,
    _position: *mut bindings::loff_t,
) -> isize {
    // SAFETY: The file is open.
    let (stream, opened) = unsafe { (stream::<T>(file), opened::<T>(file)) };
    // SAFETY: The flags are a word that may change at any time.
    let flags = unsafe { (&raw const (*file).f_flags).read_volatile() };
    let result = loop {
        let before = stream.amount();
        let mut reading = opened.reading.lock();
        let to = UserSlice::new(UserPtr::from_ptr(to.cast()), room);
        match reading.hand_out(stream, to) {
            Ok(0) if room != 0 => (),
            result => break result,
        }
        drop(reading);
        if flags & bindings::O_NONBLOCK != 0 {
            break Err(EAGAIN);
        }
        // Not by looking for a line, which takes a lock that must not be waited for here.
        if let Err(error) = stream.waiters().wait_until(|| stream.amount() != before) {
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
/// Called by the kernel only, for a file opened by `open::<T>`.
unsafe extern "C" fn poll<T: Stream>(
    file: *mut bindings::file,
    table: *mut bindings::poll_table_struct,
) -> bindings::__poll_t {
    // SAFETY: The file is open.
    let (stream, opened) = unsafe { (stream::<T>(file), opened::<T>(file)) };
    // SAFETY: The kernel's own arguments; the open file keeps the queue.
    unsafe { stream.waiters().poll(file, table) };
    if opened.reading.lock().is_ready(stream) {
        (bindings::POLLIN | bindings::POLLRDNORM) as bindings::__poll_t
    } else {
        0
    }
}

/// # Safety
///
/// Called by the kernel only, for a file opened by `open::<T>`.
unsafe extern "C" fn lseek<T: Stream>(
    file: *mut bindings::file,
    offset: bindings::loff_t,
    whence: c_int,
) -> bindings::loff_t {
    let seek = match (offset, whence as u32) {
        (0, bindings::SEEK_SET) => SeekTo::Oldest,
        (0, bindings::SEEK_END) => SeekTo::Now,
        // A stream has no other positions.
        _ => return EINVAL.to_errno().into(),
    };
    // SAFETY: The file is open.
    let (stream, opened) = unsafe { (stream::<T>(file), opened::<T>(file)) };
    let mut reading = opened.reading.lock();
    stream.go(&mut reading.reader, seek);
    reading.line.clear();
    0
}
