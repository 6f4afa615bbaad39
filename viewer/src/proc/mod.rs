// SPDX-License-Identifier: GPL-2.0

//! The module's files.

mod events;
mod files;
mod source;

pub use events::Events;
pub use files::Files;
pub use source::Source;
