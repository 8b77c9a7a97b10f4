//! The transport of frames between processes, and the retained state that a client catches up from.
//!
//! A [`ChannelLayer`] assigns sequence numbers, retains the newest state of every channel and sends frames
//! to subscribers. The module knows neither the rows of operations nor sockets.

mod cursor;
mod error;
mod frame;
mod frame_decision;
mod layer;
mod list_change;
mod memory;
mod notice;
#[cfg(feature = "postgres")]
mod postgres;
#[cfg(any(feature = "postgres", feature = "redis"))]
mod reconnect_delays;
#[cfg(feature = "redis")]
mod redis;
mod retained;
mod subscription;

use std::time::Duration;

pub use cursor::{Cursor, Epoch};
pub use error::{ChannelError, PublishError};
pub use frame::{Chained, Finished, Frame, Payload, Signal};
pub(crate) use frame_decision::FrameDecision;
pub use layer::{CatchUp, CatchUpAnswer, CatchUpContent, ChannelLayer, Delivery, Lagged, OpenedBy};
pub use list_change::{ListChange, RowChange, RowProgress};
pub use memory::MemoryChannelLayer;
pub use notice::{Notice, WorkerNotification};
#[cfg(feature = "postgres")]
pub use postgres::PostgresChannelLayer;
#[cfg(feature = "redis")]
pub use redis::RedisChannelLayer;
pub use retained::RetainedState;
pub use subscription::{DeliverySender, Subscription};

pub use crate::{
    projection::Region,
    render::fragment::{Apply, Fragment},
};

/// Maximum retention of the state of an ended operation. Within the range of the times of every backend.
const CENTURY: Duration = Duration::from_secs(100 * 365 * 24 * 3_600);
