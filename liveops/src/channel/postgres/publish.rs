//! The calls of the SQL functions that open, publish and announce.

use std::time::Duration;

use sea_orm::sqlx::{self, Row, postgres::types::PgInterval};
use uuid::Uuid;

use super::{
    database::Database,
    expiry_sweeper::SILENCE_MAX,
    fragment_columns::FragmentColumns,
    notification::{notifications_of, parts_of},
};
use crate::{
    channel::{
        CENTURY, ChannelError, Cursor, Epoch, Notice, OpenedBy, Payload, PublishError, Signal,
    },
    operation::{Attempt, ChannelName},
    projection::{TAIL_BYTES_MAX, TAIL_LEN_MAX},
    render::Fragment,
};

const OPEN: &str = "open a channel";
const PUBLISH: &str = "publish a frame";
const ANNOUNCE: &str = "announce a notice";

impl Database {
    pub(super) async fn open(
        &self,
        channel: &ChannelName,
        attempt: Attempt,
        opened_by: OpenedBy,
        snapshot: Vec<Fragment>,
    ) -> Result<Cursor, PublishError> {
        let epoch = Epoch::begin(attempt);
        let payload = Payload::Fragments(snapshot);
        let contents = contents_of(&payload);
        let query = sqlx::query(
            "SELECT liveops_channel_open($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)",
        )
        .bind(channel.as_str())
        .bind(self.listened_name(channel).await?)
        .bind(i64::from(attempt.0))
        .bind(Uuid::from_u128(epoch.nonce))
        .bind(opened_by == OpenedBy::Run)
        .bind(contents.regions)
        .bind(contents.items)
        .bind(contents.htmls)
        .bind(parts_of(OPEN, &payload)?)
        .bind(TAIL_LEN_MAX as i64)
        .bind(TAIL_BYTES_MAX as i64)
        .bind(interval(SILENCE_MAX));
        let rows = self.rows(OPEN, query).await?;
        let held = rows.first().map(|row| row.try_get(0)).transpose().map_err(misread(OPEN))?;
        match held.flatten() {
            Some(attempt) => Err(PublishError::Stale { current: attempt_of(attempt) }),
            None => Ok(Cursor { epoch, seq: 1 }),
        }
    }

    pub(super) async fn publish(
        &self,
        channel: &ChannelName,
        attempt: Attempt,
        payload: Payload,
        retention: Duration,
    ) -> Result<Cursor, PublishError> {
        let contents = contents_of(&payload);
        let signal = match &payload {
            Payload::Fragments(_) => None,
            Payload::Signal(signal) => Some(signal),
        };
        let ends = matches!(signal, Some(Signal::Finished(_)));
        let signal = signal.map(serde_json::to_string).transpose();
        let query = sqlx::query(
            "SELECT held, nonce, seq \
             FROM liveops_channel_publish($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
        )
        .bind(channel.as_str())
        .bind(self.listened_name(channel).await?)
        .bind(i64::from(attempt.0))
        .bind(contents.regions)
        .bind(contents.items)
        .bind(contents.htmls)
        .bind(signal.map_err(|error| ChannelError::new(PUBLISH, error))?)
        .bind(ends.then(|| interval(retention)))
        .bind(parts_of(PUBLISH, &payload)?)
        .bind(TAIL_LEN_MAX as i64)
        .bind(TAIL_BYTES_MAX as i64);
        let rows = self.rows(PUBLISH, query).await?;
        let row = rows.first().ok_or(PublishError::NotOpen)?;
        let held: Option<i64> = row.try_get(0).map_err(misread(PUBLISH))?;
        let nonce: Option<Uuid> = row.try_get(1).map_err(misread(PUBLISH))?;
        let seq: Option<i64> = row.try_get(2).map_err(misread(PUBLISH))?;
        match (held.map(attempt_of), nonce, seq) {
            (Some(_), Some(nonce), Some(seq)) => Ok(Cursor {
                epoch: Epoch { attempt, nonce: nonce.as_u128() },
                seq: seq.unsigned_abs(),
            }),
            (Some(current), ..) if current > attempt => Err(PublishError::Stale { current }),
            _ => Err(PublishError::NotOpen),
        }
    }

    pub(super) async fn announce(
        &self,
        channel: &ChannelName,
        notice: &Notice,
    ) -> Result<(), ChannelError> {
        let query = sqlx::query("SELECT pg_notify($1, part) FROM unnest($2) AS part")
            .bind(self.listened_name(channel).await?)
            .bind(notifications_of(ANNOUNCE, notice)?);
        self.rows(ANNOUNCE, query).await.map(drop)
    }
}

fn contents_of(payload: &Payload) -> FragmentColumns<'_> {
    match payload {
        Payload::Fragments(fragments) => FragmentColumns::of(fragments),
        Payload::Signal(_) => FragmentColumns::default(),
    }
}

pub(super) fn interval(duration: Duration) -> PgInterval {
    let microseconds = duration.min(CENTURY).as_micros() as i64;
    PgInterval { months: 0, days: 0, microseconds }
}

/// Converts a stored attempt number.
pub(super) fn attempt_of(number: i64) -> Attempt {
    Attempt(u32::try_from(number).unwrap_or(u32::MAX))
}

pub(super) fn misread(action: &'static str) -> impl Fn(sqlx::Error) -> ChannelError {
    move |error| ChannelError::new(action, error)
}
