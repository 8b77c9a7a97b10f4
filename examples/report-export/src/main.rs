//! Run `cargo run -p report-export` and open <http://127.0.0.1:3000>; see [`report_export`].

use std::{error::Error, path::Path, time::Duration};

use report_export::App;
use tokio::{net::TcpListener, runtime::Runtime};

/// Number of sample orders.
const ORDERS: u32 = 1_000_000;

fn main() -> Result<(), Box<dyn Error>> {
    let runtime = Runtime::new()?;
    let served = runtime.block_on(serve());
    // The end of `#[tokio::main]` would wait for blocking threads, such as those of `p.spawn_blocking`.
    runtime.shutdown_timeout(Duration::from_secs(1));
    served
}

async fn serve() -> Result<(), Box<dyn Error>> {
    let app = App::start(Path::new("report-export"), ORDERS).await?;
    let listener = TcpListener::bind("127.0.0.1:3000").await?;
    println!("http://{}", listener.local_addr()?);
    app.serve(listener).await?;
    Ok(())
}
