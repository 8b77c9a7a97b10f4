//! The smallest useful liveops application: run `cargo run -p minimal` and open <http://127.0.0.1:3000>.
use std::{error::Error, time::Duration};

use axum::{extract::FromRequestParts, response::Redirect, routing::get};
use liveops::{Config, LiveOperation, LiveOps, Progress, Run, RunResult, Viewer, store, web};
use serde::{Deserialize, Serialize};
use tokio::{net::TcpListener, time::sleep};

/// Counts down and launches a rocket.
#[derive(LiveOperation, Serialize, Deserialize)]
#[stages("Count down", "Launch")]
#[liveop(form)]
struct RocketLaunch {
    #[field(default = 10, min = 1)]
    seconds: u8,
}

impl Run for RocketLaunch {
    type Output = String;
    async fn run(&self, p: Progress<Self>) -> RunResult<String> {
        p.stage(RocketLaunchStage::CountDown, async {
            for left in p.track((1..=self.seconds).rev()).unit("seconds") {
                p.status(format!("{} …", left?));
                sleep(Duration::from_secs(1)).await;
            }
            Ok(())
        })
        .await?;
        p.status("Engines on");
        p.stage(RocketLaunchStage::Launch, async { Ok("Lift-off!".to_owned()) }).await
    }
}

/// The extractor of the viewer. Here all users are one viewer; an application with users reads its session.
#[derive(FromRequestParts)]
struct Anybody;

impl From<Anybody> for Viewer {
    fn from(Anybody: Anybody) -> Self {
        Viewer::new("anybody")
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let db = store::connect("sqlite::memory:").await?;
    let config = Config::default().with_allowed_hosts(["localhost", "127.0.0.1"]);
    let liveops = LiveOps::builder(db).config(config).register::<RocketLaunch>().build()?;
    liveops.migrate().await?;
    let form = Redirect::to(&liveops.create_url(RocketLaunch::OP_TYPE));
    let app = web::router::<Anybody, _>(&liveops).route("/", get(form));
    println!("http://127.0.0.1:3000");
    web::serve(TcpListener::bind("127.0.0.1:3000").await?, app).await?;
    Ok(())
}

#[cfg(test)]
mod tests;
