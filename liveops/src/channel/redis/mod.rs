//! A channel layer over Redis, for any number of processes. Lua scripts hold the retained state; pub/sub
//! carries the frames.

mod connection;
mod layer;
mod listener;
mod message;
mod scripts;
mod topics;

pub use layer::RedisChannelLayer;
