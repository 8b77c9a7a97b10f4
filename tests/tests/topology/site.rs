//! What a browser asks the site for over HTTP.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use reqwest::{Client, RequestBuilder, Response, StatusCode, header, redirect::Policy};
use serde_json::{Value, json};
use tokio::time::sleep;

use super::balancer::{Balancer, Place};

/// How long a browser waits before it asks once more for what it got no answer to.
const PAUSE: Duration = Duration::from_millis(100);

/// The site as one user sees it, through the balancer. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Site {
    http: Client,
    balancer: Balancer,
    cookie: String,
    unanswered: Arc<AtomicUsize>,
}

impl Site {
    pub(crate) async fn sign_in(balancer: &Balancer, user: &str) -> Self {
        // Every request by itself: a connection that is kept may be one to a process that is gone.
        let http = Client::builder().pool_max_idle_per_host(0).redirect(Policy::none());
        let mut site = Self {
            http: http.build().unwrap(),
            balancer: balancer.clone(),
            cookie: String::new(),
            unanswered: Arc::default(),
        };
        let form = format!("user={user}");
        let answer = site.ask("/login", |http, url| {
            http.post(url)
                .body(form.clone())
                .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        });
        let answer = answer.await;
        assert_eq!(answer.status(), StatusCode::SEE_OTHER);
        let cookie = answer.headers()[header::SET_COOKIE].to_str().unwrap();
        site.cookie = cookie.split(';').next().unwrap().to_owned();
        site
    }

    pub(crate) fn cookie(&self) -> &str {
        &self.cookie
    }

    pub(crate) fn place(&self) -> Place {
        self.balancer.pick()
    }

    /// How many requests a process did not answer.
    pub(crate) fn unanswered(&self) -> usize {
        self.unanswered.load(Ordering::Relaxed)
    }

    /// Starts an operation, and gives it as JSON.
    pub(crate) async fn start(&self, op_type: &str, input: &Value) -> Value {
        // Once: whoever does not know whether an operation was started must not start another one.
        let place = self.place();
        let request = self.http.post(place.url(&format!("/live/{op_type}/"))).json(input);
        let answer = self.signed(request).header(header::ACCEPT, "application/json").send().await;
        let answer = answer.unwrap();
        assert_eq!(answer.status(), StatusCode::CREATED);
        answer.json().await.unwrap()
    }

    pub(crate) async fn get(&self, path: &str) -> String {
        let answer = self.ask(path, Client::get).await;
        assert_eq!(answer.status(), StatusCode::OK, "{path}");
        answer.text().await.unwrap()
    }

    /// Fresh tokens for channels.
    pub(crate) async fn tokens(&self, channels: &[&str]) -> BTreeMap<String, String> {
        let wanted = json!({ "channels": channels });
        let answer = self.ask("/live/token", |http, url| http.post(url).json(&wanted)).await;
        assert_eq!(answer.status(), StatusCode::OK);
        let answer: Value = answer.json().await.unwrap();
        serde_json::from_value(answer["tokens"].clone()).unwrap()
    }

    /// Asks until there is an answer.
    async fn ask(
        &self,
        path: &str,
        request: impl Fn(&Client, String) -> RequestBuilder,
    ) -> Response {
        loop {
            let place = self.place();
            match self.signed(request(&self.http, place.url(path))).send().await {
                Ok(answer) => return answer,
                Err(_) => drop(self.unanswered.fetch_add(1, Ordering::Relaxed)),
            }
            drop(place);
            sleep(PAUSE).await;
        }
    }

    fn signed(&self, request: RequestBuilder) -> RequestBuilder {
        if self.cookie.is_empty() { request } else { request.header(header::COOKIE, &self.cookie) }
    }
}
