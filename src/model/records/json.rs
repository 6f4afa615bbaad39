// SPDX-License-Identifier: GPL-2.0

//! Records as JSON: the lines of `events` (docs/interface.md).

use core::{
    fmt::{
        Result,
        Write, //
    },
    net::Ipv6Addr,
};

use crate::model::records::{
    merge::Placed,
    record::{Flags, Record},
    socket_event::{SocketEvent, What},
};

/// Writes the line about a connect.
pub(crate) fn json(out: &mut impl Write, placed: &Placed<Record>) -> Result {
    let record = &placed.entry;
    write!(
        out,
        "{{\"v\":1,\"event\":\"connect\",\"time\":{},\"cpu\":{},\"seq\":{},\"pid\":{},\"tgid\":{},\"uid\":{},\"comm\":\"",
        record.time, placed.cpu, placed.sequence, record.pid, record.tgid, record.uid
    )?;
    for &byte in record.comm() {
        match byte {
            b'"' | b'\\' => write!(out, "\\{}", char::from(byte))?,
            b' '..=b'~' => out.write_char(byte.into())?,
            // Bytes beyond ASCII have no known encoding: each becomes the character with its number.
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
    writeln!(out, "],\"parent\":{}}}", record.parent)
}

/// Writes the line about a socket event.
pub(crate) fn socket_event(out: &mut impl Write, placed: &Placed<SocketEvent>) -> Result {
    let SocketEvent {
        time,
        cookie,
        ends,
        what,
    } = &placed.entry;
    let event = match what {
        What::Ended { .. } => "outcome",
        What::Rewritten { .. } => "rewritten",
    };
    write!(
        out,
        "{{\"v\":1,\"event\":\"{event}\",\"time\":{time},\"cpu\":{},\"seq\":{},\"netns\":{},\"cookie\":{cookie},\
         \"source\":\"{}\",\"sport\":{},\"destination\":\"{}\",\"dport\":{},",
        placed.cpu,
        placed.sequence,
        ends.netns,
        Ipv6Addr::from(ends.source),
        ends.source_port,
        Ipv6Addr::from(ends.destination),
        ends.destination_port
    )?;
    match what {
        What::Ended {
            outcome,
            error,
            handshake,
        } => {
            write!(
                out,
                "\"outcome\":\"{}\",\"error\":{error},\"handshake\":",
                outcome.name()
            )?;
            match handshake {
                Some(time) => writeln!(out, "{time}}}"),
                None => out.write_str("null}\n"),
            }
        }
        What::Rewritten { offset, expected } => {
            writeln!(out, "\"offset\":{offset},\"expected\":{expected}}}")
        }
    }
}

/// Writes the line about records that were overwritten before the reader reached them.
pub(crate) fn lost(out: &mut impl Write, count: u64) -> Result {
    writeln!(out, "{{\"v\":1,\"event\":\"lost\",\"count\":{count}}}")
}
