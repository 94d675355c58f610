//! Where a walk takes its chances from: a seed, or bytes that a fuzzer or a property test has made up.

use payonce::key::Entropy;
use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::Rc;

/// A source of chances that all of a world share.
#[derive(Clone)]
pub struct Dice(Rc<RefCell<Source>>);

struct Source {
    /// Of SplitMix64.
    state: u64,
    /// What is left of the made-up bytes.
    bytes: Option<VecDeque<u8>>,
}

impl Dice {
    pub fn seeded(seed: u64) -> Self {
        Self(Rc::new(RefCell::new(Source { state: seed, bytes: None })))
    }

    /// Rolls what the bytes say, and nothing but zeros after them.
    pub fn scripted(bytes: &[u8]) -> Self {
        let bytes = Some(bytes.iter().copied().collect());
        Self(Rc::new(RefCell::new(Source { state: 0, bytes })))
    }

    /// Whether its script is over.
    pub fn is_spent(&self) -> bool {
        self.0.borrow().bytes.as_ref().is_some_and(VecDeque::is_empty)
    }

    pub fn roll(&self, sides: u64) -> u64 {
        let mut source = self.0.borrow_mut();
        let chance = match &mut source.bytes {
            None => source.next(),
            Some(bytes) => {
                let mut next = || u64::from(bytes.pop_front().unwrap_or(0));
                if sides <= 256 { next() } else { next() << 8 | next() }
            }
        };
        chance % sides
    }

    /// True once in `times` rolls.
    pub fn once_in(&self, times: u64) -> bool {
        self.roll(times) == 0
    }

    pub fn pick<T: Clone>(&self, from: &[T]) -> Option<T> {
        let sides = u64::try_from(from.len()).unwrap();
        (sides > 0).then(|| from[usize::try_from(self.roll(sides)).unwrap()].clone())
    }

    /// Takes one out.
    pub fn take<T>(&self, from: &mut Vec<T>) -> Option<T> {
        let sides = u64::try_from(from.len()).unwrap();
        (sides > 0).then(|| from.swap_remove(usize::try_from(self.roll(sides)).unwrap()))
    }
}

impl Source {
    /// SplitMix64.
    fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.state ^ (self.state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }
}

/// Keys must differ whatever the bytes say: entropy is not what is in question here.
impl Entropy for Dice {
    fn draw(&mut self) -> u128 {
        let mut source = self.0.borrow_mut();
        u128::from(source.next()) << 64 | u128::from(source.next())
    }
}
