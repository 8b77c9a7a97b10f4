use std::{future::Future, sync::Arc, time::Duration};

use tokio::{sync::Semaphore, task::JoinSet, time::Instant};

use crate::{
    Outcome,
    client::{Client, Manner},
    target::Target,
    window::Window,
};

/// How many clients connect at a time: more would measure how the system queues connections.
const HANDSHAKES_MAX: usize = 256;

/// Clients that all follow the same operation.
#[derive(Debug)]
pub(crate) struct Crowd {
    target: Target,
    clients: Vec<Client>,
}

impl Crowd {
    /// Connects `count` clients, and waits until each is up to date.
    pub(crate) async fn connect(target: &Target, count: usize) -> Outcome<Self> {
        let handshakes = Arc::new(Semaphore::new(HANDSHAKES_MAX));
        let connecting = (0..count).map(|_| {
            let (target, handshakes) = (target.clone(), handshakes.clone());
            async move {
                let _handshake = handshakes.acquire().await?;
                Ok(Client::connect(&target).await?.0)
            }
        });
        Ok(Self { target: target.clone(), clients: all(connecting).await? })
    }

    /// Listens until the window is over; gives how long each delivery in it was under way.
    pub(crate) async fn listen(
        &mut self,
        window: Window,
        manner: Manner,
    ) -> Outcome<Vec<Duration>> {
        let listening = self.clients.drain(..).map(|mut client| async move {
            let received = client.listen(window, manner).await?;
            Ok((client, received))
        });
        let (clients, received): (_, Vec<_>) = all(listening).await?.into_iter().unzip();
        self.clients = clients;
        Ok(received.into_iter().flat_map(|received| received.latencies).collect())
    }

    /// Cuts every connection at once and lets all clients come back; gives how long after the cut
    /// each was up to date again.
    pub(crate) async fn storm(&mut self) -> Outcome<Vec<Duration>> {
        let cursors = self.clients.iter().map(|client| Ok(client.cursor()?.to_owned()));
        let cursors: Vec<String> = cursors.collect::<Outcome<_>>()?;
        let handshakes = Arc::new(Semaphore::new(HANDSHAKES_MAX));
        let cut_on = Instant::now();
        self.clients.clear();
        let returning = cursors.into_iter().map(|cursor| {
            let (target, handshakes) = (self.target.clone(), handshakes.clone());
            async move {
                let _handshake = handshakes.acquire().await?;
                let (client, _) = Client::resume(&target, &cursor).await?;
                Ok((client, cut_on.elapsed()))
            }
        });
        let (clients, times) = all(returning).await?.into_iter().unzip();
        self.clients = clients;
        Ok(times)
    }
}

/// What all of them give, each in a task of its own; the first that fails ends the others.
async fn all<T: Send + 'static>(
    futures: impl Iterator<Item = impl Future<Output = Outcome<T>> + Send + 'static>,
) -> Outcome<Vec<T>> {
    let mut tasks: JoinSet<_> = futures.collect();
    let mut given = Vec::with_capacity(tasks.len());
    while let Some(done) = tasks.join_next().await {
        given.push(done??);
    }
    Ok(given)
}
