//! The access policy of an application.

use std::fmt;

use super::Viewer;
use crate::{operation::OperationId, store::Model};

/// The rules for access to operations. [`Builder::access_policy`](crate::runner::Builder::access_policy) sets
/// the policy of an application. Without one, the defaults of the methods apply: every viewer may create, and the
/// owner and staff may see, cancel and retry an operation.
///
/// Every route, list, subscription and live update asks the policy, after `Config::required_group` and the staff flag
/// have admitted the viewer. A policy can restrict the routes of staff, but not open them: a viewer who is not staff
/// gets no staff section, no traceback and no bulk action.
///
/// The methods run in requests and for each message of a list, so they must return at once. Keep memberships in memory,
/// or let the extractor of the application put them into [`Viewer::groups`]. liveops asks the policy again at every
/// keepalive of an open connection, so a revoked permission ends the connection within
/// [`Config::keepalive`](crate::Config::keepalive).
///
/// A policy for teams: the members of a team see each other's operations, but change only their own, and
/// only members of the group `billing` create invoices.
///
/// ```
/// use std::collections::HashMap;
///
/// use liveops::{
///     LiveOps, Viewer,
///     access::{AccessPolicy, AccessedOperation},
///     store,
/// };
///
/// /// The team of each user.
/// #[derive(Debug)]
/// struct Teams(HashMap<String, String>);
///
/// impl AccessPolicy for Teams {
///     fn may_create(&self, viewer: &Viewer, op_type: &str) -> bool {
///         op_type != "billing.send_invoices" || viewer.groups.iter().any(|group| group == "billing")
///     }
///
///     fn may_see(&self, viewer: &Viewer, operation: &AccessedOperation<'_>) -> bool {
///         let team = self.0.get(operation.owner);
///         let is_in_team = team.is_some_and(|team| self.0.get(viewer.id.as_str()) == Some(team));
///         viewer.is_staff || operation.is_owned_by(viewer) || is_in_team
///     }
///
///     fn may_act(&self, viewer: &Viewer, operation: &AccessedOperation<'_>) -> bool {
///         viewer.is_staff || operation.is_owned_by(viewer)
///     }
/// }
///
/// # #[tokio::main]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let db = store::connect("sqlite::memory:").await?;
/// let teams = [("ann", "sales"), ("bob", "sales"), ("eve", "support")];
/// let teams = Teams(teams.map(|(user, team)| (user.into(), team.into())).into());
/// let liveops = LiveOps::builder(db).access_policy(teams).build()?;
/// # let _ = liveops;
/// # Ok(())
/// # }
/// ```
///
/// # Panics
///
/// A panic of a method refuses the request with an internal error, or ends the connection.
pub trait AccessPolicy: fmt::Debug + Send + Sync + 'static {
    /// Returns `true` if `viewer` may create operations of this type, and see their form. A refusal is a 403.
    ///
    /// Called only for operations with `#[liveop(form)]` or `#[liveop(public)]`, and only for requests:
    /// [`LiveOps::enqueue`](crate::LiveOps::enqueue) and chains do not ask.
    ///
    /// Default: `true`.
    fn may_create(&self, viewer: &Viewer, op_type: &str) -> bool {
        let _ = (viewer, op_type);
        true
    }

    /// Returns `true` if `viewer` may see the operation and everything that belongs to the operation: its page,
    /// log, result, live updates and rows in lists. An operation that the viewer may not see is a 404.
    ///
    /// A list shows users their own operations, and staff all operations. The list leaves out every row for which this
    /// method returns `false`, so a page of the list may contain fewer rows.
    ///
    /// Default: the owner and staff.
    fn may_see(&self, viewer: &Viewer, operation: &AccessedOperation<'_>) -> bool {
        viewer.is_staff || operation.is_owned_by(viewer)
    }

    /// Returns `true` if `viewer` may cancel and retry the operation. Called only for an operation that the viewer may
    /// see. A refusal is a 403.
    ///
    /// Default: the owner and staff.
    fn may_act(&self, viewer: &Viewer, operation: &AccessedOperation<'_>) -> bool {
        viewer.is_staff || operation.is_owned_by(viewer)
    }
}

/// The default policy, with the default of every method.
#[derive(Debug)]
pub(super) struct OwnerPolicy;

impl AccessPolicy for OwnerPolicy {}

/// The properties of an operation that never change. [`AccessPolicy`] has an example.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct AccessedOperation<'a> {
    /// The ID.
    pub id: OperationId,
    /// The op type, such as `demo.score_import`. Empty only for live updates from a process with an earlier
    /// version of liveops.
    pub op_type: &'a str,
    /// The ID of the owner.
    pub owner: &'a str,
}

impl<'a> AccessedOperation<'a> {
    pub(crate) fn new(id: OperationId, op_type: &'a str, owner: &'a str) -> Self {
        Self { id, op_type, owner }
    }

    /// Returns `true` if `viewer` is the owner.
    pub fn is_owned_by(&self, viewer: &Viewer) -> bool {
        self.owner == viewer.id.as_str()
    }
}

impl<'a> From<&'a Model> for AccessedOperation<'a> {
    fn from(row: &'a Model) -> Self {
        Self::new(row.operation_id(), &row.op_type, &row.owner)
    }
}
