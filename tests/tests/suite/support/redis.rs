use liveops::channel::RedisChannelLayer;
use uuid::Uuid;

use super::need::need;

/// A layer over the Redis server that the tests share, with channels of its own; its clones stand for
/// other processes as far as its connections do not matter. `None` where there is no server.
pub(crate) fn redis_layer() -> Option<RedisChannelLayer> {
    let url = need("Redis", "LIVEOPS_TEST_REDIS_URL")?;
    let prefix = format!("liveops-{}:", Uuid::now_v7().simple());
    Some(RedisChannelLayer::new(&url).unwrap().with_prefix(&prefix))
}
