//! Workers whose Redis refuses to work, is lost, or is replaced by another server.

use std::time::Duration;

use liveops::{OperationState, channel::RedisChannelLayer};
use tokio::time::sleep;

use super::{
    dice::runs,
    history::History,
    scene::Scene,
    support::{
        database::on_every_database, redis::RedisServer, redis_cluster::RedisCluster,
        redis_sentinel::WatchedRedis,
    },
};

const LONGEST: Duration = Duration::from_millis(300);

/// The number of troubles in a scene.
const TROUBLES: usize = 4;

/// The first command makes the server refuse, the second one ends that.
const REFUSALS: [[&str; 2]; 4] = [
    ["CONFIG SET maxmemory 1", "CONFIG SET maxmemory 0"],
    ["REPLICAOF 127.0.0.1 1", "REPLICAOF NO ONE"],
    ["ACL SETUSER default -@scripting", "ACL SETUSER default +@scripting"],
    ["ACL SETUSER default resetchannels &other:*", "ACL SETUSER default allchannels"],
];

fn layer(url: &str) -> RedisChannelLayer {
    RedisChannelLayer::new(url).unwrap()
}

/// Has three workers run operations, and calls `trouble` at a random time among them, [`TROUBLES`] times.
async fn with_trouble(mut scene: Scene, mut trouble: impl AsyncFnMut(&mut Scene)) {
    for _ in 0..3 {
        scene.fleet.hire();
    }
    for _ in 0..TROUBLES {
        scene.enqueue(runs(200) / TROUBLES, 1, LONGEST).await;
        let lines = scene.dice.among(1..150);
        scene.after_lines(lines).await;
        trouble(&mut scene).await;
    }
    // A worker that leaves does not wait for a server that refuses.
    scene.wait_until("every end to be published", async |scene| scene.ends_are_published()).await;
    nothing_is_lost(&scene.conclude().await);
}

#[track_caller]
fn nothing_is_lost(history: &History) {
    assert_eq!(history.ended_as(OperationState::FinishedOk), history.enqueued.len());
    assert_eq!(history.rescues(), 0);
}

on_every_database! {
    async fn a_redis_that_refuses_or_is_lost_costs_no_run(database: TestDatabase) {
        let Some(mut redis) = RedisServer::start() else { return };
        let layer = layer(&redis.url());
        let scene = Scene::set_on(layer, "refused", &database.url(), 8).await;
        with_trouble(scene, async |scene| {
            let trouble = scene.dice.among(0..REFUSALS.len() + 1);
            let refusal = REFUSALS.get(trouble);
            match refusal {
                Some([refuse, _]) => redis.ask(refuse).await,
                None => redis.kill(),
            }
            sleep(Duration::from_millis(scene.dice.among(50..2_000) as u64)).await;
            match refusal {
                Some([_, accept]) => redis.ask(accept).await,
                None => redis.start_again(),
            }
        })
        .await;
    }

    async fn a_master_that_a_sentinel_replaces_costs_no_run(database: TestDatabase) {
        let Some(mut redis) = WatchedRedis::start().await else { return };
        let scene = Scene::set_on(layer(&redis.url()), "sentinel", &database.url(), 8).await;
        let mut is_first = true;
        with_trouble(scene, async |_| {
            if std::mem::take(&mut is_first) {
                redis.kill_master();
            }
        })
        .await;
    }

    async fn a_master_of_a_cluster_that_is_killed_costs_no_run(database: TestDatabase) {
        let Some(mut cluster) = RedisCluster::start().await else { return };
        let scene = Scene::set_on(layer(&cluster.url()), "cluster", &database.url(), 8).await;
        let mut masters = 0..2;
        with_trouble(scene, async |_| {
            if let Some(master) = masters.next() {
                cluster.kill(master);
                cluster.has_replaced(master).await;
                cluster.start_again(master);
            }
        })
        .await;
    }
}
