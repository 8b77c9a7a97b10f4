//! Tokens that nobody should accept, made by somebody who knows how tokens are made.

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use hkdf::Hkdf;
use hmac::{Hmac, KeyInit, Mac};
use liveops::{ChannelName, SubscriptionToken};
use serde_json::{Value, json};
use sha2::{Sha256, Sha384, Sha512};

use super::served::{SECRET, Served};

/// The claim `aud` of tokens that are good.
const AUDIENCE: &str = "liveops.subscription";

/// The algorithms that forgeries are signed with.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Algorithm {
    Hs256,
    Hs384,
    Hs512,
}

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
        good.signature = good.signature_by(Algorithm::Hs256);
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

    /// The changed token, signed with the key for tokens by this algorithm. The header may name
    /// another one.
    pub(crate) fn signed(&self, algorithm: Algorithm) -> String {
        format!("{}.{}", self.message(), self.signature_by(algorithm))
    }

    /// The changed token, signed by somebody who has no secret of the application's.
    fn signed_by_a_stranger(&self) -> String {
        self.signed_with(&token_key(&"x".repeat(32)))
    }

    /// The changed token, signed by HS256 with this key.
    fn signed_with(&self, key: &[u8]) -> String {
        format!("{}.{}", self.message(), signature(&self.message(), key, Algorithm::Hs256))
    }

    fn signature_by(&self, algorithm: Algorithm) -> String {
        signature(&self.message(), &token_key(SECRET), algorithm)
    }

    fn message(&self) -> String {
        format!("{}.{}", encoded(&self.header), encoded(&self.claims))
    }
}

/// Everything that is no permission for ann to watch the channel, with what is wrong with it.
pub(crate) fn refused(served: &Served, channel: &ChannelName) -> Vec<(&'static str, String)> {
    use Algorithm::{Hs256, Hs384, Hs512};
    let good = || Forgery::of(served, channel);
    let later = good().claims["exp"].as_u64().unwrap() + 3_600;
    vec![
        ("of another viewer", served.token("bob", channel)),
        ("for no audience", good().without_claim("aud").signed(Hs256)),
        ("for another audience", good().with_claim("aud", "liveops").signed(Hs256)),
        ("for a list of audiences", good().with_claim("aud", json!([AUDIENCE])).signed(Hs256)),
        ("another viewer's name on it", good().with_claim("sub", "bob").kept()),
        ("another channel on it", good().with_claim("ch", "liveops.owner.ann").kept()),
        ("a later end on it", good().with_claim("exp", later).kept()),
        ("expired", good().with_claim("exp", 1).signed(Hs256)),
        ("without an end", good().without_claim("exp").signed(Hs256)),
        ("with an end that is no time", good().with_claim("exp", "never").signed(Hs256)),
        ("with an end in quotes", good().with_claim("exp", later.to_string()).signed(Hs256)),
        ("with an end that is a float", good().with_claim("exp", later as f64).signed(Hs256)),
        ("with an end before 1970", good().with_claim("exp", -1).signed(Hs256)),
        ("without a viewer", good().without_claim("sub").signed(Hs256)),
        ("with a list of viewers", good().with_claim("sub", json!(["ann"])).signed(Hs256)),
        ("without a channel", good().without_claim("ch").signed(Hs256)),
        ("for what is no channel", good().with_claim("ch", "chat.1").signed(Hs256)),
        ("without a key's name", good().without_header("kid").signed(Hs256)),
        ("of a key that is not known", good().with_header("kid", "00000000").signed(Hs256)),
        ("of a stranger's key under a known name", good().signed_by_a_stranger()),
        ("of the secret itself", good().signed_with(SECRET.as_bytes())),
        ("of a key for another purpose", good().signed_with(&derived(SECRET, b"cookies"))),
        ("of an empty key", good().signed_with(b"")),
        ("of a key with no name", good().with_header("kid", "").signed(Hs256)),
        ("without an algorithm", good().without_header("alg").signed(Hs256)),
        ("of no algorithm", good().with_header("alg", "none").unsigned()),
        ("of no algorithm, signed", good().with_header("alg", "none").signed(Hs256)),
        ("HS384", good().with_header("alg", "HS384").signed(Hs384)),
        ("HS512", good().with_header("alg", "HS512").signed(Hs512)),
        ("HS512 in name only", good().with_header("alg", "HS512").signed(Hs256)),
        ("RS256 with the secret as its key", good().with_header("alg", "RS256").signed(Hs256)),
        ("unsigned", good().unsigned()),
        ("with a claim twice", with_claim_twice(&good())),
        ("with padding", format!("{}=", good().kept())),
        ("with bits that decode to nothing", with_stray_bits(&good().kept())),
        ("with a part too many", format!("{}.{}", good().kept(), good().signature)),
        ("with a line too many", format!("{}\n", good().kept())),
        ("with more claims than fit", good().with_claim("x", "x".repeat(9_000)).signed(Hs256)),
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
    Forgery::of(served, channel).with_claim("exp", 1).signed(Algorithm::Hs256).into()
}

/// A token with another viewer in front of ann, signed.
fn with_claim_twice(good: &Forgery) -> String {
    let claims = good.claims.to_string().replacen('{', r#"{"sub":"bob","#, 1);
    let message = format!("{}.{}", encoded(&good.header), BASE64_URL_SAFE_NO_PAD.encode(claims));
    let signature = signature(&message, &token_key(SECRET), Algorithm::Hs256);
    format!("{message}.{signature}")
}

/// A token whose last character carries two bits that a lenient decoder ignores.
fn with_stray_bits(token: &str) -> String {
    const ALPHABET: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let (rest, last) = token.split_at(token.len() - 1);
    let at = ALPHABET.find(last).unwrap();
    // 32 bytes are 42 characters of six bits and one of four.
    assert_eq!(at % 4, 0);
    format!("{rest}{}", &ALPHABET[at + 1..at + 2])
}

fn signature(message: &str, key: &[u8], algorithm: Algorithm) -> String {
    match algorithm {
        Algorithm::Hs256 => finished(Hmac::<Sha256>::new_from_slice(key).unwrap(), message),
        Algorithm::Hs384 => finished(Hmac::<Sha384>::new_from_slice(key).unwrap(), message),
        Algorithm::Hs512 => finished(Hmac::<Sha512>::new_from_slice(key).unwrap(), message),
    }
}

fn finished(mac: impl Mac, message: &str) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(mac.chain_update(message).finalize().into_bytes())
}

/// The key that tokens are signed with when the application has this secret.
fn token_key(secret: &str) -> [u8; 32] {
    derived(secret, b"liveops subscription token v1")
}

fn derived(secret: &str, label: &[u8]) -> [u8; 32] {
    let mut key = [0; 32];
    Hkdf::<Sha256>::new(None, secret.as_bytes()).expand(label, &mut key).unwrap();
    key
}

fn encoded(json: &Value) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(json.to_string())
}

fn decoded(text: &str) -> Vec<u8> {
    BASE64_URL_SAFE_NO_PAD.decode(text).unwrap()
}
