//! How frames reach every process that watches, and what a client that was away gets.
//!
//! A [`ChannelLayer`] assigns sequence numbers, keeps the newest state of every channel and fans
//! frames out. It knows neither operations' rows nor sockets.

mod cursor;
mod error;
mod frame;
mod layer;
mod memory;
mod retained;

pub use cursor::{Cursor, Epoch, ParseCursorError};
pub use error::{ChannelError, PublishError};
pub use frame::{Chained, Finished, Frame, Payload, Signal};
pub use layer::{CatchUp, ChannelLayer, Delivery, Lagged, Missing, News, Subscription};
pub use memory::MemoryChannelLayer;
pub use retained::Retained;
