#![allow(dead_code, non_camel_case_types)]

struct str;
struct usize;
struct u8;
struct u32;
struct u64;
struct bool;

#[derive(::liveops::LiveOperation)]
#[stages("Load" = 1, Save = 2)]
struct Shadowed;

// By hand, as serde's derives do not compile here.
impl ::serde::Serialize for Shadowed {
    fn serialize<S: ::serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_unit()
    }
}

impl<'de> ::serde::Deserialize<'de> for Shadowed {
    fn deserialize<D: ::serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        <() as ::serde::Deserialize>::deserialize(deserializer).map(|()| Self)
    }
}

fn main() {
    assert_eq!(ShadowedStage::Save.to_string(), "Save");
}
