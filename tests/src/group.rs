//! The groups of tests that need a program or a server.

/// The tests that need the same program or server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Group {
    PostgreSql,
    Redis,
    Browser,
    Nginx,
    PgBouncer,
    Node,
    ReferenceClient,
    FakeTime,
    RustAnalyzer,
}

impl Group {
    pub(crate) const ALL: [Self; 9] = [
        Self::PostgreSql,
        Self::Redis,
        Self::Browser,
        Self::Nginx,
        Self::PgBouncer,
        Self::Node,
        Self::ReferenceClient,
        Self::FakeTime,
        Self::RustAnalyzer,
    ];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::PostgreSql => "PostgreSQL",
            Self::Redis => "Redis",
            Self::Browser => "browser",
            Self::Nginx => "nginx",
            Self::PgBouncer => "PgBouncer",
            Self::Node => "node",
            Self::ReferenceClient => "reference client",
            Self::FakeTime => "fake time",
            Self::RustAnalyzer => "rust-analyzer",
        }
    }

    /// Returns `true` if `--require-all` requires the group. No Debian package contains rust-analyzer.
    pub(crate) fn can_be_required(self) -> bool {
        self != Self::RustAnalyzer
    }

    /// Returns the command that installs the requirements of the group.
    pub(crate) fn cure(self) -> &'static str {
        match self {
            Self::PostgreSql => "on Debian: apt-get install postgresql",
            Self::Redis => "on Debian: apt-get install redis-server",
            Self::Browser => "on Debian: apt-get install chromium chromium-driver",
            Self::Nginx => "on Debian: apt-get install nginx-light",
            Self::PgBouncer => "on Debian: apt-get install pgbouncer",
            Self::Node => "on Debian: apt-get install nodejs npm",
            Self::ReferenceClient => {
                "on Debian: apt-get install python3 python3-pip, and a network the first time"
            }
            Self::FakeTime => "on Debian: apt-get install faketime",
            Self::RustAnalyzer => "with rustup: rustup component add rust-analyzer",
        }
    }
}
