//! Random values that spread load and name processes.

/// Returns a random number from 0 to 1, for spreading actions that would otherwise happen at the same
/// time.
pub(crate) fn random_share() -> f64 {
    // Without a random source nothing is spread, which causes a load spike but no error.
    f64::from(getrandom::u32().unwrap_or_default()) / f64::from(u32::MAX)
}

/// Returns eight random hexadecimal digits that distinguish two processes with the same process ID.
pub(super) fn random_hex() -> String {
    let unique = uuid::Uuid::now_v7().as_u128() as u32;
    format!("{:08x}", getrandom::u32().unwrap_or(unique))
}
