//! Events in any order, sensible or not, from two tabs, a merchant and a journal that may all fail.

#[path = "../../tests/world/mod.rs"]
#[allow(dead_code, reason = "the random walk also counts what it has seen")]
mod world;

use world::{Dice, World};

/// The first byte says whether the merchant is honest, and whether the logs are replayed at the end, which takes longer
/// than the walk; the rest is the script of the walk.
pub fn check(data: &[u8]) {
    let Some((first, script)) = data.split_first() else { return };
    let mut world = World::new(Dice::scripted(script), first & 1 == 0);
    world.walk(400);
    if first & 0b1110 == 0 {
        world.check_logs();
    }
}
