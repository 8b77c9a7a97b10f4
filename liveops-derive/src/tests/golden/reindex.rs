#[allow(deprecated)]
const _: () = {
    #[automatically_derived]
    impl ::liveops::LiveOperation for Reindex {
        type Stage = ::liveops::NoStages;
        type State = ::liveops::NoState;
        const APP: &'static ::core::primitive::str = "demo_app";
        const NAME: &'static ::core::primitive::str = "reindex";
        const OP_TYPE: &'static ::core::primitive::str = "demo_app.reindex";
        const TITLE: &'static ::core::primitive::str = "Reindex";
        const HOST_TEMPLATE: &'static ::core::primitive::str = "demo_app/reindex.html";
        const RESULT_TEMPLATE: &'static ::core::primitive::str = "demo_app/reindex_result.html";
        const RESULT_TEXT_TEMPLATE: &'static ::core::primitive::str = "demo_app/reindex_result.txt";
    }
};
