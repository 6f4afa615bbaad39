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
    event::Event,
    merge::Placed,
    record::{trimmed, Record},
    socket_event::{SocketEvent, What},
};

/// Writes the line about a connect; `realtime` is `CLOCK_REALTIME` at its time.
pub(crate) fn json(out: &mut impl Write, placed: &Placed<Record>, realtime: Option<u64>) -> Result {
    let record = &placed.entry;
    write!(
        out,
        "{{\"v\":1,\"event\":\"connect\",\"time\":{},\"cpu\":{},\"seq\":{},\"pid\":{},\"tgid\":{},\"uid\":{},\"comm\":\"",
        record.time, placed.cpu, placed.sequence, record.pid, record.tgid, record.uid
    )?;
    name(out, record.comm())?;
    let family = record.family().name();
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
    write!(out, "],\"parent\":{}", record.parent)?;
    end(out, realtime, record.cgroup)?;
    out.write_str("}\n")
}

/// Writes a task's name within a string.
fn name(out: &mut impl Write, name: &[u8]) -> Result {
    for &byte in name {
        match byte {
            b'"' | b'\\' => write!(out, "\\{}", char::from(byte))?,
            b' '..=b'~' => out.write_char(byte.into())?,
            // Bytes beyond ASCII have no known encoding: each becomes the character with its number.
            _ => write!(out, "\\u{byte:04x}")?,
        }
    }
    Ok(())
}

/// Writes a duration, or null where it is unknown.
fn nanoseconds(out: &mut impl Write, duration: Option<u64>) -> Result {
    match duration {
        Some(duration) => write!(out, "{duration}"),
        None => out.write_str("null"),
    }
}

/// Writes the keys that every event has at its end.
fn end(out: &mut impl Write, realtime: Option<u64>, cgroup: u64) -> Result {
    out.write_str(",\"realtime\":")?;
    nanoseconds(out, realtime)?;
    write!(out, ",\"cgroup\":{cgroup}")
}

/// Writes the line about a socket event; `realtime` is `CLOCK_REALTIME` at its time.
pub(crate) fn socket_event(
    out: &mut impl Write,
    placed: &Placed<SocketEvent>,
    realtime: Option<u64>,
) -> Result {
    let SocketEvent {
        time,
        cookie,
        cgroup,
        parent,
        family,
        ends,
        what,
    } = &placed.entry;
    let event = Event::of(what).name();
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
            nanoseconds(out, *handshake)?;
        }
        What::Failed {
            reason,
            stage,
            error,
            duration,
            who,
            uid,
        } => {
            write!(
                out,
                "\"reason\":\"{}\",\"stage\":\"{}\",\"error\":{error},\"duration\":",
                reason.name(),
                stage.name()
            )?;
            nanoseconds(out, *duration)?;
            match who {
                Some(who) => {
                    write!(
                        out,
                        ",\"pid\":{},\"tgid\":{},\"uid\":{uid},\"comm\":\"",
                        who.pid, who.tgid
                    )?;
                    name(out, trimmed(&who.comm))?;
                    out.write_str("\"")?;
                }
                None => {
                    write!(
                        out,
                        ",\"pid\":null,\"tgid\":null,\"uid\":{uid},\"comm\":null"
                    )?;
                }
            }
        }
        What::Accepted {
            verdict,
            offset,
            expected,
            handshake,
        } => {
            write!(
                out,
                "\"offset\":{offset},\"expected\":{expected},\"verdict\":\"{}\",\"handshake\":",
                verdict.name()
            )?;
            nanoseconds(out, *handshake)?;
        }
        What::Rewritten { offset, expected } => {
            write!(out, "\"offset\":{offset},\"expected\":{expected}")?;
        }
    }
    if matches!(what, What::Ended { .. } | What::Failed { .. }) {
        write!(out, ",\"parent\":{parent}")?;
    }
    end(out, realtime, *cgroup)?;
    writeln!(out, ",\"family\":\"{}\"}}", family.name())
}

/// Writes the line about records that were overwritten before the reader reached them.
pub(crate) fn lost(out: &mut impl Write, count: u64) -> Result {
    writeln!(out, "{{\"v\":1,\"event\":\"lost\",\"count\":{count}}}")
}
