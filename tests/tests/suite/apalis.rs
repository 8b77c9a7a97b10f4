//! Wake-ups that go through apalis: late, twice, out of order or not at all, an operation is executed
//! once.
//!
//! The processes here have no channel layer in common with the one that enqueues, and poll once an
//! hour unless a test says otherwise: only a message can have told them.

use std::time::Duration;

use liveops::{
    Config, OperationId, OperationState, RunnerKind,
    channel::{ChannelLayer, MemoryChannelLayer},
    runner::{Builder, WakeUp},
};

use crate::support::{
    apalis::{Broker, Fate, have_received, on_every_broker},
    app::{Gate, Greeting, Steps, TestApp},
    proxy::Proxy,
};

const HOUR: Duration = Duration::from_secs(3_600);

/// A process that enqueues, and executes nothing.
async fn web(broker: &Broker) -> TestApp {
    process(broker, MemoryChannelLayer::new(), |_| {}, |app| broker.deliver_for(app)).await
}

/// A process that executes operations, with a channel layer by which a test hears of them.
async fn worker(broker: &Broker, layer: &MemoryChannelLayer) -> TestApp {
    worker_with(broker, layer, |_| {}).await
}

async fn worker_with(
    broker: &Broker,
    layer: &MemoryChannelLayer,
    configure: impl FnOnce(&mut Config),
) -> TestApp {
    process(broker, layer.clone(), configure, |app| broker.deliver_for(app)).await
}

async fn process(
    broker: &Broker,
    layer: impl ChannelLayer,
    configure: impl FnOnce(&mut Config),
    change: impl FnOnce(Builder<Gate>) -> Builder<Gate>,
) -> TestApp {
    let mut config = Config::default();
    (config.poll_interval, config.lease) = (HOUR, HOUR);
    configure(&mut config);
    let change = |app: Builder<Gate>| {
        change(app.runner(RunnerKind::Worker).channel_layer(layer).config(config))
    };
    TestApp::on(&broker.database_url(), change).await
}

fn greeting() -> Greeting {
    Greeting { name: "Ann".into() }
}

/// Waits until this process has done all the looking at the queue that it does by itself.
async fn settle(app: &TestApp) {
    // The first look may be one that had begun, and then the next is to come.
    assert!(app.liveops.poll_now().await && app.liveops.poll_now().await);
}

/// That a [`Greeting`] ended, and that nobody else ever began it.
async fn was_executed_once(app: &TestApp, id: OperationId) {
    let row = app.liveops.find(id).await.unwrap().unwrap();
    assert_eq!(row.state(), OperationState::FinishedOk);
    assert_eq!((row.attempt, row.attempts_before, row.rescues), (1, 0, 0));
    assert_eq!(app.log(id).await, ["hello, Ann"]);
}

on_every_broker! {
    async fn an_operation_starts_in_a_process_that_only_a_message_reaches(broker: Broker) {
        let (web, layer) = (web(&broker).await, MemoryChannelLayer::new());
        let worker = worker(&broker, &layer).await;
        let taking = broker.start(&worker.liveops, Fate::Lives);
        settle(&worker).await;
        for nth in 1..=10 {
            let id = web.liveops.enqueue(greeting(), "ann").await.unwrap();
            worker.reaches(id, OperationState::FinishedOk).await;
            taking.has_looked(nth).await;
        }
    }

    async fn a_message_that_comes_again_to_several_processes_runs_the_operation_once(
        broker: Broker
    ) {
        let (web, layer) = (web(&broker).await, MemoryChannelLayer::new());
        let workers = [worker(&broker, &layer).await, worker(&broker, &layer).await];
        let id = web.liveops.enqueue(greeting(), "ann").await.unwrap();
        let again = || {
            let mut again = WakeUp::default();
            again.id = Some(id);
            again
        };
        broker.has_waiting(1).await;
        broker.push(again()).await;
        broker.push(again()).await;
        let taking = workers.each_ref().map(|app| broker.start(&app.liveops, Fate::Lives));
        have_received(&taking, 3).await;
        workers[0].ends(id).await;
        // Somebody is told once more of what has ended by now.
        broker.push(again()).await;
        have_received(&taking, 4).await;
        let last = web.liveops.enqueue(greeting(), "ann").await.unwrap();
        workers[0].ends(last).await;
        was_executed_once(&web, id).await;
        was_executed_once(&web, last).await;
    }

    async fn a_message_about_nothing_that_is_there_changes_nothing(broker: Broker) {
        let (web, layer) = (web(&broker).await, MemoryChannelLayer::new());
        let worker = worker(&broker, &layer).await;
        let taking = broker.start(&worker.liveops, Fate::Lives);
        let mut unknown = WakeUp::default();
        unknown.id = Some(liveops::OperationId::new());
        unknown.queue = Some("of somebody else".into());
        broker.push(unknown).await;
        broker.push(WakeUp::default()).await;
        taking.has_looked(2).await;
        let id = web.liveops.enqueue(greeting(), "ann").await.unwrap();
        worker.ends(id).await;
        was_executed_once(&web, id).await;
    }

    async fn what_lost_its_message_is_found_by_the_poll(broker: Broker) {
        let (web, layer) = (web(&broker).await, MemoryChannelLayer::new());
        let quick = |config: &mut Config| config.poll_interval = Duration::from_millis(50);
        let worker = worker_with(&broker, &layer, quick).await;
        settle(&worker).await;
        // It is fetched by somebody who is killed before doing anything, and then even the queue goes.
        let doomed = broker.start(&worker.liveops, Fate::HangsBeforeItLooks);
        let id = web.liveops.enqueue(greeting(), "ann").await.unwrap();
        doomed.has_received(1).await;
        doomed.kill().await;
        broker.wipe().await;
        worker.ends(id).await;
        was_executed_once(&web, id).await;
    }

    async fn a_worker_that_is_started_again_goes_on_with_a_queue_that_was_wiped(broker: Broker) {
        let (web, layer) = (web(&broker).await, MemoryChannelLayer::new());
        let worker = worker(&broker, &layer).await;
        let taking = broker.start(&worker.liveops, Fate::Lives);
        settle(&worker).await;
        let before = web.liveops.enqueue(greeting(), "ann").await.unwrap();
        worker.ends(before).await;
        broker.wipe().await;
        // Where the worker was registered in what is gone, it has ended.
        drop(taking);
        let _taking = broker.start(&worker.liveops, Fate::Lives);
        let after = web.liveops.enqueue(greeting(), "ann").await.unwrap();
        worker.ends(after).await;
        was_executed_once(&web, before).await;
        was_executed_once(&web, after).await;
    }

    async fn what_was_not_acknowledged_comes_again_and_runs_nothing_twice(broker: Broker) {
        let (web, layer) = (web(&broker).await, MemoryChannelLayer::new());
        let (first, second) = (worker(&broker, &layer).await, worker(&broker, &layer).await);
        let doomed = broker.start(&first.liveops, Fate::HangsBeforeItAcknowledges);
        let id = web.liveops.enqueue(greeting(), "ann").await.unwrap();
        doomed.has_looked(1).await;
        first.ends(id).await;
        doomed.kill().await;

        let taking = broker.start(&second.liveops, Fate::Lives);
        taking.has_looked(1).await;
        was_executed_once(&web, id).await;
    }

    async fn the_message_of_a_process_that_was_killed_goes_to_another(broker: Broker) {
        let (web, layer) = (web(&broker).await, MemoryChannelLayer::new());
        let (first, second) = (worker(&broker, &layer).await, worker(&broker, &layer).await);
        let doomed = broker.start(&first.liveops, Fate::HangsBeforeItLooks);
        settle(&first).await;
        settle(&second).await;
        let id = web.liveops.enqueue(greeting(), "ann").await.unwrap();
        doomed.has_received(1).await;
        doomed.kill().await;
        assert_eq!(
            web.liveops.find(id).await.unwrap().unwrap().state(),
            OperationState::NotStarted
        );

        let _taking = broker.start(&second.liveops, Fate::Lives);
        second.ends(id).await;
        was_executed_once(&web, id).await;
    }

    async fn a_process_without_a_place_leaves_messages_to_others(broker: Broker) {
        let (web, layer) = (web(&broker).await, MemoryChannelLayer::new());
        let one_place = |config: &mut Config| config.concurrency_max = 1;
        let busy = worker_with(&broker, &layer, one_place).await;
        let free = worker_with(&broker, &layer, one_place).await;
        let waiting = broker.start(&busy.liveops, Fate::Lives);
        settle(&busy).await;
        let first = web.liveops.enqueue(Steps {}, "ann").await.unwrap();
        busy.reaches(first, OperationState::Started).await;

        let second = web.liveops.enqueue(greeting(), "ann").await.unwrap();
        broker.has_waiting(1).await;
        waiting.would_have_fetched().await;
        assert_eq!(waiting.received(), 1);
        broker.has_waiting(1).await;
        let taking = broker.start(&free.liveops, Fate::Lives);
        free.ends(second).await;
        was_executed_once(&web, second).await;
        assert_eq!(waiting.received(), 1);

        // With a place again, it takes messages again.
        busy.gate.open(3);
        busy.ends(first).await;
        drop(taking);
        let third = web.liveops.enqueue(greeting(), "ann").await.unwrap();
        waiting.has_received(2).await;
        busy.ends(third).await;
    }

    async fn a_broker_that_is_away_holds_nobody_up(broker: Broker) {
        let network = Proxy::start(broker.address()).await;
        let (route, layer) = (broker.route_through(network.address()).await, MemoryChannelLayer::new());
        let none = MemoryChannelLayer::new();
        let web = process(&broker, none, |_| {}, |app| route.deliver_for(app)).await;
        let quick = |config: &mut Config| config.poll_interval = Duration::from_millis(50);
        let worker = worker_with(&broker, &layer, quick).await;
        worker.liveops.start_worker();
        for away in [Proxy::swallow, Proxy::cut] {
            away(&network);
            // Each would take as long as whoever sends it waits, which is seconds.
            let mut ids = Vec::new();
            let enqueue = async {
                for _ in 0..50 {
                    ids.push(web.liveops.enqueue(greeting(), "ann").await.unwrap());
                }
            };
            tokio::time::timeout(Duration::from_secs(30), enqueue).await.unwrap();
            for id in ids {
                worker.ends(id).await;
                was_executed_once(&web, id).await;
            }
        }
    }
}
