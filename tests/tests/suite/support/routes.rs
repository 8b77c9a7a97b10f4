//! Every route there is, for what has to hold for all of them.

/// What a route is, as far as it can hurt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Says something about one operation.
    Shows,
    /// Does something to one operation.
    Acts,
    /// Says what only staff may know of one operation.
    ShowsStaff,
    /// Does something to several operations, for staff.
    ActsOnMany,
    /// Makes an operation of the viewer's own.
    Creates,
    /// Hands out tokens for what the viewer may follow.
    GrantsTokens,
    /// Says something about the viewer's operations.
    Lists,
    /// Goes on saying something about the viewer's operations.
    StreamsLists,
    /// Is the same for everybody.
    Public,
    /// Is opened with tokens.
    Socket,
}

/// A route below the mount.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Route {
    pub(crate) method: &'static str,
    pub(crate) path: &'static str,
    pub(crate) kind: Kind,
}

const fn route(method: &'static str, path: &'static str, kind: Kind) -> Route {
    Route { method, path, kind }
}

/// In the router's order. The test `every_route_is_in_the_table` tells of one that is missing.
pub(crate) const ROUTES: [Route; 19] = [
    route("get", "/", Kind::Lists),
    route("get", "/bulk", Kind::Public),
    route("post", "/bulk", Kind::ActsOnMany),
    route("get", "/ws", Kind::Socket),
    route("get", "/events", Kind::StreamsLists),
    route("post", "/token", Kind::GrantsTokens),
    route("get", "/static/{name}", Kind::Public),
    route("get", "/{op_type}/", Kind::Public),
    route("post", "/{op_type}/", Kind::Creates),
    route("get", "/{op_type}/{id}/", Kind::Shows),
    route("get", "/{op_type}/{id}/events", Kind::Shows),
    route("get", "/{op_type}/{id}/log", Kind::Shows),
    route("get", "/{op_type}/{id}/attempts", Kind::Shows),
    route("get", "/{op_type}/{id}/attempts/{number}", Kind::Shows),
    route("get", "/{op_type}/{id}/details", Kind::Shows),
    route("get", "/{op_type}/{id}/staff", Kind::ShowsStaff),
    route("post", "/{op_type}/{id}/cancel", Kind::Acts),
    route("post", "/{op_type}/{id}/retry", Kind::Acts),
    route("post", "/{op_type}/{id}/restart", Kind::Acts),
];

impl Route {
    /// The route's address for one operation and its first attempt.
    pub(crate) fn of(&self, op_type: &str, id: impl ToString) -> String {
        let path = self.path.replace("{op_type}", op_type).replace("{id}", &id.to_string());
        let path = path.replace("{number}", "1");
        format!("/live{path}")
    }
}

pub(crate) fn routes_that(is_meant: impl Fn(Kind) -> bool) -> Vec<Route> {
    ROUTES.into_iter().filter(|route| is_meant(route.kind)).collect()
}
