// SPDX-License-Identifier: GPL-2.0

//! Records as JSON: the lines of `events` (docs/interface.md).

use core::{
    fmt::{
        Result,
        Write, //
    },
    net::Ipv6Addr,
};

use super::{
    record::Flags,
    text::Placed, //
};

/// The line about a connect.
pub(crate) fn json(out: &mut impl Write, placed: &Placed) -> Result {
    let record = &placed.record;
    write!(
        out,
        "{{\"v\":1,\"event\":\"connect\",\"time\":{},\"cpu\":{},\"seq\":{},\"pid\":{},\"tgid\":{},\"uid\":{},\"comm\":\"",
        record.time, placed.cpu, placed.sequence, record.pid, record.tgid, record.uid
    )?;
    for &byte in record.comm() {
        match byte {
            b'"' | b'\\' => write!(out, "\\{}", char::from(byte))?,
            b' '..=b'~' => out.write_char(byte.into())?,
            // Bytes beyond ASCII are those of no known encoding: each is the character of its number.
            _ => write!(out, "\\u{byte:04x}")?,
        }
    }
    let family = if record.flags.has(Flags::V4_MAPPED) {
        "v4mapped"
    } else {
        "v6"
    };
    write!(
        out,
        "\",\"netns\":{},\"cookie\":{},\"family\":\"{family}\",\"source\":\"{}\",\"sport\":{},\
         \"destination\":\"{}\",\"dport\":{},\"error\":{},\"offset\":{},\"expected\":{},\"verdict\":\"{}\",\
         \"duration\":{},\"overlaps\":{},\"flags\":[",
        record.netns,
        record.cookie,
        Ipv6Addr::from(record.source),
        record.source_port,
        Ipv6Addr::from(record.destination),
        record.destination_port,
        record.error,
        record.offset,
        record.expected,
        record.verdict.name(),
        record.duration,
        record.overlaps
    )?;
    let mut separator = "";
    for name in record.flags.names() {
        write!(out, "{separator}\"{name}\"")?;
        separator = ",";
    }
    out.write_str("]}\n")
}

/// The line about records that are gone before the reader came to them.
pub(crate) fn lost(out: &mut impl Write, count: u64) -> Result {
    writeln!(out, "{{\"v\":1,\"event\":\"lost\",\"count\":{count}}}")
}
