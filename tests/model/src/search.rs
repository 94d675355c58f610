//! Breadth-first search: every state that can be reached, each once, and the shortest way to the first that is wrong.
#![forbid(unsafe_code)]

use crate::promises::Broken;
use crate::setting::Setting;
use crate::step::Step;
use crate::world::World;
use core::fmt;
use std::collections::{HashSet, VecDeque};

/// What a search has seen.
#[derive(Debug, Clone, Copy)]
pub struct Figures {
    /// Different states.
    pub states: usize,
    /// Steps tried, from one state to the same or another one.
    pub steps: usize,
    /// Steps from the start to the farthest state.
    pub depth: usize,
    /// States from which everything was let go well, to see whether the shopper gets to pay.
    pub resumed: usize,
}

impl fmt::Display for Figures {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { states, steps, depth, resumed } = self;
        write!(formatter, "{states} states, {steps} steps, depth {depth}, resumed from {resumed}")
    }
}

/// How a promise was broken, in as few steps as possible.
#[derive(Debug, Clone)]
pub struct Counterexample {
    /// Where it happened.
    pub setting: Setting,
    /// The steps that lead there.
    pub steps: Vec<Step>,
    /// What was promised.
    pub broken: Broken,
    /// How many states were seen before it was found.
    pub states: usize,
}

/// The story: each step, and where that left the tabs and the ledger.
impl fmt::Display for Counterexample {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Ok(mut world) = World::new(self.setting) else { return write!(formatter, "{}", self.broken) };
        for (n, step) in self.steps.iter().enumerate() {
            write!(formatter, "{:>4}. {step}", n + 1)?;
            match world.take(*step) {
                Ok(_) => writeln!(formatter, " -> {world}")?,
                Err(_) => writeln!(formatter)?,
            }
        }
        write!(formatter, "      {} ({} states seen)", self.broken, self.states)
    }
}

/// Where a state was come from.
struct Origin {
    parent: u32,
    step: Step,
}

/// Visits every state of `setting`. From one in `sample` of them (none where it is 0) everything is also let go well, to
/// see whether the shopper gets to pay. `progress` is told of each depth.
///
/// # Errors
/// The shortest [`Counterexample`], where there is one.
///
/// # Panics
/// When there are more than 2^32 states.
pub fn explore(
    setting: &Setting,
    sample: u128,
    mut progress: impl FnMut(&Figures),
) -> Result<Figures, Box<Counterexample>> {
    let mut origins: Vec<Origin> = Vec::new();
    let mut seen: HashSet<u128> = HashSet::new();
    let mut layer: VecDeque<(u32, u128, World)> = VecDeque::new();
    let mut figures = Figures { states: 0, steps: 0, depth: 0, resumed: 0 };
    let mut steps = Vec::new();

    let fail = |origins: &[Origin], mut at: u32, then: &[Step], broken: Broken| {
        let mut trail: Vec<Step> = then.iter().rev().copied().collect();
        while at > 0 {
            let Some(origin) = origins.get(at as usize - 1) else { break };
            trail.push(origin.step);
            at = origin.parent;
        }
        trail.reverse();
        Box::new(Counterexample { setting: *setting, steps: trail, broken, states: origins.len() })
    };

    let start = World::new(*setting).map_err(|broken| fail(&origins, 0, &[], broken))?;
    let print = start.fingerprint();
    seen.insert(print);
    layer.push_back((0, print, start));
    while !layer.is_empty() {
        let mut next = VecDeque::new();
        for (at, print, world) in layer {
            if sample > 0 && print.is_multiple_of(sample) {
                figures.resumed += 1;
                world.resume().map_err(|(steps, broken)| fail(&origins, at, &steps, broken))?;
            }
            steps.clear();
            world.steps(&mut steps);
            for step in &steps {
                figures.steps += 1;
                let mut there = world.clone();
                let taken = there.take(*step);
                match taken {
                    Err(broken) => return Err(fail(&origins, at, &[*step], broken)),
                    Ok(false) => continue,
                    Ok(true) => {}
                }
                let print = there.fingerprint();
                if seen.insert(print) {
                    origins.push(Origin { parent: at, step: *step });
                    let id = u32::try_from(origins.len()).unwrap_or_else(|_| unreachable!("too many states"));
                    next.push_back((id, print, there));
                }
            }
        }
        if !next.is_empty() {
            figures.depth += 1;
        }
        figures.states = seen.len();
        progress(&figures);
        layer = next;
    }
    Ok(figures)
}
