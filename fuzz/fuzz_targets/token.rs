//! Subscription tokens: any text, and any claims behind a signature that is right.
#![no_main]

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use hkdf::Hkdf;
use hmac::{Hmac, KeyInit, Mac};
use libfuzzer_sys::fuzz_target;
use liveops::{SigningKeys, SubscriptionToken, UserId};
use sha2::Sha256;

const SECRET: &str = "a secret for the fuzz target: 7f3a91c2e5";

fuzz_target!(|data: &[u8]| {
    let keys = SigningKeys::new([SECRET]).expect("the secret is long enough");
    let ann = UserId::from("ann");
    let channel = "liveops.owner.ann".parse().expect("a channel");
    let good = keys.sign(&ann, &channel).expect("a token");
    assert_eq!(keys.verify(&good, &ann).ok(), Some(channel));

    // Any text is refused.
    if let Ok(text) = str::from_utf8(data)
        && text != good.as_str()
    {
        assert!(keys.verify(&SubscriptionToken::from(text.to_owned()), &ann).is_err(), "{text}");
    }

    // Claims that are signed, but were not written by `sign`, must not panic.
    let (header, _) = good.as_str().split_once('.').expect("three parts");
    let message = format!("{header}.{}", BASE64_URL_SAFE_NO_PAD.encode(data));
    let mut key = [0; 32];
    let hkdf = Hkdf::<Sha256>::new(None, SECRET.as_bytes());
    hkdf.expand(b"liveops subscription token v1", &mut key).expect("32 bytes");
    let mut mac = Hmac::<Sha256>::new_from_slice(&key).expect("a key of any length");
    mac.update(message.as_bytes());
    let signature = BASE64_URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes());
    let forged = SubscriptionToken::from(format!("{message}.{signature}"));
    if keys.verify(&forged, &ann).is_ok() {
        let claims: serde_json::Value = serde_json::from_slice(data).expect("it was parsed");
        assert_eq!(claims["sub"], "ann");
        assert!(claims["exp"].as_f64().is_some_and(|exp| exp > 1.7e9), "{claims}");
    }
});
