//! The constants of an operation type, as a value.

use super::{LiveOperation, Policy, RegionName, Stage, Versions};

/// The constants of one [`LiveOperation`] as a value, for code that is not generic over the type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub(crate) struct OperationKind {
    /// The op type: `app.name`.
    pub op_type: &'static str,
    /// The name of the operation that users see.
    pub title: &'static str,
    /// The labels of the stages, in order.
    pub stages: &'static [&'static str],
    /// The weights of the stages, in the same order. Empty if all weights are equal.
    pub stage_weights: &'static [u32],
    /// The name of the page's template.
    pub host_template: &'static str,
    /// The name of the result's HTML template.
    pub result_template: &'static str,
    /// The name of the result's text template.
    pub result_text_template: &'static str,
    /// The queue, the attempts and the time limits.
    pub policy: Policy,
    /// The versions of the input that the type can read.
    pub versions: Versions,
}

impl OperationKind {
    /// The kind of an operation whose type is not registered, or no longer registered.
    pub(crate) const UNREGISTERED: Self = Self {
        op_type: "unregistered",
        title: "",
        stages: &[],
        stage_weights: &[],
        host_template: "",
        result_template: "",
        result_text_template: "",
        policy: Policy::DEFAULT,
        versions: Versions::only(Policy::DEFAULT.version),
    };

    /// Returns the kind of an operation with a type that is not registered. The op type is also its title.
    pub(crate) const fn unregistered(op_type: &'static str) -> Self {
        Self { op_type, title: op_type, ..Self::UNREGISTERED }
    }

    /// Returns `true` for a kind of [`unregistered`](Self::unregistered), whose stages are unknown.
    pub(crate) const fn is_unregistered(&self) -> bool {
        self.host_template.is_empty() && self.stages.is_empty()
    }

    /// Returns the kind of the operations of type `Op`.
    pub(crate) const fn of<Op: LiveOperation>() -> Self {
        Self {
            op_type: Op::OP_TYPE,
            title: Op::TITLE,
            stages: Op::STAGES,
            stage_weights: <Op::Stage as Stage>::WEIGHTS,
            host_template: Op::HOST_TEMPLATE,
            result_template: Op::RESULT_TEMPLATE,
            result_text_template: Op::RESULT_TEXT_TEMPLATE,
            policy: Op::POLICY,
            versions: Versions::with_earlier(Op::POLICY.version, &Op::EARLIER),
        }
    }

    /// Returns a kind without a type.
    #[cfg(test)]
    pub(crate) const fn for_tests(
        op_type: &'static str,
        title: &'static str,
        stages: &'static [&'static str],
    ) -> Self {
        Self { op_type, title, stages, ..Self::UNREGISTERED }
    }

    /// Returns the name of the template of one custom region, as [`LiveOperation::fragment_template`] does.
    pub(crate) fn fragment_template(&self, fragment: &str) -> String {
        format!("{}{fragment}.html", self.fragment_prefix())
    }

    /// Returns `true` if `template` is the name of the template of a custom region.
    pub(crate) fn has_fragment(&self, template: &str) -> bool {
        let fragment = template.strip_prefix(&self.fragment_prefix());
        let fragment = fragment.and_then(|fragment| fragment.strip_suffix(".html"));
        fragment.is_some_and(|fragment| fragment.parse::<RegionName>().is_ok())
    }

    fn fragment_prefix(&self) -> String {
        format!("{}_", self.op_type.replacen('.', "/", 1))
    }
}
