use std::{any::Any, fmt};

use crate::{
    browser, fake_time, group::Group, nginx, node, postgres, redis, reference_client, rust_analyzer,
};

/// What one group needs, ready to be used; stopped and cleaned up when dropped.
pub(crate) struct Service {
    /// One phrase for the report: what it is and where it comes from.
    pub(crate) note: String,
    /// The environment variables that tell the tests where it is.
    pub(crate) variables: Vec<(&'static str, String)>,
    /// Holds the running process; nothing else needs to know of which kind it is.
    _process: Option<Box<dyn Any>>,
}

impl Service {
    /// A service that lives as long as `process`.
    pub(crate) fn started(
        note: impl Into<String>,
        variable: &'static str,
        value: String,
        process: impl Any,
    ) -> Self {
        Self {
            note: note.into(),
            variables: vec![(variable, value)],
            _process: Some(Box::new(process)),
        }
    }

    /// A service that is there without this program's doing.
    pub(crate) fn found(note: impl Into<String>, variables: Vec<(&'static str, String)>) -> Self {
        Self { note: note.into(), variables, _process: None }
    }

    /// Finds or starts what the group needs, or says why that is not possible.
    pub(crate) fn for_group(group: Group) -> Result<Self, String> {
        match group {
            Group::PostgreSql => postgres::start(),
            Group::Redis => redis::start(),
            Group::Browser => browser::find(),
            Group::Nginx => nginx::find(),
            Group::Node => node::prepare(),
            Group::ReferenceClient => reference_client::install(),
            Group::FakeTime => fake_time::find(),
            Group::RustAnalyzer => rust_analyzer::find(),
        }
    }
}

impl fmt::Debug for Service {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Service")
            .field("note", &self.note)
            .field("variables", &self.variables)
            .finish_non_exhaustive()
    }
}
