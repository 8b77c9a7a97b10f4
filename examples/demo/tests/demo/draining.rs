//! Test of the drain time: a stopping process answers 503 on `/readyz` before it refuses requests.

use std::time::Duration;

use demo::{Demo, Settings};
use reqwest::StatusCode;
use serde_json::Value;
use tokio::{net::TcpListener, sync::oneshot, time::timeout};

#[tokio::test]
async fn requests_are_still_answered_after_readiness_says_no() {
    let mut settings = Settings::in_memory();
    settings.drain = Duration::from_secs(3_600);
    let demo = Demo::start(settings).await.unwrap();
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stopped) = oneshot::channel::<()>();
    let stop_signal = async {
        let _ = stopped.await;
    };
    let serving = tokio::spawn(demo.serve(listener, stop_signal));
    // A new connection each time, like a load balancer.
    let get = async |path: &str| reqwest::get(format!("http://{address}{path}")).await.unwrap();
    assert_eq!(get("/readyz").await.status(), StatusCode::OK);

    stop.send(()).unwrap();
    let says_no = async {
        loop {
            let answer = get("/readyz").await;
            if answer.status() == StatusCode::SERVICE_UNAVAILABLE {
                return answer.json::<Value>().await.unwrap();
            }
        }
    };
    let report = timeout(Duration::from_secs(30), says_no).await.unwrap();
    assert_eq!(report["stopping"], true, "{report}");
    assert_eq!(report["database"]["ok"], true, "{report}");
    assert_eq!(get("/login").await.status(), StatusCode::OK);
    assert_eq!(get("/healthz").await.status(), StatusCode::OK);
    serving.abort();
}
