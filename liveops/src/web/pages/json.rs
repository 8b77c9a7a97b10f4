//! The JSON representation of an operation.

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::{attempts::PastAttemptJson, linked::ChainJson, staff::StaffJson};
use crate::{
    event::StageState,
    form::EnteredInput,
    operation::{AwaitedVersion, ChannelName, OperationId, OperationKind, OperationState},
    projection::{Attempts, PastAttempt, Projection, StageTiming},
    render::awaited_in_words,
    runner::Engine,
    store::Model,
    token::SubscriptionToken,
    web::{auth::viewer::Viewer, state::Web},
};

/// An operation as JSON.
#[derive(Debug, Serialize)]
pub(crate) struct OperationJson {
    id: OperationId,
    op_type: String,
    description: Option<String>,
    owner: String,
    state: OperationState,
    url: String,
    channel: String,
    created_on: DateTime<Utc>,
    started_on: Option<DateTime<Utc>>,
    finished_on: Option<DateTime<Utc>>,
    percent: Option<f64>,
    status: Option<String>,
    current_stage: Option<&'static str>,
    stages: Vec<StageJson>,
    timings: Vec<TimingJson>,
    result: Option<serde_json::Value>,
    error: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    traceback: Option<String>,
    attempt: u32,
    attempts: AttemptsJson,
    waits: Option<WaitsJson>,
    hand_backs: u32,
    /// The part of the input that the viewer entered. For staff, `staff` has all of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    input: Option<serde_json::Value>,
    /// Left out in lists.
    #[serde(flatten)]
    chain: Option<ChainJson>,
    #[serde(flatten)]
    staff: Option<StaffJson>,
    #[serde(skip_serializing_if = "Option::is_none")]
    token: Option<SubscriptionToken>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cursor: Option<String>,
}

#[derive(Debug, Serialize)]
struct StageJson {
    name: &'static str,
    state: StageState,
    /// Serialized only if `true`: an earlier attempt completed the stage.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    reused: bool,
}

/// The times at which a stage was entered and left, as far as known.
#[derive(Debug, Serialize)]
struct TimingJson {
    stage: &'static str,
    entered_on: Option<DateTime<Utc>>,
    left_on: Option<DateTime<Utc>>,
    seconds: Option<f64>,
}

/// The reason for which a waiting operation does not start.
#[derive(Debug, Serialize)]
struct WaitsJson {
    /// `version`: this process cannot read the input.
    reason: &'static str,
    needs: AwaitedVersion,
    /// The version of the input.
    version: i32,
    /// The reason in the language of the owner.
    message: String,
}

/// The number of the attempt since a user started the operation, and the maximum.
#[derive(Debug, Serialize)]
struct AttemptsJson {
    number: u32,
    max: u32,
    starts_on: Option<DateTime<Utc>>,
    /// The attempts that are over. Left out in lists.
    #[serde(skip_serializing_if = "Option::is_none")]
    history: Option<Vec<PastAttemptJson>>,
}

impl From<Attempts> for AttemptsJson {
    fn from(Attempts { number, max, starts_on, .. }: Attempts) -> Self {
        Self { number, max, starts_on, history: None }
    }
}

impl OperationJson {
    /// Converts the operation of `row` for `viewer`. A run in this process adds its current progress.
    pub(in crate::web) fn new(web: &Web, viewer: &Viewer, row: Model) -> Self {
        let traceback = viewer.traceback_of(&row).map(str::to_owned);
        Self::of(web.engine(), row, traceback)
    }

    /// Converts the operation of `row`, with a traceback that the reader may see.
    pub(crate) fn of(engine: &Engine, row: Model, traceback: Option<String>) -> Self {
        let id = row.operation_id();
        let kind = &engine.presenter.kind_of(&row);
        let projection = engine.projection_of(kind, &row);
        // The row of an ended operation has the percentage of its last moment.
        let percent = match row.state().is_terminal() {
            true => row.percent,
            false => projection.percent(kind.stage_weights),
        };
        Self {
            id,
            state: row.state(),
            url: engine.presenter.page_url(&row),
            channel: ChannelName::operation(id).to_string(),
            created_on: row.created_on,
            started_on: row.started_on,
            finished_on: row.finished_on,
            percent,
            status: projection.status.as_ref().map(|status| status.text.to_string()),
            current_stage: projection
                .active_stage()
                .and_then(|index| kind.stages.get(index).copied()),
            stages: stages(kind, &projection),
            timings: timings(kind, &projection),
            attempt: row.attempt_number().0,
            attempts: row.attempts().into(),
            waits: projection.awaits.map(|awaited| WaitsJson {
                reason: "version",
                needs: awaited,
                version: row.payload_version,
                message: engine.presenter.language(&row).translate(awaited_in_words(awaited)),
            }),
            hand_backs: row.attempts().hand_backs,
            traceback,
            op_type: row.op_type,
            description: row.description,
            owner: row.owner,
            result: row.result_context,
            error: row.error_message,
            input: None,
            chain: None,
            staff: None,
            token: None,
            cursor: None,
        }
    }

    /// Converts the operation of `row`, with all fields.
    #[cfg(feature = "cli")]
    pub(crate) fn whole(
        engine: &Engine,
        row: Model,
        history: Vec<PastAttempt>,
        actions: Vec<crate::operation::PastAction>,
    ) -> Self {
        let (staff, traceback) = (StaffJson::of(&row, actions), row.traceback.clone());
        let chain = ChainJson::of(&row);
        let json = Self::of(engine, row, traceback).for_staff(Some(staff));
        json.with_history(history).with_chain(chain)
    }

    /// Adds the attempts that are over. Their workers are for staff only: call this method after
    /// [`for_staff`](Self::for_staff).
    pub(in crate::web) fn with_history(mut self, history: Vec<PastAttempt>) -> Self {
        let is_staff = self.staff.is_some();
        let history = history.into_iter().map(|past| PastAttemptJson::of(past, is_staff));
        self.attempts.history = Some(history.collect());
        self
    }

    /// Adds the operations before and after this one in its chain.
    pub(in crate::web) fn with_chain(mut self, chain: ChainJson) -> Self {
        self.chain = Some(chain);
        self
    }

    /// Adds the fields that only staff may read.
    pub(in crate::web) fn for_staff(mut self, staff: Option<StaffJson>) -> Self {
        self.staff = staff;
        self
    }

    /// Adds the input that the viewer entered.
    pub(in crate::web) fn with_input(mut self, input: Option<EnteredInput>) -> Self {
        self.input = input.map(EnteredInput::into_json);
        self
    }

    /// Adds the token and the cursor to follow the operation.
    pub(in crate::web) fn connected(
        mut self,
        token: SubscriptionToken,
        cursor: Option<String>,
    ) -> Self {
        self.token = Some(token);
        self.cursor = cursor;
        self
    }
}

fn stages(kind: &OperationKind, projection: &Projection) -> Vec<StageJson> {
    let stages = kind.stages.iter().zip(&projection.stages);
    let stage = |(&name, &state): (&&'static str, &StageState)| StageJson {
        name,
        state: state.plain(),
        reused: state == StageState::Reused,
    };
    stages.map(stage).collect()
}

fn timings(kind: &OperationKind, projection: &Projection) -> Vec<TimingJson> {
    let stages = kind.stages.iter().zip(&projection.stage_timings);
    let timing = |(&stage, timing): (&&'static str, &StageTiming)| TimingJson {
        stage,
        entered_on: timing.entered_on,
        left_on: timing.left_on,
        seconds: timing.took().map(|took| took.as_secs_f64()),
    };
    stages.map(timing).collect()
}
