// SPDX-License-Identifier: GPL-2.0

//! A line of a table: its columns are aligned with few instructions. The formatter of `core` pads by one character a
//! call, and the whole line then takes more than twice as many instructions (docs/cost.md).

use core::{
    fmt::{
        Error,
        Result,
        Write, //
    },
    str::from_utf8,
};

/// Bytes of a line. The longest line of `connects` has 451 (tests/host/src/text.rs).
const LINE: usize = 512;

/// The digits of a `u64`, at most.
const DIGITS: usize = 20;

/// A line, begun.
pub(super) struct Columns {
    bytes: [u8; LINE],
    length: usize,
}

impl Columns {
    pub(super) fn new() -> Self {
        Self {
            bytes: [b' '; LINE],
            length: 0,
        }
    }

    /// Writes the line to `out`, by one call.
    pub(super) fn write_to(&self, out: &mut impl Write) -> Result {
        let line = self.bytes.get(..self.length).ok_or(Error)?;
        out.write_str(from_utf8(line).map_err(|_| Error)?)
    }

    /// Appends a number, right-aligned in `width` characters and after a blank.
    pub(super) fn number(&mut self, number: impl Into<u64>, width: usize) -> Result {
        self.digits(number.into(), false, width)
    }

    /// Appends a number that can be negative, right-aligned in `width` characters and after a blank.
    pub(super) fn signed(&mut self, number: i32, width: usize) -> Result {
        self.digits(number.unsigned_abs().into(), number < 0, width)
    }

    fn digits(&mut self, number: u64, negative: bool, width: usize) -> Result {
        let mut digits = [0; DIGITS + 1];
        let mut start = digits.len();
        let mut rest = number;
        loop {
            start -= 1;
            digits[start] = b'0' + (rest % 10) as u8;
            rest /= 10;
            if rest == 0 {
                break;
            }
        }
        if negative {
            start -= 1;
            digits[start] = b'-';
        }
        let digits = &digits[start..];
        self.skip(1 + width.saturating_sub(digits.len()));
        self.append(digits)
    }

    /// Appends eight hexadecimal digits, as `0x0123abcd` and after a blank.
    pub(super) fn hexadecimal(&mut self, number: u32) -> Result {
        let mut digits = *b" 0x00000000";
        let mut rest = number;
        for digit in digits[3..].iter_mut().rev() {
            *digit = b"0123456789abcdef"[(rest & 0xf) as usize];
            rest >>= 4;
        }
        self.append(&digits)
    }

    /// Appends a text after a blank, left-aligned in `width` characters.
    pub(super) fn left(&mut self, width: usize, text: impl FnOnce(&mut Self) -> Result) -> Result {
        self.skip(1);
        let end = self.length + width;
        text(self)?;
        self.skip(end.saturating_sub(self.length));
        Ok(())
    }

    // The bytes beyond the length are blanks.
    fn skip(&mut self, blanks: usize) {
        self.length += blanks;
    }

    fn append(&mut self, text: &[u8]) -> Result {
        let end = self.length + text.len();
        self.bytes
            .get_mut(self.length..end)
            .ok_or(Error)?
            .copy_from_slice(text);
        self.length = end;
        Ok(())
    }
}

impl Write for Columns {
    fn write_str(&mut self, text: &str) -> Result {
        self.append(text.as_bytes())
    }
}
