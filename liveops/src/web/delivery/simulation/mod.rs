//! No gap, no duplicate: whatever a network, a channel layer, a late attempt and a client do, the
//! page ends up showing what happened.
//!
//! What is real: the sink that publishes, the renderer, the channel layer within a process, the
//! hub, the place of a client and the choice between what is retained and the row. What is made up,
//! so that it can do its worst: the network, the row, and the browser.

mod client;
mod network;
mod operation;
mod page;
mod schedules;
mod world;
