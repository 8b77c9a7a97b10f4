/// The tests that need one thing of the machine, and cannot run without it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Group {
    PostgreSql,
    Redis,
    Browser,
}

impl Group {
    pub(crate) const ALL: [Self; 3] = [Self::PostgreSql, Self::Redis, Self::Browser];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::PostgreSql => "PostgreSQL",
            Self::Redis => "Redis",
            Self::Browser => "browser",
        }
    }

    /// What brings the group's need to a Debian machine.
    pub(crate) fn debian_packages(self) -> &'static str {
        match self {
            Self::PostgreSql => "postgresql",
            Self::Redis => "redis-server",
            Self::Browser => "chromium chromium-driver",
        }
    }
}
