// SPDX-License-Identifier: GPL-2.0

//! The workload of the selftests and of `make run`. Each subcommand does one kind of work, prints its counts as
//! `name value` lines, and exits 0 only if everything succeeded.

use anyhow::Result;
use clap::{Parser, Subcommand};

mod absent;
mod bench;
mod connect;
mod cross;
mod fault;
mod flip;
mod follow;
mod fuzz;
mod hold;
mod median;
mod namespaces;
mod overlap;
mod park;
mod race;
mod refused;
mod repair;
mod reread;
mod resets;
mod serve;
mod sharing;
mod socket;
mod stall;
mod without;

/// Connects over TCP and counts its work.
#[derive(Parser)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Listen and accept until killed; print "ready" when listening
    Serve(serve::Options),
    /// Connect many times from many threads
    Connect(connect::Options),
    /// Answer a SYN by a SYN, then by a reset: a simultaneous open that fails
    Cross(cross::Options),
    /// Make each kind of connect that fails, inside tcp_v6_connect() and after it
    Refused(refused::Options),
    /// Connect in TCP_REPAIR mode with a given offset
    Repair(repair::Options),
    /// Connect, or write offsets, while other threads read the timestamps of the same sockets
    Race(race::Options),
    /// Read timestamps at a known point of a connect, a given number of times
    Overlap(overlap::Options),
    /// Read the file on standard input in several ways, which must agree
    Reread,
    /// Print new lines of a file
    Follow(follow::Options),
    /// Write values to a file such as a sysctl, in turn and as fast as possible
    Flip(flip::Options),
    /// Keep MPTCP connections open until killed; print "ready" when each has sent data
    Hold(hold::Options),
    /// Stay inside connect() until standard input ends
    Park(park::Options),
    /// Read a file into a page that is never provided, until killed
    Stall(stall::Options),
    /// Run a command without a capability
    Without(without::Options),
    /// Make network namespaces, connect within each, and leave it
    Namespaces(namespaces::Options),
    /// Let every memory allocation of a system call fail once
    Fault(fault::Options),
    /// Open, read, write, seek and poll files at random, or load a module with random parameters
    Fuzz(fuzz::Options),
    /// Connect on each processor at once, and mark the time of the connects for the emulator's plugin of `make sharing`
    Sharing(sharing::Options),
    /// Measure the cost that attached programs add to a system call
    Bench(bench::Options),
}

fn main() -> Result<()> {
    match Arguments::parse().command {
        Command::Serve(options) => serve::run(&options),
        Command::Connect(options) => connect::run(&options),
        Command::Cross(options) => cross::run(&options),
        Command::Refused(options) => refused::run(&options),
        Command::Repair(options) => repair::run(&options),
        Command::Race(options) => race::run(&options),
        Command::Overlap(options) => overlap::run(&options),
        Command::Reread => reread::run(),
        Command::Follow(options) => follow::run(&options),
        Command::Flip(options) => flip::run(&options),
        Command::Hold(options) => hold::run(&options),
        Command::Park(options) => park::run(&options),
        Command::Stall(options) => stall::run(&options),
        Command::Without(options) => without::run(&options),
        Command::Namespaces(options) => namespaces::run(&options),
        Command::Fault(options) => fault::run(&options),
        Command::Fuzz(options) => fuzz::run(&options),
        Command::Sharing(options) => sharing::run(&options),
        Command::Bench(options) => bench::run(&options),
    }
}
