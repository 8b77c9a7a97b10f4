//! An application compiles the dependencies of the features that it uses, and no others.

use std::collections::{BTreeMap, BTreeSet};

use crate::support::manifest::cargo;

/// The packages that an application compiles with these features of liveops and no others, each
/// with its own features.
#[track_caller]
fn compiled(features: &str) -> BTreeMap<String, BTreeSet<String>> {
    let tree = cargo(&[
        "tree",
        "--package=liveops",
        "--no-default-features",
        &format!("--features={features}"),
        "--edges=normal",
        "--prefix=none",
        "--format={p} {f}",
    ]);
    let mut packages: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for line in tree.lines() {
        // `rustls v0.23.46 ring,std,tls12`, and `(*)` behind a package that was listed before.
        let mut words = line.split_whitespace().filter(|word| !word.starts_with('('));
        let name = words.next().unwrap().to_owned();
        let of_package = words.skip(1).flat_map(|features| features.split(','));
        packages.entry(name).or_default().extend(of_package.map(str::to_owned));
    }
    assert!(packages.contains_key("tokio"), "not a tree of packages:\n{tree}");
    packages
}

/// Packages for TLS and for the cryptography behind it.
fn is_for_tls(package: &str) -> bool {
    ["ring", "aws-lc", "native-tls", "openssl", "webpki"].iter().any(|of| package.starts_with(of))
        || package.contains("rustls")
}

#[test]
fn tls_is_compiled_only_where_a_connection_can_use_it() {
    for features in ["", "sqlite", "sqlite,apalis,cli,log-layer,minijinja,testing"] {
        let compiled = compiled(features);
        let for_tls: Vec<_> = compiled.keys().filter(|package| is_for_tls(package)).collect();
        assert!(for_tls.is_empty(), "{features}: {for_tls:?}");
    }
}

#[test]
fn tls_has_one_cryptography_provider_with_every_feature_that_uses_it() {
    for features in ["postgres", "redis", "sqlite,redis", "postgres,redis"] {
        let compiled = compiled(features);
        let rustls = compiled.get("rustls").unwrap_or_else(|| panic!("{features}: no rustls"));
        assert!(rustls.contains("ring"), "{features}: {rustls:?}");
        assert!(!compiled.keys().any(|package| package.starts_with("aws-lc")), "{features}");
    }
}

/// Tokens are signed with HMAC alone. `rsa` has RUSTSEC-2023-0071, which no release of it fixes.
#[test]
fn nothing_is_compiled_for_signatures_that_tokens_do_not_have() {
    let compiled = compiled("sqlite,postgres,redis,apalis,cli,log-layer,minijinja,testing");
    for absent in ["rsa", "jsonwebtoken", "p256", "ed25519-dalek"] {
        assert!(!compiled.contains_key(absent), "{absent}");
    }
}
