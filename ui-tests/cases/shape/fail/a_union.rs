use liveops::LiveOperation;

#[derive(LiveOperation)]
union Import {
    number: u32,
}

fn main() {}
