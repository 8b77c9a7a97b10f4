//! The clients, and the measurement of one server.

use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use tokio::{
    sync::Semaphore,
    task::JoinSet,
    time::{self, Instant},
};

use crate::{
    Outcome,
    client::Client,
    options::Options,
    sample::{Sample, Times},
    server::Server,
    stamp::Stamp,
};

/// Time in which all clients should get a first frame. Later clients are not counted.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(30);

/// Time between the last first frame and the start of the count.
const WARM_UP: Duration = Duration::from_secs(2);

/// The results of all clients.
#[derive(Debug, Default)]
struct Results {
    /// `true` while deliveries are counted.
    counts: AtomicBool,
    first_frames: Mutex<Vec<Duration>>,
    updates: Mutex<Vec<Duration>>,
}

/// Connects one client to each operation, and counts the updates of all clients.
pub(crate) async fn measure(server: &Server, options: &Options) -> Outcome<Sample> {
    let operations = server.subscriptions.len();
    let results = Arc::new(Results::default());
    let handshakes = Arc::new(Semaphore::new(options.handshakes));
    let begun = Instant::now();
    let mut clients = JoinSet::new();
    for subscription in server.subscriptions.clone() {
        let (results, handshakes) = (results.clone(), handshakes.clone());
        let address = server.address;
        clients.spawn(async move {
            let handshake = handshakes.acquire_owned().await?;
            let connecting = Instant::now();
            let mut client = Client::connect(address, subscription).await?;
            // Without a wait for the first frame: the clients of an application do not wait for each other.
            drop(handshake);
            while Stamp::find(&client.next().await?).is_none() {}
            lock(&results.first_frames).push(connecting.elapsed());
            loop {
                let text = client.next().await?;
                if let Some((stamp, _)) = Stamp::find(&text)
                    && results.counts.load(Ordering::Relaxed)
                {
                    lock(&results.updates).push(Stamp::now().since(stamp));
                }
            }
            #[expect(unreachable_code, reason = "gives the type of the task")]
            Outcome::Ok(())
        });
    }
    let connected = async {
        while lock(&results.first_frames).len() < operations {
            time::sleep(Duration::from_millis(10)).await;
        }
    };
    let failed = async { clients.join_next().await };
    tokio::select! {
        _ = time::timeout(CONNECT_TIMEOUT, connected) => {}
        Some(ended) = failed => ended??,
    }
    let connect_time = begun.elapsed();

    time::sleep(WARM_UP).await;
    let cpu = server.process.cpu_time()?;
    results.counts.store(true, Ordering::Relaxed);
    let window = Instant::now();
    time::sleep(Duration::from_secs(options.seconds)).await;
    results.counts.store(false, Ordering::Relaxed);
    let window = window.elapsed();
    let cpu = server.process.cpu_time()? - cpu;
    if let Some(ended) = clients.try_join_next() {
        ended??;
    }
    let first_frames = std::mem::take(&mut *lock(&results.first_frames));
    let updates = std::mem::take(&mut *lock(&results.updates));
    Ok(Sample {
        operations,
        hz: options.hz,
        connect_time,
        first_frames: Times::of(first_frames),
        updates: Times::of(updates),
        window,
        cpu,
        resident_bytes: server.process.resident_bytes()?,
    })
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
