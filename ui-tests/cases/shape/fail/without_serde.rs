use liveops::LiveOperation;

#[derive(LiveOperation)]
struct Import;

fn main() {}
