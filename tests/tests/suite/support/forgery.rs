//! Tokens that nobody should accept, made by somebody who knows how tokens are made.

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use jsonwebtoken::{Algorithm, EncodingKey};
use liveops::{ChannelName, SubscriptionToken};
use serde_json::{Value, json};

use super::served::{SECRET, Served};

/// A token that is good, to be taken apart.
#[derive(Debug, Clone)]
pub(crate) struct Forgery {
    header: Value,
    claims: Value,
    signature: String,
}

impl Forgery {
    /// Begins with a good token of ann's.
    pub(crate) fn of(served: &Served, channel: &ChannelName) -> Self {
        let token = served.token("ann", channel);
        let mut parts = token.split('.');
        let mut json = || serde_json::from_slice(&decoded(parts.next().unwrap())).unwrap();
        let mut good = Self { header: json(), claims: json(), signature: String::new() };
        // Signed anew, because the texts need not be written as they were.
        good.signature = good.signature_by(Algorithm::HS256);
        good
    }

    pub(crate) fn with_header(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.header[name] = value.into();
        self
    }

    pub(crate) fn with_claim(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.claims[name] = value.into();
        self
    }

    pub(crate) fn without_header(mut self, name: &str) -> Self {
        self.header.as_object_mut().unwrap().remove(name);
        self
    }

    pub(crate) fn without_claim(mut self, name: &str) -> Self {
        self.claims.as_object_mut().unwrap().remove(name);
        self
    }

    /// The changed token with the signature of the good one.
    pub(crate) fn kept(&self) -> String {
        format!("{}.{}", self.message(), self.signature)
    }

    /// The changed token without a signature.
    pub(crate) fn unsigned(&self) -> String {
        format!("{}.", self.message())
    }

    /// The changed token, signed with the application's secret by this algorithm, whatever its
    /// header says.
    pub(crate) fn signed(&self, algorithm: Algorithm) -> String {
        format!("{}.{}", self.message(), self.signature_by(algorithm))
    }

    /// The changed token, signed by somebody who has no secret of the application's.
    fn signed_by_a_stranger(&self) -> String {
        let signature = signature(&self.message(), &"x".repeat(32), Algorithm::HS256);
        format!("{}.{signature}", self.message())
    }

    fn signature_by(&self, algorithm: Algorithm) -> String {
        signature(&self.message(), SECRET, algorithm)
    }

    fn message(&self) -> String {
        format!("{}.{}", encoded(&self.header), encoded(&self.claims))
    }
}

/// Everything that is no permission for ann to watch the channel, with what is wrong with it.
pub(crate) fn refused(served: &Served, channel: &ChannelName) -> Vec<(&'static str, String)> {
    use Algorithm::{HS256, HS384, HS512};
    let good = || Forgery::of(served, channel);
    let later = good().claims["exp"].as_u64().unwrap() + 3_600;
    vec![
        ("of another viewer", served.token("bob", channel)),
        ("another viewer's name on it", good().with_claim("sub", "bob").kept()),
        ("another channel on it", good().with_claim("ch", "liveops.owner.ann").kept()),
        ("a later end on it", good().with_claim("exp", later).kept()),
        ("expired", good().with_claim("exp", 1).signed(HS256)),
        ("without an end", good().without_claim("exp").signed(HS256)),
        ("with an end that is no time", good().with_claim("exp", "never").signed(HS256)),
        ("without a viewer", good().without_claim("sub").signed(HS256)),
        ("with a list of viewers", good().with_claim("sub", json!(["ann"])).signed(HS256)),
        ("without a channel", good().without_claim("ch").signed(HS256)),
        ("for what is no channel", good().with_claim("ch", "chat.1").signed(HS256)),
        ("without a key's name", good().without_header("kid").signed(HS256)),
        ("of a key that is not known", good().with_header("kid", "00000000").signed(HS256)),
        ("of a stranger's key under a known name", good().signed_by_a_stranger()),
        ("of a key with no name", good().with_header("kid", "").signed(HS256)),
        ("without an algorithm", good().without_header("alg").signed(HS256)),
        ("of no algorithm", good().with_header("alg", "none").unsigned()),
        ("of no algorithm, signed", good().with_header("alg", "none").signed(HS256)),
        ("HS384", good().with_header("alg", "HS384").signed(HS384)),
        ("HS512", good().with_header("alg", "HS512").signed(HS512)),
        ("HS512 in name only", good().with_header("alg", "HS512").signed(HS256)),
        ("RS256 with the secret as its key", good().with_header("alg", "RS256").signed(HS256)),
        ("unsigned", good().unsigned()),
        ("half a signature", good().kept()[..good().kept().len() - 20].to_owned()),
        ("without its last part", good().message()),
        ("empty", String::new()),
        ("no token", "nonsense".to_owned()),
        ("dots", "..".to_owned()),
        ("not in ASCII", "żółw.żółw.żółw".to_owned()),
    ]
}

/// A good token that is over.
pub(crate) fn expired(served: &Served, channel: &ChannelName) -> SubscriptionToken {
    Forgery::of(served, channel).with_claim("exp", 1).signed(Algorithm::HS256).into()
}

fn signature(message: &str, secret: &str, algorithm: Algorithm) -> String {
    let key = EncodingKey::from_secret(secret.as_bytes());
    jsonwebtoken::crypto::sign(message.as_bytes(), &key, algorithm).unwrap()
}

fn encoded(json: &Value) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(json.to_string())
}

fn decoded(text: &str) -> Vec<u8> {
    BASE64_URL_SAFE_NO_PAD.decode(text).unwrap()
}
