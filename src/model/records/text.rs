// SPDX-License-Identifier: GPL-2.0

//! Records as text: the table of `connects` (docs/interface.md).

use core::{
    fmt::{
        Result,
        Write, //
    },
    net::Ipv6Addr,
};

use crate::model::records::{merge::Placed, record::Record};

/// The header line of the table.
pub(crate) const HEADER: &str = concat!(
    "             time  cpu      seq     pid    tgid        uid comm                  netns      cookie ",
    "source                                   sport destination                              dport error ",
    "    offset   expected verdict    duration overlaps flags    parent            realtime   cgroup family\n"
);

/// Writes a line of the table; `realtime` is `CLOCK_REALTIME` at the record's time. A column is never empty and
/// contains no blank.
pub(crate) fn row(out: &mut impl Write, placed: &Placed<Record>, realtime: Option<u64>) -> Result {
    let record = &placed.entry;
    write!(
        out,
        "{:>17} {:>4} {:>8} {:>7} {:>7} {:>10} ",
        record.time, placed.cpu, placed.sequence, record.pid, record.tgid, record.uid
    )?;
    let mut width = 0;
    for &byte in record.comm() {
        // Blanks, control characters, bytes beyond ASCII and the backslash are escaped.
        if byte.is_ascii_graphic() && byte != b'\\' {
            out.write_char(byte.into())?;
            width += 1;
        } else {
            write!(out, "\\x{byte:02x}")?;
            width += 4;
        }
    }
    if width == 0 {
        out.write_char('-')?;
        width = 1;
    }
    for _ in width..16 {
        out.write_char(' ')?;
    }
    write!(out, " {:>10} {:>11} ", record.netns, record.cookie)?;
    address(out, record.source, 40)?;
    write!(out, "{:>6} ", record.source_port)?;
    address(out, record.destination, 40)?;
    write!(
        out,
        "{:>6} {:>5} {:#010x} {:#010x} {:<8} {:>10} {:>8} ",
        record.destination_port,
        record.error,
        record.offset,
        record.expected,
        record.verdict.name(),
        record.duration,
        record.overlaps
    )?;
    let mut names = record.flags.names();
    write!(out, "{:<5}", names.next().unwrap_or("-"))?;
    for name in names {
        write!(out, ",{name}")?;
    }
    write!(out, " {:>9} ", record.parent)?;
    match realtime {
        Some(realtime) => write!(out, "{realtime:>19}")?,
        None => write!(out, "{:>19}", "-")?,
    }
    writeln!(out, " {:>8} {}", record.cgroup, record.family().name())
}

/// Writes an address in the form of RFC 5952, padded to `width` characters.
fn address(out: &mut impl Write, address: [u8; 16], width: usize) -> Result {
    write!(out, "{:<width$}", Ipv6Addr::from(address))
}
