//! Everything that happened in one test, in the order in which it happened.

use std::{collections::HashSet, fmt, str::FromStr, time::Duration};

use liveops::{OperationId, OperationState};
use serde::{Deserialize, Serialize};

/// What a test knows when it is over.
#[derive(Debug, Default)]
pub(crate) struct History {
    /// The operations of which enqueueing said that they will run.
    pub(crate) enqueued: Vec<OperationId>,
    /// What the database accepted.
    pub(crate) writes: Vec<Write>,
    /// What was run, published and done to the workers.
    pub(crate) events: Vec<Event>,
    /// The attempts that the database keeps.
    pub(crate) attempts: Vec<PastAttempt>,
    /// The operations of which a cancellation was accepted.
    pub(crate) cancelled: Vec<OperationId>,
    /// The actions that the database keeps, with their kinds.
    pub(crate) actions: Vec<(OperationId, String)>,
    /// The log lines that the database keeps, in the order of their operations and numbers.
    pub(crate) log: Vec<LoggedLine>,
    /// How long before a fault a line is logged for certain to be kept. `None` if the database may refuse lines.
    pub(crate) kept_after: Option<Duration>,
}

/// A line of an operation's log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct LoggedLine {
    pub(crate) id: OperationId,
    /// Its number in the log of the operation.
    pub(crate) number: i64,
    /// Who logged it after which step; `None` for lines of liveops itself.
    pub(crate) step: Option<(Author, u32)>,
}

/// An attempt that is over, as its row says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PastAttempt {
    pub(crate) id: OperationId,
    pub(crate) by: Author,
    pub(crate) outcome: String,
}

/// An insert or an update of one operation's row.
#[derive(Debug, Clone)]
pub(crate) struct Write {
    pub(crate) id: OperationId,
    pub(crate) before: Option<Row>,
    pub(crate) after: Row,
}

/// What the checker looks at of a row.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Row {
    pub(crate) state: OperationState,
    pub(crate) attempt: u32,
    /// The attempts that do not count.
    pub(crate) attempts_before: u32,
    pub(crate) max_attempts: u32,
    pub(crate) rescues: u32,
    pub(crate) hand_backs: u32,
    /// The process that runs it, or ran it last.
    pub(crate) worker: Option<u32>,
    /// Who wrote the status line.
    pub(crate) status: Option<Author>,
    /// Who wrote the output.
    pub(crate) output: Option<Author>,
}

/// One line of the journal.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) enum Event {
    Began(OperationId, Author),
    /// The step with this number, from 0, was logged and made at this time, in milliseconds.
    Stepped(OperationId, Author, u32, i64),
    Ended(OperationId, Author, Outcome),
    /// The channel layer accepted a frame.
    Published(OperationId, Author, Published),
    /// The channel layer refused a frame.
    Refused(OperationId, Author),
    /// The hook of the operation's type was called.
    Hooked(OperationId, HookCall),
    /// A process was paused; nothing it did since was said by a healthy one.
    Stopped(u32),
    Continued(u32),
    /// A process was asked to hand its work back and go.
    Terminated(u32),
    /// A process was killed, and is gone.
    Killed(u32),
}

/// A call of the hook, as it says itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct HookCall {
    pub(crate) pid: u32,
    pub(crate) key: String,
    pub(crate) state: OperationState,
    /// Whether the row had this end at the time of the call.
    pub(crate) is_committed: bool,
}

/// How one execution ended, as it says itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Outcome {
    Done,
    /// It was stopped before its end.
    Dropped,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Published {
    Opening,
    Fragments,
    Finished(OperationState),
    OtherSignal,
}

/// Who says something: which attempt, in which process. Everything a run writes begins with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(crate) struct Author {
    pub(crate) attempt: u32,
    pub(crate) pid: u32,
}

impl fmt::Display for Author {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{}", self.attempt, self.pid)
    }
}

impl FromStr for Author {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let word = text.split_whitespace().next().unwrap_or_default();
        let parts = word.split_once('@').and_then(|(attempt, pid)| {
            Some(Self { attempt: attempt.parse().ok()?, pid: pid.parse().ok()? })
        });
        parts.ok_or_else(|| format!("expected `attempt@pid`, found `{text}`"))
    }
}

impl Event {
    /// Which operation it is about; `None` for what happens to a worker.
    pub(crate) fn operation(&self) -> Option<OperationId> {
        match self {
            Self::Began(id, _)
            | Self::Stepped(id, ..)
            | Self::Ended(id, ..)
            | Self::Published(id, ..)
            | Self::Refused(id, _)
            | Self::Hooked(id, _) => Some(*id),
            Self::Stopped(_) | Self::Continued(_) | Self::Terminated(_) | Self::Killed(_) => None,
        }
    }
}

impl Write {
    /// Somebody took the operation and runs it.
    pub(crate) fn is_claim(&self) -> bool {
        self.went(OperationState::NotStarted, OperationState::Started)
    }

    /// The operation waits again.
    pub(crate) fn is_requeue(&self) -> bool {
        self.went(OperationState::Started, OperationState::NotStarted)
    }

    /// Its worker gave it back.
    pub(crate) fn is_hand_back(&self) -> bool {
        let spent = |row: &Row| row.attempt - row.attempts_before;
        let spent_before = self.before.as_ref().map(spent);
        self.is_requeue() && spent_before == Some(spent(&self.after))
    }

    /// Its worker was counted as lost, whether or not another attempt follows.
    pub(crate) fn is_rescue(&self) -> bool {
        self.before.as_ref().is_some_and(|before| before.rescues < self.after.rescues)
    }

    pub(crate) fn is_end(&self) -> bool {
        self.after.state.is_terminal()
    }

    /// The key of the end that this wrote.
    pub(crate) fn key_of_end(&self) -> Option<String> {
        self.is_end().then(|| format!("{}-{}", self.id, self.after.attempt))
    }

    /// The attempt that this ended, if it ended one. A claim that is put back before its run begins is none.
    pub(crate) fn ended_attempt(&self) -> Option<PastAttempt> {
        let by = self.author_before()?;
        let hand_backs = self.before.as_ref().map(|before| before.hand_backs);
        let outcome = match self.after.state {
            _ if self.is_rescue() => "lost",
            OperationState::FinishedOk => "finished",
            OperationState::FinishedError => "failed",
            OperationState::Cancelled => "cancelled",
            OperationState::NotStarted if hand_backs < Some(self.after.hand_backs) => "handed_back",
            OperationState::NotStarted if self.is_hand_back() => return None,
            OperationState::NotStarted => "failed",
            OperationState::Started => return None,
        };
        Some(PastAttempt { id: self.id, by, outcome: outcome.to_owned() })
    }

    /// Who ran it before this was written, if anybody did.
    pub(crate) fn author_before(&self) -> Option<Author> {
        let before = self.before.as_ref().filter(|row| row.state == OperationState::Started)?;
        Some(Author { attempt: before.attempt, pid: before.worker? })
    }

    fn went(&self, from: OperationState, to: OperationState) -> bool {
        self.before.as_ref().is_some_and(|row| row.state == from) && self.after.state == to
    }
}

impl History {
    pub(crate) fn kills(&self) -> usize {
        self.events.iter().filter(|event| matches!(event, Event::Killed(_))).count()
    }

    pub(crate) fn hook_calls(&self) -> usize {
        self.events.iter().filter(|event| matches!(event, Event::Hooked(..))).count()
    }

    /// How many lines of runs are kept whose workers were killed.
    pub(crate) fn kept_of_killed(&self) -> usize {
        let mut kept: Vec<_> = self.log.iter().filter_map(|line| line.step).collect();
        kept.retain(|(by, _)| self.events.contains(&Event::Killed(by.pid)));
        kept.len()
    }

    pub(crate) fn rescues(&self) -> usize {
        self.writes.iter().filter(|write| write.is_rescue()).count()
    }

    pub(crate) fn hand_backs(&self) -> usize {
        self.writes.iter().filter(|write| write.is_hand_back()).count()
    }

    /// How many operations ended in this state.
    pub(crate) fn ended_as(&self, state: OperationState) -> usize {
        self.writes.iter().filter(|write| write.after.state == state).count()
    }
}

/// The figures of a test.
impl fmt::Display for History {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let attempts = self.writes.iter().filter(|write| write.is_claim()).count();
        let events = |is: fn(&Event) -> bool| self.events.iter().filter(|event| is(event)).count();
        let ended: HashSet<_> =
            self.writes.iter().filter(|write| write.is_end()).map(|write| write.id).collect();
        let losses = self.enqueued.iter().filter(|id| !ended.contains(id)).count();
        write!(
            f,
            "{} runs, {} kills, {} stops, {} terminations, {} rescues, {} hand-backs, {} attempts, \
             {} writes, {} frames, {} frames refused, {} hook calls, {losses} losses",
            self.enqueued.len(),
            self.kills(),
            events(|event| matches!(event, Event::Stopped(_))),
            events(|event| matches!(event, Event::Terminated(_))),
            self.rescues(),
            self.hand_backs(),
            attempts,
            self.writes.len(),
            events(|event| matches!(event, Event::Published(..))),
            events(|event| matches!(event, Event::Refused(..))),
            self.hook_calls(),
        )
    }
}
