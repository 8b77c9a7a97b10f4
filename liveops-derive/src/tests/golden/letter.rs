#[allow(
    deprecated,
    unexpected_cfgs,
    reason = "the operation may be deprecated, and only rust-analyzer knows `cfg(rust_analyzer)`"
)]
const _: () = {
    #[cfg(rust_analyzer)]
    use ::liveops::operation::{keys::form, keys::validate, keys::{}};
    #[cfg(rust_analyzer)]
    use ::liveops::form::{
        keys::max_length, keys::validate, keys::default, keys::min, keys::max,
        keys::options, keys::default, keys::kind, keys::accept, keys::skip, keys::{},
    };
    #[automatically_derived]
    impl ::liveops::LiveOperation for Letter {
        type Stage = ::liveops::NoStages;
        type State = ::liveops::NoState;
        const NAMES: ::liveops::__private::Names = ::liveops::__private::Names {
            app: "demo_app",
            name: "letter",
            op_type: "demo_app.letter",
            title: "Letter",
            host_template: "demo_app/letter.html",
            result_template: "demo_app/letter_result.html",
            result_text_template: "demo_app/letter_result.txt",
        };
        const IS_PUBLIC: bool = true;
    }
    #[automatically_derived]
    impl ::liveops::__private::OptionalForm for Letter
    where
        for<'__any> Self: ::liveops::LiveOperation,
    {
        const FORM: ::core::option::Option<&'static ::liveops::__private::Form> = ::core::option::Option::Some(const {
            &::liveops::__private::Form {
                intro: "Sends a letter. To many.",
                fields: &[
                    ::liveops::__private::Field {
                        label: "Greeting",
                        help: "Stands above the text.",
                        read: |__value| ::liveops::__private::read_with(
                            __value,
                            |__value: &String| polite(__value),
                        ),
                        ..::liveops::__private::Field::max_length(
                            ::liveops::__private::Field::of::<String>("greeting"),
                            20u32,
                        )
                    },
                    ::liveops::__private::Field {
                        label: "Copies made",
                        default: ::core::option::Option::Some(|| ::liveops::__private::value(
                            &1i128,
                        )),
                        ..::liveops::__private::Field::max(
                            ::liveops::__private::Field::min(
                                ::liveops::__private::Field::of::<u8>("copiesMade"),
                                ::liveops::form::Bound::Whole(1i128),
                            ),
                            ::liveops::form::Bound::Decimal(9.5f64),
                        )
                    },
                    ::liveops::__private::Field {
                        label: "Bold",
                        aliases: &["loud"],
                        default: ::core::option::Option::Some(|| {
                            let __default: bool = ::core::default::Default::default();
                            ::liveops::__private::value(&__default)
                        }),
                        ..::liveops::__private::Field::of::<bool>("bold")
                    },
                    ::liveops::__private::Field {
                        label: "Pace",
                        default: ::core::option::Option::Some(|| {
                            let __default: u32 = PACE;
                            ::liveops::__private::value(&__default)
                        }),
                        ..::liveops::__private::Field::options(
                            ::liveops::__private::Field::of::<u32>("pace"),
                            &[
                                ::liveops::form::Choice {
                                    value: "0",
                                    label: "Fast",
                                },
                                ::liveops::form::Choice {
                                    value: "250",
                                    label: "250",
                                },
                            ],
                        )
                    },
                    ::liveops::__private::Field {
                        label: "Logo",
                        ..::liveops::__private::Field::accept(
                            ::liveops::__private::Field::shown_as(
                                ::liveops::__private::Field::like(
                                    "logo",
                                    ::liveops::form::FieldType::CONTENT,
                                ),
                                ::liveops::form::Control::File,
                            ),
                            ".png",
                        )
                    },
                ],
            }
        });
        const VALIDATE: ::core::option::Option<::liveops::__private::Validate<Self>> = ::core::option::Option::Some(|
            __operation|
        ::liveops::__private::outcome(Self::check(__operation)));
    }
    #[automatically_derived]
    impl ::liveops::form::HasForm for Letter
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
macro_rules! op_type_demo_app_DOT_letter {
    () => {};
}
