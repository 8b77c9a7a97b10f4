//! The derive as a function of tokens: what it writes, and what it says.

mod golden;
mod messages;
mod understood;
