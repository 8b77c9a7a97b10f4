use liveops::channel::RedisChannelLayer;
use uuid::Uuid;

use super::need::need;

/// Channels of one test's own on the Redis server that the tests share.
#[derive(Debug)]
pub(crate) struct RedisPrefix {
    url: String,
    prefix: String,
}

impl RedisPrefix {
    /// `None` where there is no server.
    pub(crate) fn new() -> Option<Self> {
        let url = need("Redis", "LIVEOPS_TEST_REDIS_URL")?;
        Some(Self { url, prefix: format!("liveops-{}:", Uuid::now_v7().simple()) })
    }

    /// The layer of one more process.
    pub(crate) fn layer(&self) -> RedisChannelLayer {
        RedisChannelLayer::new(&self.url).unwrap().with_prefix(&self.prefix)
    }
}
