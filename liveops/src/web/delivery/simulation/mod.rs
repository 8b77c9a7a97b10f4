//! Simulation of the delivery under faults. The claim: every page ends up with the current state, without a
//! gap or a duplicate, under any faults of the network, the channel layer, attempts and clients.
//!
//! Real parts: the sink that publishes, the renderer, the channel layer of one process, the hub, the flow
//! control, and the choice between retained state and row. Simulated parts, so that they can fail in every
//! way: the network, the row and the browser.

mod client;
mod network;
mod operation;
mod page;
mod schedules;
mod world;
