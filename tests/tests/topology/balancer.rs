//! What stands in front of the web processes.

use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicUsize, Ordering},
};

use tokio::sync::{OwnedRwLockReadGuard, RwLock};

/// Spreads connections over the web processes that are there. Cheap to clone.
///
/// As every balancer does, it gives nothing new to one that is about to go, and waits until that one
/// has answered what it was given.
#[derive(Debug, Clone)]
pub(crate) struct Balancer {
    webs: Arc<[Web]>,
    next: Arc<AtomicUsize>,
}

#[derive(Debug)]
struct Web {
    address: String,
    is_out: AtomicBool,
    /// Read while something is asked of it.
    asked: Arc<RwLock<()>>,
}

/// A web process that does not go while this is held, unless it is killed.
#[derive(Debug)]
pub(crate) struct Place {
    pub(crate) web: usize,
    address: String,
    _asking: OwnedRwLockReadGuard<()>,
}

impl Balancer {
    pub(crate) fn new(addresses: impl IntoIterator<Item = String>) -> Self {
        let web = |address| Web { address, is_out: AtomicBool::new(false), asked: Arc::default() };
        Self { webs: addresses.into_iter().map(web).collect(), next: Arc::default() }
    }

    /// The next in turn.
    pub(crate) fn pick(&self) -> Place {
        for _ in 0..2 * self.webs.len() {
            let index = self.next.fetch_add(1, Ordering::Relaxed) % self.webs.len();
            let web = &self.webs[index];
            let asking = web.asked.clone().try_read_owned();
            // Looked at when it cannot change any more.
            if let Ok(asking) = asking
                && !web.is_out.load(Ordering::SeqCst)
            {
                return Place { web: index, address: web.address.clone(), _asking: asking };
            }
        }
        panic!("no web process is left")
    }

    /// Takes a web process out, and waits until it has answered everything.
    pub(crate) async fn take_out(&self, web: usize) {
        self.webs[web].is_out.store(true, Ordering::SeqCst);
        drop(self.webs[web].asked.write().await);
    }

    pub(crate) fn take_in(&self, web: usize) {
        self.webs[web].is_out.store(false, Ordering::SeqCst);
    }
}

impl Place {
    /// Where a path is, for an HTTP client.
    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// Where a path is, for a WebSocket.
    pub(crate) fn socket_url(&self, path: &str) -> String {
        format!("ws://{}{path}", self.address)
    }
}
