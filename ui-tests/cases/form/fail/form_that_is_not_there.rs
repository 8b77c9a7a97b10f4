use liveops::{LiveOperation, Templates, render::Renderer};
use serde::{Deserialize, Serialize};

#[derive(LiveOperation, Serialize, Deserialize)]
struct Import {
    file: String,
}

fn main() {
    Renderer::new(Templates::new(), "/live").form::<Import>();
}
