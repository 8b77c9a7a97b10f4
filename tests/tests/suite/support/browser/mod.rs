//! A real Chromium, as the person at the other end has it.
//!
//! It is driven through chromedriver by fantoccini: W3C WebDriver, a small and long-kept crate,
//! and nothing generated to compile, which clients of the whole DevTools protocol are. The few
//! DevTools commands that WebDriver has no word for go through chromedriver's vendor endpoints.
//!
//! Nothing here sleeps: a page is asked to say itself when a condition holds.

mod driver;
mod navigation;
mod patience;
mod vendor;
mod window;

pub(crate) use window::Browser;
