use axum::{
    body::Body,
    http::{Request, StatusCode, header},
};
use serde_json::json;

use crate::{server::Server, support::Fixture};

#[tokio::test]
async fn strangers_are_sent_to_the_sign_in_page() {
    let fixture = Fixture::eager().await;
    let stranger = fixture.browser();
    for path in ["/", "/thanks", "/live/", "/live/demo.quick_task/1/"] {
        let answer = stranger.get(path).await;
        assert_eq!((answer.status, answer.location()), (StatusCode::SEE_OTHER, "/login"), "{path}");
    }
    let answer = stranger.post("/live/demo.quick_task/", "").await;
    assert_eq!((answer.status, answer.location()), (StatusCode::SEE_OTHER, "/login"));
    assert_eq!(stranger.get("/login").await.status, StatusCode::OK);
}

#[tokio::test]
async fn programs_and_sockets_are_told_in_json() {
    let fixture = Fixture::eager().await;
    let stranger = fixture.browser();
    let json = Request::get("/live/").header(header::ACCEPT, "application/json");
    for request in [json, Request::get("/live/ws")] {
        let answer = stranger.send(request, Body::empty()).await;
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
        assert_eq!(answer.json()["error"]["code"], "not_signed_in");
    }
}

#[tokio::test]
async fn a_part_of_a_page_asks_its_page_to_go_and_sign_in() {
    let fixture = Fixture::eager().await;
    let request = Request::get("/live/").header("hx-request", "true");
    let answer = fixture.browser().send(request, Body::empty()).await;
    assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
    assert_eq!(answer.headers["hx-redirect"], "/login");
}

#[tokio::test]
async fn a_cookie_is_out_of_reach_of_scripts_and_other_sites() {
    let fixture = Fixture::eager().await;
    let answer = fixture.browser().post("/login", "user=ann").await;
    assert_eq!((answer.status, answer.location()), (StatusCode::SEE_OTHER, "/"));
    let cookie = answer.headers[header::SET_COOKIE].to_str().unwrap();
    for attribute in ["HttpOnly", "SameSite=Lax", "Path=/"] {
        assert!(cookie.contains(attribute), "{cookie}");
    }
}

#[tokio::test]
async fn a_name_that_is_none_is_refused_on_the_page() {
    let fixture = Fixture::eager().await;
    for form in ["", "user=", "user=+", "user=a+b", "user=%00", &format!("user={}", "x".repeat(65))]
    {
        let answer = fixture.browser().post("/login", form).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{form}");
        assert!(answer.text.contains("A name has 1 to 64"), "{}", answer.text);
        assert!(!answer.headers.contains_key(header::SET_COOKIE));
    }
}

#[tokio::test]
async fn signing_out_takes_the_cookie_away() {
    let fixture = Fixture::eager().await;
    let ann = fixture.signed_in("ann").await;
    let answer = ann.post("/logout", "").await;
    assert_eq!((answer.status, answer.location()), (StatusCode::SEE_OTHER, "/login"));
    let cookie = answer.headers[header::SET_COOKIE].to_str().unwrap();
    assert!(cookie.starts_with("demo_user_") && cookie.contains("Max-Age=0"), "{cookie}");
}

#[tokio::test]
async fn signing_out_ends_the_updates_of_open_pages() {
    let fixture = Fixture::spawning().await;
    let server = Server::of(&fixture).await;
    let ann = fixture.signed_in("ann").await;
    let (_, mut follower) = server.start_endless(&ann).await;
    ann.post("/logout", "").await;
    let error = follower.until(|message| message["type"] == "error").await;
    assert_eq!(error["code"], 4401, "{error}");
}

#[tokio::test]
async fn only_admin_sees_what_others_started() {
    let fixture = Fixture::eager().await;
    let (ann, bob, admin) = (
        fixture.signed_in("ann").await,
        fixture.signed_in("bob").await,
        fixture.signed_in("admin").await,
    );
    let task = ann.start("demo.quick_task", json!({})).await;
    let url = task["url"].as_str().unwrap();
    assert_eq!(ann.get(url).await.status, StatusCode::OK);
    assert_eq!(bob.get(url).await.status, StatusCode::NOT_FOUND);
    assert_eq!(admin.get(url).await.status, StatusCode::OK);
}
