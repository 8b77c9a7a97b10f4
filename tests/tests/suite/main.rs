//! The whole-system tests, in one binary: it is linked once, and its tests share the machine.
//!
//! Modules are named for the behaviour they pin down. A test whose group of needs (PostgreSQL,
//! Redis, a browser, nginx, node) is not there steps aside; `cargo xtask test` brings what it can and says
//! what it could not.

#![expect(clippy::unwrap_used, reason = "a test that panics is a test that fails")]

#[path = "../../src/cluster.rs"]
#[expect(dead_code, reason = "`cargo xtask` needs more of it")]
mod cluster;
#[path = "../../src/program.rs"]
mod program;
#[path = "../../src/scratch.rs"]
mod scratch;

mod access;
mod accessibility;

mod apalis;
mod attempts;
mod back_and_forward;
mod behind_nginx;
mod blocked_sockets;
mod busy_files;
mod busy_pages;
mod chains;
mod changes;
mod channel_layer;
mod content_security;
mod cross_site;
mod default_results;
mod dependencies;
mod deploys;
mod descriptions;
mod details;
mod durable_stages;
mod event_streams;
mod extremes;
mod fan_out;
mod feature_table;
mod first_frames;
mod floods;
mod forgotten_connections;
mod forms;
mod half_open;
mod held_threads;
mod hints;
mod hooks;
mod hostile_frames;
mod hostile_texts;
mod hosts;
mod house;
mod htmx;
mod http;
mod input_versions;
mod isolation;
mod keyboard;
mod languages;
mod large_inputs;
mod leases;
mod lifecycle;
mod listing;
mod live_page;
mod liveops_js;
mod log_layer;
mod long_log;
mod lost_answers;
mod lost_frames;
mod markup;
mod metrics;
mod observability_page;
mod page_events;
mod panics;
mod poolers;
mod postgres_layer;
mod postgres_schemas;
mod process_memory;
mod public_api;
mod published_packages;
mod read_only_servers;
mod readiness;
mod readme;
mod reconnect;
mod redis_failover;
mod redis_layer;
mod redis_trouble;
mod reduced_motion;
mod reference_client;
mod request_bodies;
mod restarts;
mod run_errors;
mod run_logs;
mod runner;
mod rust_analyzer;
mod safe_headers;
mod secrets_stay_out_of_logs;
mod separate_processes;
mod several_tabs;
mod slow_clients;
mod small_screens;
mod soak;
mod somebody_else;
mod spans;
mod staff;
mod stage_timings;
mod stock_htmx;
mod support;
mod support_works;
mod template_files;
mod templates;
mod terminal_aborts;
mod test_kit;
mod test_kit_application;
mod texts_from_outside;
mod tokens;
mod tracebacks;
mod transactions;
mod typing;
mod unique;
mod unregistered;
mod uploads;
mod versions;
mod wait_for;
mod wake_ups;
mod webhooks;
mod websocket;
