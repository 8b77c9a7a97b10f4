//! The calls of the Lua scripts, and the parsing of their replies.

use std::{sync::LazyLock, time::Duration};

use redis::{FromRedisValue, ParsingError, Script, ScriptInvocation, Value, from_redis_value};

use uuid::Uuid;

use crate::{
    channel::{CatchUp, CatchUpAnswer, CatchUpContent, Cursor, Epoch, OpenedBy, Payload, Signal},
    operation::Attempt,
    projection::{TAIL_BYTES_MAX, TAIL_LEN_MAX},
    render::Fragment,
};

static PUBLISH: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("publish.lua")));
static PING: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("ping.lua")));
static CATCH_UP: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("catch_up.lua")));

/// Time for which Redis keeps the state of an unfinished operation after its last frame. A run notices the
/// missing state and opens the channel again.
const SILENCE_MAX: Duration = Duration::from_secs(24 * 60 * 60);

/// The arguments of one publication.
pub(super) struct PublishCall<'a> {
    pub(super) key: &'a str,
    pub(super) attempt: Attempt,
    /// The caller that begins a history with this payload; `None` continues a history.
    pub(super) opened_by: Option<OpenedBy>,
    pub(super) payload: &'a Payload,
    /// Time for which the state is kept after the end.
    pub(super) retention: Duration,
}

impl PublishCall<'_> {
    pub(super) fn invocation(&self) -> serde_json::Result<ScriptInvocation<'static>> {
        let by = match self.opened_by {
            Some(OpenedBy::Run) => "run",
            Some(OpenedBy::Queue) => "queue",
            None => "frame",
        };
        let mut invocation = PUBLISH.key(self.key);
        invocation
            .arg(by)
            .arg(self.attempt.0)
            .arg(Epoch::begin(self.attempt).to_string())
            .arg(serde_json::to_vec(self.payload)?)
            .arg(millis(SILENCE_MAX))
            .arg(millis(self.retention))
            .arg(TAIL_LEN_MAX)
            .arg(TAIL_BYTES_MAX)
            .arg(Uuid::now_v7().simple().to_string());
        Ok(invocation)
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// The outcome of a publication.
#[derive(Debug)]
pub(super) enum PublishReply {
    Taken(Cursor),
    Stale(Attempt),
    NotOpen,
}

impl FromRedisValue for PublishReply {
    fn from_redis_value(answer: Value) -> Result<Self, ParsingError> {
        let (outcome, epoch_or_attempt, seq): (String, String, u64) = from_redis_value(answer)?;
        match outcome.as_str() {
            "taken" => Ok(Self::Taken(cursor(&epoch_or_attempt, seq)?)),
            "stale" => Ok(Self::Stale(Attempt(parsed(&epoch_or_attempt)?))),
            "not open" => Ok(Self::NotOpen),
            other => Err(format!("expected the outcome of a publication, found `{other}`").into()),
        }
    }
}

/// Returns the call that writes to `key` and publishes `number` to `channel`.
pub(super) fn ping(key: &str, channel: &str, number: u64) -> ScriptInvocation<'static> {
    let mut invocation = PING.key(key);
    invocation.arg(channel).arg(number);
    invocation
}

pub(super) fn catch_up(key: &str, since: Option<Cursor>) -> ScriptInvocation<'static> {
    let epoch = since.map(|since| since.epoch.to_string()).unwrap_or_default();
    let mut invocation = CATCH_UP.key(key);
    invocation.arg(epoch).arg(since.map_or(0, |since| since.seq));
    invocation
}

/// The newest content of a region: its name, its base if the base changed, the number of added items and
/// their HTML.
type RegionRow = (String, Option<String>, u32, String);

/// The reply of the catch-up script. A type of its own keeps the Redis traits off the public [`CatchUp`].
#[derive(Debug)]
pub(super) struct CatchUpReply(pub(super) CatchUp);

impl FromRedisValue for CatchUpReply {
    fn from_redis_value(answer: Value) -> Result<Self, ParsingError> {
        type Answer = (String, u64, bool, String, Vec<RegionRow>, Vec<String>);
        let (epoch, seq, ended, kind, regions, signals): Answer = from_redis_value(answer)?;
        let answer = match kind.as_str() {
            "nothing" => CatchUpAnswer::UpToDate,
            "delta" => CatchUpAnswer::Delta(content(regions, &signals)?),
            "reset" => CatchUpAnswer::Reset(content(regions, &signals)?),
            other => {
                return Err(
                    format!("expected `nothing`, `delta` or `reset`, found `{other}`").into()
                );
            }
        };
        Ok(Self(CatchUp { cursor: cursor(&epoch, seq)?, ended, is_provisional: false, answer }))
    }
}

fn content(regions: Vec<RegionRow>, signals: &[String]) -> Result<CatchUpContent, ParsingError> {
    let mut fragments = Vec::new();
    for (name, base, items, html) in regions {
        let region = parsed::<crate::projection::Region>(&name)?;
        fragments.extend(base.map(|base| Fragment::replace(region.clone(), base)));
        fragments.extend((items > 0).then(|| Fragment::append(region, items, html)));
    }
    let signals = signals.iter().map(|json| signal(json)).collect::<Result<_, _>>()?;
    Ok(CatchUpContent { fragments, signals })
}

fn signal(json: &str) -> Result<Signal, ParsingError> {
    match serde_json::from_str(json) {
        Ok(Payload::Signal(signal)) => Ok(signal),
        Ok(Payload::Fragments(_)) => Err("expected a signal, found fragments".into()),
        Err(error) => Err(format!("expected a signal: {error}").into()),
    }
}

fn cursor(epoch: &str, seq: u64) -> Result<Cursor, ParsingError> {
    parsed(&format!("{epoch}:{seq}"))
}

fn parsed<T: std::str::FromStr<Err: std::fmt::Display>>(text: &str) -> Result<T, ParsingError> {
    text.parse().map_err(|error: T::Err| error.to_string().into())
}
