#![no_implicit_prelude]

#[derive(::liveops::LiveOperation, ::serde::Serialize, ::serde::Deserialize)]
#[stages("Load" = 1, Save = 2)]
#[liveop(state = ::std::string::String)]
pub struct Import {
    pub file: ::std::string::String,
}

fn main() {
    ::std::assert_eq!(<ImportStage as ::liveops::Stage>::name(ImportStage::Save), "Save");
}
