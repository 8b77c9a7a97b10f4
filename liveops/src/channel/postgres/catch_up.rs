//! The query behind a catch-up and a ping. Reads only.

use std::error::Error as StdError;

use sea_orm::sqlx::{self, Row, postgres::PgRow};
use uuid::Uuid;

use super::{database::Database, publish::attempt_of};
use crate::{
    channel::{CatchUp, CatchUpAnswer, CatchUpContent, ChannelError, Cursor, Epoch, Signal},
    operation::ChannelName,
    projection::Region,
    render::Fragment,
};

const CATCH_UP: &str = "catch up";

/// A single statement, so that all tables are read in one consistent state. It returns one row per region,
/// or one row without a region if the channel has none. `since` is the client's sequence number if the
/// retained state covers it, otherwise `NULL`.
///
/// The scan of a region's additions starts at its first live addition, so that the scan skips dead index
/// entries.
const STATEMENT: &str = "\
    WITH channel AS MATERIALIZED (
        SELECT attempt, nonce, seq, ended, CASE
            WHEN attempt = $2 AND nonce = $3 AND seq >= $4 AND $4 >= 1 AND $4 >= ALL (
                SELECT dropped_seq FROM liveops_channel_region WHERE history = nonce
            ) THEN $4
        END AS since
        FROM liveops_channel WHERE name = $1
    )
    SELECT channel.attempt, channel.nonce, channel.seq, channel.ended, channel.since,
        given.signals, region.region,
        CASE WHEN region.base_seq > coalesce(channel.since, 0) THEN region.base END AS base,
        added.items, added.html
    FROM channel
    CROSS JOIN LATERAL (
        SELECT array_agg(signal.signal ORDER BY signal.seq) AS signals
        FROM liveops_channel_signal AS signal
        WHERE signal.history = channel.nonce AND signal.seq > coalesce(channel.since, 0)
    ) AS given
    LEFT JOIN liveops_channel_region AS region ON region.history = channel.nonce
    LEFT JOIN LATERAL (
        SELECT sum(items)::bigint AS items, string_agg(html, ''::bytea ORDER BY seq, part) AS html
        FROM liveops_channel_addition AS addition
        WHERE addition.history = channel.nonce AND addition.region = region.region
            AND addition.seq >= greatest(region.dropped_seq, region.base_seq, channel.since + 1)
    ) AS added ON true";

impl Database {
    pub(super) async fn catch_up(
        &self,
        channel: &ChannelName,
        since: Option<Cursor>,
    ) -> Result<Option<CatchUp>, ChannelError> {
        // A sequence number outside the range of `bigint` was never assigned.
        let seq = since.and_then(|since| i64::try_from(since.seq).ok());
        let query = sqlx::query(STATEMENT)
            .bind(channel.as_str())
            .bind(since.map(|since| i64::from(since.epoch.attempt.0)))
            .bind(since.map(|since| Uuid::from_u128(since.epoch.nonce)))
            .bind(seq);
        let rows = self.rows(CATCH_UP, query).await?;
        read(&rows).map_err(|error| ChannelError::new(CATCH_UP, error))
    }

    /// Reads a channel that does not exist, over the connections that publish and catch up.
    pub(super) async fn ping(&self) -> Result<(), ChannelError> {
        let query = sqlx::query("SELECT FROM liveops_channel WHERE name = ''");
        self.rows("answer", query).await.map(drop)
    }
}

fn read(rows: &[PgRow]) -> Result<Option<CatchUp>, sqlx::Error> {
    let Some(first) = rows.first() else { return Ok(None) };
    let epoch = Epoch {
        attempt: attempt_of(first.try_get("attempt")?),
        nonce: first.try_get::<Uuid, _>("nonce")?.as_u128(),
    };
    let cursor = Cursor { epoch, seq: first.try_get::<i64, _>("seq")?.unsigned_abs() };
    let since: Option<i64> = first.try_get("since")?;
    let answer = match since.map(i64::unsigned_abs) {
        Some(since) if since == cursor.seq => CatchUpAnswer::UpToDate,
        Some(_) => CatchUpAnswer::Delta(content(first, rows)?),
        None => CatchUpAnswer::Reset(content(first, rows)?),
    };
    let ended = first.try_get("ended")?;
    Ok(Some(CatchUp { cursor, ended, is_provisional: false, answer }))
}

fn content(first: &PgRow, rows: &[PgRow]) -> Result<CatchUpContent, sqlx::Error> {
    let signals: Option<Vec<String>> = first.try_get("signals")?;
    let signals = signals.unwrap_or_default();
    let signals: Result<Vec<Signal>, _> =
        signals.iter().map(|signal| serde_json::from_str(signal).map_err(undecodable)).collect();
    let mut fragments = Vec::new();
    for row in rows {
        let Some(region) = row.try_get::<Option<&str>, _>("region")? else { continue };
        let region: Region = region.parse().map_err(undecodable)?;
        if let Some(base) = html(row, "base")? {
            fragments.push(Fragment::replace(region.clone(), base));
        }
        let items = row.try_get::<Option<i64>, _>("items")?.unwrap_or(0);
        if items > 0 {
            let items = u32::try_from(items).unwrap_or(u32::MAX);
            let html = html(row, "html")?.unwrap_or_default();
            fragments.push(Fragment::append(region, items, html));
        }
    }
    // In page order. The sort is stable, so additions stay behind the base of their region.
    fragments.sort_by(|one, other| one.region.cmp(&other.region));
    Ok(CatchUpContent { fragments, signals: signals? })
}

fn html<'r>(row: &'r PgRow, column: &str) -> Result<Option<&'r str>, sqlx::Error> {
    let bytes: Option<&[u8]> = row.try_get(column)?;
    bytes.map(std::str::from_utf8).transpose().map_err(undecodable)
}

fn undecodable(error: impl StdError + Send + Sync + 'static) -> sqlx::Error {
    sqlx::Error::Decode(error.into())
}
