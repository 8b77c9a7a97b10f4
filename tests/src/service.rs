//! The programs and servers that the groups of tests need.

use std::{any::Any, fmt};

use crate::{
    browser, fake_time, group::Group, nginx, node, pgbouncer, postgres, redis, reference_client,
    rust_analyzer,
};

/// The program or server of one group, ready for use; stopped and cleaned up when dropped.
pub(crate) struct Service {
    /// The description in the report.
    pub(crate) note: String,
    /// The environment variables that pass the service to the tests.
    pub(crate) variables: Vec<(&'static str, String)>,
    /// The running process.
    _process: Option<Box<dyn Any>>,
}

impl Service {
    /// Creates a service that runs as long as `process`.
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

    /// Creates a service that this program did not start.
    pub(crate) fn found(note: impl Into<String>, variables: Vec<(&'static str, String)>) -> Self {
        Self { note: note.into(), variables, _process: None }
    }

    /// Finds or starts the service of the group, or returns the reason why it is missing.
    pub(crate) fn for_group(group: Group) -> Result<Self, String> {
        match group {
            Group::PostgreSql => postgres::start(),
            Group::Redis => redis::start(),
            Group::Browser => browser::find(),
            Group::Nginx => nginx::find(),
            Group::PgBouncer => pgbouncer::find(),
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
