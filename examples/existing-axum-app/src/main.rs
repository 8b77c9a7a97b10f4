//! Run `cargo run -p existing-axum-app` and open <http://127.0.0.1:3000>; see [`existing_axum_app`].

use std::{error::Error, time::Duration};

use existing_axum_app::{App, Mailer};
use tokio::{net::TcpListener, runtime::Runtime};

fn main() -> Result<(), Box<dyn Error>> {
    let runtime = Runtime::new()?;
    let served = runtime.block_on(serve());
    // The end of `#[tokio::main]` would wait for blocking threads, such as those of `p.spawn_blocking`.
    runtime.shutdown_timeout(Duration::from_secs(1));
    served
}

async fn serve() -> Result<(), Box<dyn Error>> {
    let mailer = Mailer { pace: Duration::from_millis(100) };
    let app = App::start("sqlite://existing-axum-app.sqlite3", mailer).await?;
    let listener = TcpListener::bind("127.0.0.1:3000").await?;
    println!("http://{}", listener.local_addr()?);
    app.serve(listener).await?;
    Ok(())
}
