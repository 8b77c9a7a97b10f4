/// The stages of [`Newsletter`], in order.
#[derive(
    ::core::clone::Clone,
    ::core::marker::Copy,
    ::core::cmp::PartialEq,
    ::core::cmp::Eq,
    ::core::fmt::Debug,
)]
pub(crate) enum NewsletterStage {
    /// `type`, stage 1 of 2.
    Type,
    /// `Super`, stage 2 of 2.
    Super,
}
/// The tokens to enter each stage of [`Newsletter`] once.
pub(crate) struct NewsletterStages {
    /// The token to enter [`NewsletterStage::Type`].
    pub(crate) r#type: ::liveops::StageToken<NewsletterStage>,
    /// The token to enter [`NewsletterStage::Super`].
    pub(crate) super_: ::liveops::StageToken<NewsletterStage>,
}
#[allow(
    deprecated,
    unexpected_cfgs,
    reason = "the operation may be deprecated, and only rust-analyzer knows `cfg(rust_analyzer)`"
)]
const _: () = {
    #[cfg(rust_analyzer)]
    use ::liveops::operation::{
        keys::queue, keys::priority, keys::max_attempts, keys::backoff, keys::timeout,
        keys::unique, keys::cancel, keys::version, keys::on_shutdown, keys::{},
    };
    impl NewsletterStage {
        /// The position of the stage, from 0.
        #[must_use]
        #[inline]
        pub(crate) const fn index(self) -> ::core::primitive::usize {
            self as ::core::primitive::usize
        }
    }
    #[automatically_derived]
    impl ::liveops::Stage for NewsletterStage {
        const ALL: &'static [Self] = &[Self::Type, Self::Super];
        const NAMES: &'static [&'static ::core::primitive::str] = &["type", "Super"];
        type Tokens = NewsletterStages;
        #[inline]
        fn tokens() -> NewsletterStages {
            NewsletterStages {
                r#type: ::liveops::StageToken::new(Self::Type),
                super_: ::liveops::StageToken::new(Self::Super),
            }
        }
    }
    #[automatically_derived]
    impl ::core::fmt::Display for NewsletterStage {
        #[inline]
        fn fmt(
            &self,
            formatter: &mut ::core::fmt::Formatter<'_>,
        ) -> ::core::fmt::Result {
            ::core::fmt::Formatter::pad(formatter, ::liveops::Stage::name(*self))
        }
    }
    #[automatically_derived]
    impl ::core::str::FromStr for NewsletterStage {
        type Err = ::liveops::ParseError;
        #[inline]
        fn from_str(
            name: &::core::primitive::str,
        ) -> ::core::result::Result<Self, ::liveops::ParseError> {
            ::liveops::Stage::from_name(name)
        }
    }
    #[automatically_derived]
    impl ::liveops::__private::serde::Serialize for NewsletterStage {
        fn serialize<__S: ::liveops::__private::serde::Serializer>(
            &self,
            serializer: __S,
        ) -> ::core::result::Result<__S::Ok, __S::Error> {
            ::liveops::__private::serde::Serializer::serialize_str(
                serializer,
                ::liveops::Stage::name(*self),
            )
        }
    }
    #[automatically_derived]
    impl ::liveops::LiveOperation for Newsletter {
        type Stage = NewsletterStage;
        type State = ::liveops::NoState;
        const NAMES: ::liveops::__private::Names = ::liveops::__private::Names {
            app: "demo_app",
            name: "newsletter",
            op_type: "demo_app.newsletter",
            title: "Newsletter",
            host_template: "demo_app/newsletter.html",
            result_template: "demo_app/newsletter_result.html",
            result_text_template: "demo_app/newsletter_result.txt",
        };
        const POLICY: ::liveops::Policy = ::liveops::Policy {
            queue: "mail",
            priority: -1i32,
            max_attempts: 5u32,
            backoff: ::liveops::Backoff {
                first: ::core::time::Duration::from_millis(10000u64),
                longest: ::core::time::Duration::from_millis(3600000u64),
            },
            timeout: ::core::option::Option::Some(
                ::core::time::Duration::from_millis(120000u64),
            ),
            cancel: ::liveops::CancelMode::Abort,
            requeue_on_shutdown: true,
            version: 2u32,
            ..::liveops::Policy::DEFAULT
        };
        const UNIQUE: ::liveops::Unique<Self> = ::liveops::Unique::By(Newsletter::issue);
    }
    #[automatically_derived]
    impl ::liveops::__private::OptionalForm for Newsletter
    where
        for<'__any> Self: ::liveops::LiveOperation,
    {}
};
#[doc(hidden)]
#[allow(
    non_local_definitions,
    reason = "the macro leaves a function that defines the operation, on purpose"
)]
#[macro_export]
macro_rules! op_type_demo_app_DOT_newsletter {
    () => {};
}
