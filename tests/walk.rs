//! A random walk through the world: 500 seeds, 400 steps each, and as many scripts as proptest makes up, which it
//! shrinks to a short one where something does not hold.
#![cfg(not(target_arch = "wasm32"))]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stderr,
    missing_docs,
    reason = "a test fails by panicking, and tells what it covered"
)]

mod coverage;
mod world;

use payonce::checkout::table::{Cell, cell};
use payonce::checkout::{EventKind, StateKind};
use proptest::prelude::*;
use std::collections::{HashMap, HashSet};
use world::{Dice, World};

const WALKS: u64 = 500;
const STEPS: usize = 400;

#[test]
fn a_random_walk_holds_every_invariant() {
    let mut covered: HashMap<(StateKind, EventKind), u32> = HashMap::new();
    let (mut charges, mut attempts) = (0, 0);
    for seed in 0..WALKS {
        let honest = seed.is_multiple_of(2);
        let mut world = World::new(Dice::seeded(seed), honest);
        world.walk(STEPS);
        if seed.is_multiple_of(5) {
            world.check_logs();
        }
        charges += world.charges();
        attempts += world.attempts();
        for (&cell, times) in world.covered() {
            coverage::enter(cell, true);
            *covered.entry(cell).or_default() += times;
        }
    }
    let all =
        StateKind::ALL.iter().flat_map(|&state| EventKind::ALL.iter().map(move |&event| (state, event)));
    let taken: Vec<_> = all.filter(|&(state, event)| matches!(cell(state, event), Cell::To(_))).collect();
    let missed: Vec<_> = taken.iter().filter(|cell| !covered.contains_key(cell)).collect();
    eprintln!(
        "{attempts} attempts sent, {charges} charges, {} of {} cells entered; not entered: {missed:?}",
        taken.len() - missed.len(),
        taken.len(),
    );
    assert!(charges > 500);
    let states: HashSet<_> = covered.keys().map(|(state, _)| *state).collect();
    assert_eq!(states.len(), StateKind::ALL.len(), "some state was never left: {states:?}");
    assert!(missed.len() * 10 <= taken.len(), "the walk does not get around: {missed:?}");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, ..ProptestConfig::default() })]

    #[test]
    fn any_script_holds_every_invariant(script in prop::collection::vec(any::<u8>(), 0..2000), honest: bool) {
        let mut world = World::new(Dice::scripted(&script), honest);
        world.walk(STEPS);
        world.check_logs();
    }
}
