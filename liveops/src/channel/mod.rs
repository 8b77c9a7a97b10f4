//! The transport of frames between processes, and the retained state that a client catches up from.
//!
//! A [`ChannelLayer`] assigns sequence numbers, retains the newest state of every channel and sends frames
//! to subscribers. The module knows neither the rows of operations nor sockets.

mod cursor;
mod deliveries;
mod error;
mod frame;
mod layer;
mod list_change;
mod memory;
mod notice;
#[cfg(any(feature = "postgres", feature = "redis"))]
mod pauses;
#[cfg(feature = "postgres")]
mod postgres;
#[cfg(feature = "redis")]
mod redis;
mod retained;
mod verdict;

pub use cursor::{Cursor, Epoch, ParseCursorError};
pub use deliveries::{DeliverySender, Subscription};
pub use error::{ChannelError, PublishError};
pub use frame::{Chained, Finished, Frame, Payload, Signal};
pub use layer::{CatchUp, CatchUpAnswer, CatchUpContent, ChannelLayer, Delivery, Lagged, OpenedBy};
pub use list_change::{ListChange, RowProgress};
pub use memory::MemoryChannelLayer;
pub use notice::{Notice, WorkerNotification};
#[cfg(feature = "postgres")]
pub use postgres::PostgresChannelLayer;
#[cfg(feature = "redis")]
pub use redis::RedisChannelLayer;
pub use retained::RetainedState;
pub use verdict::FrameDecision;
