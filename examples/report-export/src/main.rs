//! Run `cargo run -p report-export` and open <http://127.0.0.1:3000>; see [`report_export`].

use std::{error::Error, path::Path};

use report_export::App;
use tokio::net::TcpListener;

/// Number of sample orders.
const ORDERS: u32 = 1_000_000;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let app = App::start(Path::new("report-export"), ORDERS).await?;
    let listener = TcpListener::bind("127.0.0.1:3000").await?;
    println!("http://{}", listener.local_addr()?);
    app.serve(listener).await?;
    Ok(())
}
