/// Something that is measured, of each server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Figure {
    Deliveries,
    DeliveriesPerCpuSecond,
    LatencyMedian,
    LatencyHigh,
    LatencyMax,
    AcknowledgedPerCpuSecond,
    AcknowledgedLatencyMedian,
    AcknowledgedLatencyHigh,
    AcknowledgedLatencyMax,
    Memory,
    MemoryAfterLongLog,
    ConnectTime,
    ConnectCpu,
    StormMedian,
    StormHigh,
    StormMax,
}

/// What of a figure has to be reached, as a ratio to the bare server's.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Goal {
    AtLeast(f64),
    AtMost(f64),
}

impl Figure {
    pub(crate) const ALL: [Self; 16] = [
        Self::Deliveries,
        Self::DeliveriesPerCpuSecond,
        Self::LatencyMedian,
        Self::LatencyHigh,
        Self::LatencyMax,
        Self::AcknowledgedPerCpuSecond,
        Self::AcknowledgedLatencyMedian,
        Self::AcknowledgedLatencyHigh,
        Self::AcknowledgedLatencyMax,
        Self::Memory,
        Self::MemoryAfterLongLog,
        Self::ConnectTime,
        Self::ConnectCpu,
        Self::StormMedian,
        Self::StormHigh,
        Self::StormMax,
    ];

    /// Its name in a table, with its unit.
    pub(crate) fn title(self) -> &'static str {
        match self {
            Self::Deliveries => "deliveries/s",
            Self::DeliveriesPerCpuSecond => "deliveries per CPU second",
            Self::LatencyMedian => "latency, p50, ms",
            Self::LatencyHigh => "latency, p99, ms",
            Self::LatencyMax => "latency, max, ms",
            Self::AcknowledgedPerCpuSecond => "acknowledged: deliveries per CPU second",
            Self::AcknowledgedLatencyMedian => "acknowledged: latency, p50, ms",
            Self::AcknowledgedLatencyHigh => "acknowledged: latency, p99, ms",
            Self::AcknowledgedLatencyMax => "acknowledged: latency, max, ms",
            Self::Memory => "memory per connection, KiB",
            Self::MemoryAfterLongLog => "the same after a long log, KiB",
            Self::ConnectTime => "all connect: s",
            Self::ConnectCpu => "all connect: CPU ms per connection",
            Self::StormMedian => "all come back: p50, ms",
            Self::StormHigh => "all come back: p99, ms",
            Self::StormMax => "all come back: the last one, ms",
        }
    }

    pub(crate) fn goal(self) -> Option<Goal> {
        match self {
            Self::DeliveriesPerCpuSecond => Some(Goal::AtLeast(0.9)),
            Self::Memory => Some(Goal::AtMost(1.25)),
            Self::StormHigh => Some(Goal::AtMost(3.0)),
            _ => None,
        }
    }
}

impl std::fmt::Display for Goal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::AtLeast(ratio) => write!(f, "≥ {ratio}"),
            Self::AtMost(ratio) => write!(f, "≤ {ratio}"),
        }
    }
}
