//! What the whole-system tests stand on: applications, databases, a browser, a server, a socket.

pub(crate) mod app;
pub(crate) mod browser;
pub(crate) mod database;
pub(crate) mod demo;
pub(crate) mod editor;
pub(crate) mod events;
pub(crate) mod forgery;
pub(crate) mod frames;
pub(crate) mod hostile;
pub(crate) mod layer;
pub(crate) mod log;
pub(crate) mod lossy_layer;
pub(crate) mod need;
pub(crate) mod numbers;
pub(crate) mod page;
pub(crate) mod postgres;
pub(crate) mod proxy;
pub(crate) mod redis;
pub(crate) mod reference_client;
pub(crate) mod routes;
pub(crate) mod served;
pub(crate) mod server;
pub(crate) mod socket;
pub(crate) mod sqlite;
pub(crate) mod watched;
pub(crate) mod words;
