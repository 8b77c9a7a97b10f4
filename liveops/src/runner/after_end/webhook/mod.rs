//! The sender of webhooks.

mod client;

use std::{sync::Arc, time::Duration};

use chrono::{DateTime, Utc};
use futures_util::future::BoxFuture;
use serde::Serialize;
use serde_json::Value;

use self::client::{Answer, Client, Target};
use super::hook::{Receive, Received};
use crate::{
    operation::OperationId,
    store::OutboxEntry,
    webhook::{SECRET_BYTES_MIN, Webhook, sign},
};

/// Maximum wait that a receiver can request.
const RETRY_AFTER_MAX: Duration = Duration::from_secs(24 * 60 * 60);

/// The status code of a receiver that is gone for good.
const GONE: u16 = 410;

/// A webhook that was checked.
pub(super) struct WebhookSender {
    target: Arc<Target>,
    secret: Arc<[u8]>,
    client: Client,
}

/// The body of a request.
#[derive(Debug, Serialize)]
struct Body<'a> {
    key: String,
    id: OperationId,
    #[serde(rename = "type")]
    op_type: &'a str,
    owner: &'a str,
    state: &'a str,
    output: Option<&'a Value>,
    error: Option<&'a str>,
    created_on: DateTime<Utc>,
    started_on: Option<DateTime<Utc>>,
    finished_on: DateTime<Utc>,
}

impl WebhookSender {
    /// Checks a webhook.
    ///
    /// # Errors
    ///
    /// Returns the reason for which it cannot be called.
    pub(super) fn new(webhook: &Webhook) -> Result<Self, String> {
        let len = webhook.secret.len();
        if len < SECRET_BYTES_MIN {
            return Err(format!(
                "expected a secret of at least {SECRET_BYTES_MIN} bytes, found {len}"
            ));
        }
        let target = Target::parse(&webhook.url)?;
        let client = if target.is_encrypted { Client::with_tls()? } else { Client::without_tls() };
        Ok(Self { target: Arc::new(target), secret: webhook.secret.as_slice().into(), client })
    }

    /// Returns the URL without its query, which may contain a password.
    pub(super) fn name(&self) -> &str {
        &self.target.name
    }
}

impl Receive for WebhookSender {
    fn receive(&self, entry: OutboxEntry) -> BoxFuture<'static, Received> {
        let (target, secret, client) =
            (self.target.clone(), self.secret.clone(), self.client.clone());
        Box::pin(async move {
            let body = body(&entry);
            drop(entry);
            let signature = sign(&secret, Utc::now().timestamp(), &body);
            match client.post(&target, body, signature).await {
                Ok(answer) => received(&answer),
                Err(error) => Received::Failed { error, retry_after: None },
            }
        })
    }
}

fn body(entry: &OutboxEntry) -> Vec<u8> {
    let body = Body {
        key: entry.key(),
        id: entry.operation.into(),
        op_type: &entry.op_type,
        owner: &entry.owner,
        state: &entry.state,
        output: entry.result.as_ref(),
        error: entry.error_message.as_deref(),
        created_on: entry.created_on,
        started_on: entry.started_on,
        finished_on: entry.finished_on,
    };
    serde_json::to_vec(&body).expect("texts, times and JSON values serialize")
}

fn received(Answer { status, retry_after }: &Answer) -> Received {
    let error = match status {
        200..300 => return Received::Accepted,
        300..400 => format!("answered {status}; webhooks follow no redirects"),
        _ => format!("answered {status}"),
    };
    if *status == GONE {
        return Received::Refused { error };
    }
    let retry_after = retry_after.as_deref().and_then(wait_of);
    Received::Failed { error, retry_after: retry_after.map(|wait| wait.min(RETRY_AFTER_MAX)) }
}

/// Parses `Retry-After`: a number of seconds, or a date.
fn wait_of(retry_after: &str) -> Option<Duration> {
    if let Ok(seconds) = retry_after.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let date = DateTime::parse_from_rfc2822(retry_after).ok()?;
    (date.with_timezone(&Utc) - Utc::now()).to_std().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answered(status: u16, retry_after: Option<&str>) -> Received {
        received(&Answer { status, retry_after: retry_after.map(str::to_owned) })
    }

    #[test]
    fn a_success_is_accepted_and_a_receiver_that_is_gone_gives_up() {
        for status in [200, 201, 202, 204, 299] {
            assert!(matches!(answered(status, None), Received::Accepted), "{status}");
        }
        assert!(matches!(answered(410, None), Received::Refused { .. }));
        for status in [100, 301, 307, 400, 401, 403, 404, 409, 429, 500, 502, 503, 599] {
            assert!(matches!(answered(status, None), Received::Failed { .. }), "{status}");
        }
    }

    #[test]
    fn the_receiver_can_request_a_wait_of_a_day_at_most() {
        let in_a_minute = (Utc::now() + Duration::from_secs(60)).to_rfc2822();
        for (header, range) in
            [("7", 7..=7), ("0", 0..=0), ("999999999", 86_400..=86_400), (&*in_a_minute, 58..=60)]
        {
            let Received::Failed { retry_after: Some(wait), .. } = answered(429, Some(header))
            else {
                panic!("no wait for {header}");
            };
            assert!(range.contains(&wait.as_secs()), "{header}: {wait:?}");
        }
        for header in ["", "soon", "-1", "Wed, 21 Oct 2015 07:28:00 GMT", "99999999999999999999"] {
            let received = answered(503, Some(header));
            assert!(matches!(received, Received::Failed { retry_after: None, .. }), "{header}");
        }
    }

    #[test]
    fn a_webhook_without_a_usable_url_or_secret_is_refused() {
        let secret = [7; 32];
        for (url, secret, error) in [
            ("https://example.org/", &secret[..31], "at least 32 bytes, found 31"),
            ("example.org/hook", &secret[..], "`https://` or `http://`"),
            ("/hook", &secret[..], "`https://` or `http://`"),
            ("ftp://example.org/", &secret[..], "`https://` or `http://`"),
            ("https://ann:pass@example.org/", &secret[..], "without a user"),
            ("https:// example.org/", &secret[..], "invalid"),
        ] {
            let refused = WebhookSender::new(&Webhook::new(url, secret)).err().unwrap_or_default();
            assert!(refused.contains(error), "{url}: {refused}");
        }
        let sender = WebhookSender::new(&Webhook::new("http://[::1]:80/a/b?token=x", secret));
        assert_eq!(
            sender.ok().map(|it| it.name().to_owned()).as_deref(),
            Some("http://[::1]:80/a/b")
        );
    }
}
