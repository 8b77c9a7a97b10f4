//! The decisions about access. Only this module calls the policy.

use std::sync::Arc;

use super::{AccessPolicy, AccessedOperation, OwnerPolicy, Viewer};
use crate::{channel::RowProgress, operation::ChannelName};

/// The decisions about access of one application. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Access(Arc<dyn AccessPolicy>);

impl Default for Access {
    fn default() -> Self {
        Self::new(OwnerPolicy)
    }
}

impl Access {
    pub(crate) fn new(policy: impl AccessPolicy) -> Self {
        Self(Arc::new(policy))
    }

    /// Returns `true` if `viewer` may create operations of this public type.
    pub(crate) fn may_create(&self, viewer: &Viewer, op_type: &str) -> bool {
        self.0.may_create(viewer, op_type)
    }

    /// Returns `true` if `viewer` may see the operation.
    pub(crate) fn may_see<'a>(
        &self,
        viewer: &Viewer,
        operation: impl Into<AccessedOperation<'a>>,
    ) -> bool {
        self.0.may_see(viewer, &operation.into())
    }

    /// Returns `true` if `viewer` may see, cancel and retry the operation.
    pub(crate) fn may_act<'a>(
        &self,
        viewer: &Viewer,
        operation: impl Into<AccessedOperation<'a>>,
    ) -> bool {
        let operation = operation.into();
        self.0.may_see(viewer, &operation) && self.0.may_act(viewer, &operation)
    }

    /// Returns `true` if `viewer` may see this progress of an operation in the list of `channel`.
    pub(crate) fn may_see_progress(
        &self,
        viewer: &Viewer,
        channel: &ChannelName,
        progress: &RowProgress,
    ) -> bool {
        let owner = match &progress.owner {
            Some(owner) => owner.as_str(),
            // A message of an earlier version names the owner only in the channel.
            None => channel.list_owner().unwrap_or_default(),
        };
        self.may_see(viewer, AccessedOperation::new(progress.id, &progress.op_type, owner))
    }

    /// Returns `true` if `viewer` may follow the list of this channel: the viewer's own list, or any list for
    /// staff.
    pub(crate) fn may_follow_list(&self, viewer: &Viewer, channel: &ChannelName) -> bool {
        viewer.is_staff || *channel == ChannelName::owner(&viewer.id)
    }
}
