#[allow(
    deprecated,
    unexpected_cfgs,
    reason = "the operation may be deprecated, and only rust-analyzer knows `cfg(rust_analyzer)`"
)]
const _: () = {
    #[automatically_derived]
    impl ::liveops::form::FormField for Format {
        const FIELD: ::liveops::form::FieldType = ::liveops::form::FieldType::select(
            &[
                ::liveops::form::Choice {
                    value: "csv",
                    label: "Comma-separated",
                },
                ::liveops::form::Choice {
                    value: "excel-sheet",
                    label: "Excel sheet",
                },
            ],
        );
    }
};
