//! A channel layer over Redis, for any number of processes. Lua scripts hold the retained state; pub/sub
//! carries the frames. The servers are one server, a master with Redis Sentinel, or a Redis Cluster.
//!
//! The state of a channel is one hash, so it is in one slot of a cluster, begins and expires as a whole, and
//! no script accesses a key that it does not name. While the request connection is down for two seconds,
//! requests fail at once instead of queueing: the run keeps its newest state itself and publishes it later.

mod connection;
mod failure;
mod layer;
mod listener;
mod message;
mod scripts;
mod servers;
mod topics;

pub use layer::RedisChannelLayer;
