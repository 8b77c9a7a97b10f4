//! The stream of the changes of operations, in all processes.

use futures_util::{StreamExt, future, stream, stream::BoxStream};

use crate::{
    channel::{ChannelError, Delivery, Lagged, ListChange, Notice, RowChange},
    operation::ChannelName,
    runner::LiveOps,
    store::ListFilter,
};

impl LiveOps {
    /// Streams the changes of the operations that match `filter`: an item for each operation that is added, starts,
    /// goes back into the queue or ends, in any process that the channel layer reaches.
    ///
    /// The item names the operation and its new state; [`find`](Self::find) returns the row, which may have changed
    /// again. Use the stream for dashboards and badges. It is no queue: the channel layer may lose a change, for
    /// example while its server restarts. [`Builder::on_end`](crate::runner::Builder::on_end) calls a hook for each
    /// end.
    ///
    /// The states of the filter apply to the new state. The [search](ListFilter::search), the
    /// [order](ListFilter::sort) and the [page](ListFilter::cursor) have no effect.
    ///
    /// ```
    /// # use liveops::{LiveOperation, LiveOps, OperationState, Progress, Run, RunResult, store};
    /// # use serde::{Deserialize, Serialize};
    /// use futures_util::StreamExt;
    /// use liveops::store::ListFilter;
    ///
    /// # #[derive(LiveOperation, Serialize, Deserialize)]
    /// # struct Import {
    /// #     file: String,
    /// # }
    /// # impl Run for Import {
    /// #     type Output = ();
    /// #     async fn run(&self, _: Progress<Self>) -> RunResult<()> {
    /// #         Ok(())
    /// #     }
    /// # }
    /// # #[tokio::main]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let db = store::connect("sqlite::memory:").await?;
    /// # let liveops = LiveOps::builder(db).register::<Import>().build()?;
    /// # liveops.migrate().await?;
    /// let ends = ListFilter::new().with_owner("ann").with_state(OperationState::FinishedOk);
    /// let mut ends = liveops.subscribe(ends).await?;
    /// let id = liveops.enqueue(Import { file: "scores.csv".into() }, "ann").await?;
    /// match ends.next().await {
    ///     Some(Ok(change)) => assert_eq!(change.id, id),
    ///     // The list may have changed in any way: read it again.
    ///     Some(Err(lagged)) => eprintln!("{lagged}"),
    ///     None => eprintln!("the channel layer was shut down"),
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// Returns an error if the channel layer cannot be reached. The stream itself never ends with an error: it has
    /// [`Lagged`] in the place of changes that it does not know. The caller was 256 changes behind, the connection to
    /// the channel layer was interrupted, or a transaction has enqueued several operations of one owner.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe. The stream has every change after this method has returned, and loses none if a wait for the next
    /// item is dropped.
    pub async fn subscribe(
        &self,
        filter: ListFilter,
    ) -> Result<BoxStream<'static, Result<RowChange, Lagged>>, ChannelError> {
        let list = filter.owner.as_ref().map_or_else(ChannelName::all, ChannelName::owner);
        let subscription = self.channel_layer().subscribe(&list).await?;
        let deliveries = stream::unfold(subscription, async |mut subscription| {
            Some((subscription.next().await?, subscription))
        });
        let changes = deliveries.filter_map(move |delivery| {
            let change = match delivery {
                Ok(Delivery::Notice(Notice::List(ListChange::Row(change)))) => {
                    matches(&filter, &change).then_some(Ok(change))
                }
                Ok(Delivery::Notice(Notice::List(ListChange::Rows))) | Err(Lagged) => {
                    Some(Err(Lagged))
                }
                Ok(_) => None,
            };
            future::ready(change)
        });
        Ok(changes.boxed())
    }
}

fn matches(filter: &ListFilter, change: &RowChange) -> bool {
    let RowChange { id, op_type, owner, state } = change;
    filter.owner.as_ref().is_none_or(|it| it == owner)
        && filter.op_type.as_deref().is_none_or(|it| it == &**op_type)
        && (filter.states.is_empty() || filter.states.contains(state))
        && filter.includes_id(*id)
}
