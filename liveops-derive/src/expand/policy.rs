//! `LiveOperation::POLICY` and `UNIQUE`, if keys are given.

use std::time::Duration;

use proc_macro2::TokenStream;
use quote::quote;

use crate::model::{Backoff, CancelMode, Model, Policy, Unique};

pub(super) fn expand(model: &Model, krate: &TokenStream) -> TokenStream {
    let Policy {
        queue,
        priority,
        max_attempts,
        backoff,
        timeout,
        cancel,
        requeue_on_shutdown,
        version,
        unique,
    } = model.policy();
    let unique = unique.as_ref().map(|unique| self::unique(unique, krate));
    let fields: Vec<TokenStream> = [
        queue.as_ref().map(|queue| quote!(queue: #queue)),
        priority.map(|priority| quote!(priority: #priority)),
        max_attempts.map(|max_attempts| quote!(max_attempts: #max_attempts)),
        backoff.map(|backoff| self::backoff(backoff, krate)),
        timeout.map(|timeout| {
            let timeout = duration(timeout);
            quote!(timeout: ::core::option::Option::Some(#timeout))
        }),
        cancel.map(|cancel| {
            let cancel = match cancel {
                CancelMode::Cooperative => quote!(Cooperative),
                CancelMode::Abort => quote!(Abort),
            };
            quote!(cancel: #krate::CancelMode::#cancel)
        }),
        requeue_on_shutdown.map(|requeue| quote!(requeue_on_shutdown: #requeue)),
        version.map(|version| quote!(version: #version)),
    ]
    .into_iter()
    .flatten()
    .collect();
    let policy = (!fields.is_empty()).then(|| {
        quote! {
            const POLICY: #krate::Policy = #krate::Policy {
                #(#fields,)*
                ..#krate::Policy::DEFAULT
            };
        }
    });
    quote!(#policy #unique)
}

fn backoff(Backoff { first, longest }: Backoff, krate: &TokenStream) -> TokenStream {
    let (first, longest) = (duration(first), duration(longest));
    quote!(backoff: #krate::Backoff { first: #first, longest: #longest })
}

fn duration(length: Duration) -> TokenStream {
    let millis = u64::try_from(length.as_millis()).unwrap_or(u64::MAX);
    quote!(::core::time::Duration::from_millis(#millis))
}

fn unique(unique: &Unique, krate: &TokenStream) -> TokenStream {
    let unique = match unique {
        Unique::Input => quote!(Input),
        Unique::Owner => quote!(Owner),
        Unique::By(function) => quote!(By(#function)),
    };
    quote!(const UNIQUE: #krate::Unique<Self> = #krate::Unique::#unique;)
}
