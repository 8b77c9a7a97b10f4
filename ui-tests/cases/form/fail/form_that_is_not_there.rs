use liveops::{LiveOperation, render::Renderer};
use serde::{Deserialize, Serialize};

#[derive(LiveOperation, Serialize, Deserialize)]
struct Import {
    file: String,
}

pub fn page(renderer: &Renderer) {
    renderer.form::<Import>();
}

fn main() {}
