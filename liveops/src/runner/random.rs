/// A random number from 0 to 1, so that what happens to many at once does not go on happening to
/// them at once.
pub(crate) fn random_share() -> f64 {
    // Without randomness nothing is spread, which costs a spike and nothing else.
    f64::from(getrandom::u32().unwrap_or_default()) / f64::from(u32::MAX)
}

/// Eight random digits that tell two processes apart which have the same number.
pub(super) fn random_hex() -> String {
    let unique = uuid::Uuid::now_v7().as_u128() as u32;
    format!("{:08x}", getrandom::u32().unwrap_or(unique))
}
