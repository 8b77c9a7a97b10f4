#[allow(
    deprecated,
    unexpected_cfgs,
    reason = "the operation may be deprecated, and only rust-analyzer knows `cfg(rust_analyzer)`"
)]
const _: () = {
    #[cfg(rust_analyzer)]
    use ::liveops::operation::{keys::version, keys::before, keys::gap, keys::{}};
    #[automatically_derived]
    impl<T> ::liveops::EarlierInput for ImportV3<T>
    where
        Self: ::liveops::__private::serde::de::DeserializeOwned,
        Self: ::core::convert::From<ImportV1<T>>,
        ImportV1<T>: ::liveops::EarlierInput,
    {
        const VERSION: u32 = 3u32;
        const EARLIER: ::core::option::Option<::liveops::__private::Earlier<Self>> = ::core::option::Option::Some(const {
            ::liveops::__private::Earlier::before::<ImportV1<T>>(3u32, true)
        });
    }
};
