//! Chromium and its driver, for the browser tests.

use std::env;

use crate::{program::find_on_path, service::Service};

const CHROMIUM: &str = "LIVEOPS_TEST_CHROMIUM";
const CHROMEDRIVER: &str = "LIVEOPS_TEST_CHROMEDRIVER";

/// Finds Chromium and its driver. Every test starts its own browser.
pub(crate) fn find() -> Result<Service, String> {
    let chromium = locate(CHROMIUM, &["chromium", "chromium-browser", "google-chrome"])
        .ok_or("chromium was not found")?;
    let driver = locate(CHROMEDRIVER, &["chromedriver"]).ok_or("chromedriver was not found")?;
    let note = chromium.clone();
    Ok(Service::found(note, vec![(CHROMIUM, chromium), (CHROMEDRIVER, driver)]))
}

/// Returns the program that the environment names, otherwise the first one on `PATH`.
fn locate(variable: &str, names: &[&str]) -> Option<String> {
    env::var(variable).ok().or_else(|| find_on_path(names)?.into_os_string().into_string().ok())
}
