//! The PostgreSQL server of the tests.

use std::env;

use crate::{
    cluster::{Cluster, FORGETFUL},
    service::Service,
};

const VARIABLE: &str = "LIVEOPS_TEST_POSTGRES_URL";

/// Starts a private PostgreSQL server, unless the environment names a server.
pub(crate) fn start() -> Result<Service, String> {
    if let Ok(url) = env::var(VARIABLE) {
        return Ok(Service::found("the server of the environment", vec![(VARIABLE, url)]));
    }
    let cluster = Cluster::start(FORGETFUL)?;
    let note = format!("a private server, {}", cluster.version());
    let url = cluster.url();
    Ok(Service::started(note, VARIABLE, url, cluster))
}
