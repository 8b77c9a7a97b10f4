//! The report of the groups that ran.

use std::fmt;

use crate::{group::Group, service::Service};

/// The service of each group on this machine, for the last lines of the output.
#[derive(Debug)]
pub(crate) struct Report {
    rows: Vec<(Group, Result<Service, String>)>,
}

impl Report {
    /// Finds or starts the service of every group.
    pub(crate) fn prepare() -> Self {
        let rows = Group::ALL.map(|group| (group, Service::for_group(group)));
        Self { rows: rows.into() }
    }

    /// Returns the environment variables that pass the services to the tests.
    pub(crate) fn variables(&self) -> impl Iterator<Item = (&'static str, &str)> {
        let services = self.rows.iter().filter_map(|(_, outcome)| outcome.as_ref().ok());
        services.flat_map(|service| service.variables.iter().map(|(name, value)| (*name, &**value)))
    }

    /// Returns every required group that cannot run, with the reason and the command that installs its
    /// requirements; `None` if all can run.
    pub(crate) fn missing(&self) -> Option<String> {
        let missing: Vec<String> = self
            .rows
            .iter()
            .filter(|(group, _)| group.can_be_required())
            .filter_map(|(group, outcome)| Some(not_run(*group, outcome.as_ref().err()?)))
            .collect();
        (!missing.is_empty()).then(|| missing.join("\n"))
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (group, outcome) in &self.rows {
            match outcome {
                Ok(service) => writeln!(f, "  {} tests: with {}", group.name(), service.note)?,
                Err(reason) => writeln!(f, "{}", not_run(*group, reason))?,
            }
        }
        Ok(())
    }
}

fn not_run(group: Group, reason: &str) -> String {
    format!("  {} tests: DID NOT RUN: {reason}; {}", group.name(), group.cure())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(redis: Result<Service, String>) -> Report {
        let postgres = Service::found("a server", vec![("POSTGRES", "postgres://".into())]);
        Report { rows: vec![(Group::PostgreSql, Ok(postgres)), (Group::Redis, redis)] }
    }

    #[test]
    fn missing_group_is_named_with_its_package() {
        let report = report(Err("redis-server was not found".into()));
        let expected = "  Redis tests: DID NOT RUN: redis-server was not found; on Debian: apt-get install redis-server";
        assert_eq!(report.missing().as_deref(), Some(expected));
        assert_eq!(report.to_string(), format!("  PostgreSQL tests: with a server\n{expected}\n"));
    }

    #[test]
    fn a_group_that_is_never_required_is_reported_and_not_missing() {
        let outcome = Err("no rust-analyzer that works was found".into());
        let report = Report { rows: vec![(Group::RustAnalyzer, outcome)] };
        assert_eq!(report.missing(), None);
        let expected = "  rust-analyzer tests: DID NOT RUN: no rust-analyzer that works was found; with rustup: rustup component add rust-analyzer\n";
        assert_eq!(report.to_string(), expected);
    }

    #[test]
    fn nothing_is_missing_on_a_complete_machine() {
        let report = report(Ok(Service::found("a server", vec![("REDIS", "redis://".into())])));
        assert_eq!(report.missing(), None);
        let variables: Vec<_> = report.variables().collect();
        assert_eq!(variables, [("POSTGRES", "postgres://"), ("REDIS", "redis://")]);
    }
}
