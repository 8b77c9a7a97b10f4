#[allow(deprecated, unexpected_cfgs)]
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
