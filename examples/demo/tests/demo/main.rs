//! Tests of the demo from the view of its users.

#![expect(clippy::unwrap_used, reason = "what panics in a helper fails its test")]

#[cfg(unix)]
mod desk;
mod server;
mod support;

mod cancelling;
mod deployment;
mod draining;
mod file_access;
#[cfg(unix)]
mod half_open;
mod operations;
mod pages;
mod processes;
mod pruning;
mod sample;
mod score_import;
mod sign_in;
mod terminal;
mod terminal_inputs;
mod terminal_screen;
mod terminal_signals;
