//! Frames over Redis, for any number of processes.

mod layer;
mod link;
mod listener;
mod message;
mod scripts;
mod topics;

pub use layer::RedisChannelLayer;
