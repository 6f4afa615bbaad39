// SPDX-License-Identifier: GPL-2.0

//! Records as text: the table of `connects` (docs/interface.md).

use core::{
    fmt::{
        Result,
        Write, //
    },
    net::Ipv6Addr,
};

use crate::model::records::{columns::Columns, merge::Placed, record::Record};

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
    let mut line = Columns::new();
    line.number(record.time, 16)?;
    line.number(placed.cpu, 4)?;
    line.number(placed.sequence, 8)?;
    line.number(record.pid, 7)?;
    line.number(record.tgid, 7)?;
    line.number(record.uid, 10)?;
    line.left(16, |line| name(line, record.comm()))?;
    line.number(record.netns, 10)?;
    line.number(record.cookie, 11)?;
    line.left(40, |line| address(line, record.source))?;
    line.number(record.source_port, 5)?;
    line.left(40, |line| address(line, record.destination))?;
    line.number(record.destination_port, 5)?;
    line.signed(record.error, 5)?;
    line.hexadecimal(record.offset)?;
    line.hexadecimal(record.expected)?;
    line.left(8, |line| line.write_str(record.verdict.name()))?;
    line.number(record.duration, 10)?;
    line.number(record.overlaps, 8)?;
    line.left(5, |line| {
        let mut names = record.flags.names();
        line.write_str(names.next().unwrap_or("-"))?;
        names.try_for_each(|name| {
            line.write_str(",")?;
            line.write_str(name)
        })
    })?;
    line.number(record.parent, 9)?;
    match realtime {
        Some(realtime) => line.number(realtime, 19)?,
        None => line.write_str("                   -")?,
    }
    line.number(record.cgroup, 8)?;
    line.left(0, |line| line.write_str(record.family().name()))?;
    line.write_str("\n")?;
    line.write_to(out)
}

/// Writes a task's name. Blanks, control characters, bytes beyond ASCII and the backslash are escaped.
fn name(out: &mut impl Write, name: &[u8]) -> Result {
    if name.is_empty() {
        return out.write_str("-");
    }
    for &byte in name {
        if byte.is_ascii_graphic() && byte != b'\\' {
            out.write_char(byte.into())?;
        } else {
            write!(out, "\\x{byte:02x}")?;
        }
    }
    Ok(())
}

/// Writes an address in the form of RFC 5952.
fn address(out: &mut impl Write, address: [u8; 16]) -> Result {
    write!(out, "{}", Ipv6Addr::from(address))
}
