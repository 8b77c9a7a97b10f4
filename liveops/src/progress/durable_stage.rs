//! The conversion of a durable stage's output to and from its saved JSON, and the errors of this conversion.
//!
//! The first attempt continues with the output as read back from JSON. A value that does not survive
//! serialization is therefore detected in the first attempt, and all attempts use equal values.

use std::{any::type_name, fmt};

use super::StageOutputs;
use crate::{
    error::{RunError, RunResult},
    operation::Storable,
};

/// Maximum size of the output of a durable stage: 4 MiB of JSON.
const OUTPUT_BYTES_MAX: usize = 4 << 20;

/// Maximum length of a saved output in an error message, in characters.
const SHOWN_CHARS_MAX: usize = 200;

/// A durable stage that the run has entered. Converts outputs to and from their saved form.
pub(super) struct DurableStage<'a> {
    name: StageName,
    outputs: &'a StageOutputs,
}

/// The name of a stage in error messages.
#[derive(Debug, Clone, Copy)]
struct StageName {
    op_type: &'static str,
    label: &'static str,
}

impl<'a> DurableStage<'a> {
    pub(super) fn enter(
        outputs: &'a StageOutputs,
        op_type: &'static str,
        label: &'static str,
    ) -> RunResult<Self> {
        let name = StageName { op_type, label };
        if outputs.enter(label) {
            Ok(Self { name, outputs })
        } else {
            Err(DurableStageError::Again(name).into_final())
        }
    }

    /// Returns the output that an earlier run saved.
    pub(super) async fn earlier<T: Storable>(&self) -> RunResult<Option<T>> {
        let Some(json) = self.outputs.earlier(self.name.label).await else { return Ok(None) };
        match serde_json::from_str(json) {
            Ok(output) => Ok(Some(output)),
            Err(source) => Err(DurableStageError::Changed {
                stage: self.name,
                expected: type_name::<T>(),
                found: shortened(json),
                source,
            }
            .into_final()),
        }
    }

    /// Saves an output and returns the output as a later attempt will read it.
    pub(super) async fn save<T: Storable>(&self, output: T) -> RunResult<T> {
        let (json, output) = self.to_json(output).map_err(DurableStageError::into_final)?;
        if self.outputs.save(self.name.label, json).await {
            Ok(output)
        } else {
            Err(DurableStageError::Refused(self.name).into_final())
        }
    }

    fn to_json<T: Storable>(&self, output: T) -> Result<(String, T), DurableStageError> {
        let stage = self.name;
        let json = serde_json::to_string(&output)
            .map_err(|source| DurableStageError::NotSerialized { stage, source })?;
        if json.len() > OUTPUT_BYTES_MAX {
            return Err(DurableStageError::TooLarge { stage, found: json.len() });
        }
        let expected = type_name::<T>();
        let found = || shortened(&json);
        let output = serde_json::from_str(&json).map_err(|source| {
            DurableStageError::NotReadBack { stage, expected, found: found(), source }
        })?;
        Ok((json, output))
    }
}

impl fmt::Display for StageName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the durable stage `{}` of `{}`", self.label, self.op_type)
    }
}

/// An error of a durable stage whose work did not fail.
#[derive(Debug, thiserror::Error)]
enum DurableStageError {
    #[error(
        "expected {0} to be entered once in a run, found a second entry: \
         use `stage` for a stage that repeats"
    )]
    Again(StageName),
    #[error("the output of {stage} does not serialize")]
    NotSerialized { stage: StageName, source: serde_json::Error },
    #[error(
        "expected the output of {stage} to be at most {OUTPUT_BYTES_MAX} bytes of JSON, found \
         {found}: store larger data in a file or a table and return its name"
    )]
    TooLarge { stage: StageName, found: usize },
    #[error("expected the output of {stage} to deserialize to `{expected}`, found {found}")]
    NotReadBack {
        stage: StageName,
        expected: &'static str,
        found: String,
        source: serde_json::Error,
    },
    #[error(
        "expected the output of {stage} from an earlier attempt to be `{expected}`, found {found}: let \
         the type read this form too, give the stage another label so that it runs again, or \
         enqueue a new operation"
    )]
    Changed { stage: StageName, expected: &'static str, found: String, source: serde_json::Error },
    #[error("the output of {0} was not saved: another attempt has taken over the operation")]
    Refused(StageName),
}

impl DurableStageError {
    /// Converts to an error without a next attempt: another attempt would repeat a long stage and fail the
    /// same way.
    fn into_final(self) -> RunError {
        RunError::from(self).without_next_attempt()
    }
}

/// The beginning of a text, or the whole text if it is short.
fn shortened(text: &str) -> String {
    match text.char_indices().nth(SHOWN_CHARS_MAX) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}
