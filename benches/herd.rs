//! A herd of clients that all lose their reply at the same moment, and come back to a merchant that can serve a
//! twentieth of them each second. How hard do they hit it, how many requests does that take, when are all done?
//!
//! `cargo bench --bench herd` prints the tables; `cargo bench --bench herd -- docs/herd.svg` also draws the arrivals.
//! The clients of payonce run the real [`RetryPolicy`]; the others run their formula as it is shipped, without end:
//!
//! - stripe-node: `max(0.5, min(0.5 * 2^(n - 1), 5) * U(0.5, 1))` s, `n` from 0 (`_getSleepTimeInMS`, `RequestSender`)
//! - stripe-go: `max(0.5, min(0.5 + 0.5 * n^2, 5) * U(0.75, 1))` s, `n` from 0 (`sleepTime`, `stripe.go`)
//! - exponential: `min(2 * 2^n, 8)` s, no jitter: payonce's windows without its jitter
//! - decorrelated: `min(8, U(2, 3 * previous))` s, the first one after 2 s ("Exponential Backoff And Jitter", AWS Architecture Blog, 2015)
//!
//! Requests beyond the capacity of their 10 ms are turned away at once. Arrivals are counted in windows of 200 ms.
#![allow(
    clippy::indexing_slicing,
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::panic,
    missing_docs,
    reason = "a simulation for people who read its tables"
)]

use payonce::retry::{Jitter, RetryPolicy};
use std::fmt::Write as _;

/// Milliseconds.
const TICK: usize = 10;
const WINDOW: usize = 200;
/// What has not come to an end by then never will, for a shopper.
const END: usize = 120_000;
/// What part of the herd is served each second.
const SERVED_PER_SECOND: usize = 20;
const RETRY_AFTER: u64 = 3_000;

/// SplitMix64.
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// In `[0, 1)`.
    fn unit(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }
}

/// What a client knows after its `n`-th failure.
struct Failed {
    /// Failures before this one.
    n: u32,
    /// The delay before the request that failed, in milliseconds.
    previous: u64,
    /// What the merchant said.
    retry_after: Option<u64>,
    unit: f64,
}

/// The delay before the next request, in milliseconds; none where the client gives up.
type Strategy = Box<dyn Fn(&Failed) -> Option<u64>>;

/// Sends, then questions for the truth, as the machine makes them: nobody sends again after the policy's retries, and
/// the first question comes at once.
fn payonce(policy: RetryPolicy) -> Strategy {
    Box::new(move |failed| {
        if failed.n < policy.max_retries {
            return Some(policy.delay(failed.n, failed.previous, failed.unit, failed.retry_after));
        }
        match failed.n - policy.max_retries {
            0 => Some(failed.retry_after.unwrap_or(0)),
            asked if asked < policy.max_settles => {
                Some(policy.delay(asked - 1, policy.base, failed.unit, failed.retry_after))
            }
            _ => None,
        }
    })
}

/// A formula that gives seconds, with `Retry-After` as a floor.
fn formula(seconds: impl Fn(&Failed) -> f64 + 'static) -> Strategy {
    Box::new(move |failed| {
        let delay = (seconds(failed) * 1000.0).round() as u64;
        Some(delay.max(failed.retry_after.unwrap_or(0)))
    })
}

fn strategies() -> Vec<(&'static str, Strategy)> {
    let with = |jitter| payonce(RetryPolicy { jitter, ..RetryPolicy::default() });
    vec![
        ("payonce (full jitter)", with(Jitter::Full)),
        ("payonce, equal", with(Jitter::Equal)),
        ("payonce, additive", with(Jitter::Additive)),
        ("payonce, decorrelated", with(Jitter::Decorrelated)),
        (
            "stripe-node",
            formula(|failed| {
                let window = (0.5 * 2_f64.powi(failed.n as i32 - 1)).min(5.0);
                (window * 0.5 * (1.0 + failed.unit)).max(0.5)
            }),
        ),
        (
            "stripe-go",
            formula(|failed| {
                let window = (0.5 + 0.5 * f64::from(failed.n * failed.n)).min(5.0);
                (window * (1.0 - failed.unit / 4.0)).max(0.5)
            }),
        ),
        ("exponential, no jitter", formula(|failed| (2.0 * 2_f64.powi(failed.n as i32)).min(8.0))),
        (
            "decorrelated (AWS)",
            formula(|failed| {
                let highest = (failed.previous as f64 / 1000.0).max(2.0) * 3.0;
                (2.0 + (highest - 2.0) * failed.unit).min(8.0)
            }),
        ),
    ]
}

#[derive(Default)]
struct Outcome {
    /// By window of 200 ms.
    arrivals: Vec<usize>,
    requests: usize,
    /// When the last client that did not give up was served, in milliseconds.
    done: usize,
    gave_up: usize,
    /// Who still tried at the end of the simulation.
    left: usize,
}

fn simulate(clients: usize, strategy: &Strategy, retry_after: Option<u64>) -> Outcome {
    let mut dice = Dice(1);
    let capacity = clients / SERVED_PER_SECOND * TICK / 1000;
    let mut queue: Vec<Vec<(u32, u32)>> = vec![Vec::new(); END / TICK + 1]; // failures so far, delay before
    let mut outcome =
        Outcome { arrivals: vec![0; END / WINDOW + 1], requests: clients, ..Outcome::default() };
    let mut later =
        |queue: &mut Vec<Vec<(u32, u32)>>, outcome: &mut Outcome, now: usize, n: u32, previous: u32| {
            let failed = Failed { n, previous: u64::from(previous), retry_after, unit: dice.unit() };
            match strategy(&failed) {
                None => outcome.gave_up += 1,
                Some(delay) => {
                    // Never within the tick that is being served.
                    let at = (now + delay as usize).div_ceil(TICK).max(now / TICK + 1);
                    match queue.get_mut(at) {
                        Some(tick) => tick.push((n + 1, delay as u32)),
                        None => outcome.left += 1,
                    }
                }
            }
        };
    for _ in 0..clients {
        later(&mut queue, &mut outcome, 0, 0, 0);
    }
    let mut order = Dice(2);
    for tick in 0..queue.len() {
        let mut arrived = std::mem::take(&mut queue[tick]);
        if arrived.is_empty() {
            continue;
        }
        let now = tick * TICK;
        outcome.arrivals[now / WINDOW] += arrived.len();
        outcome.requests += arrived.len();
        // Whoever is served is a matter of chance.
        for served in 0..capacity.min(arrived.len()) {
            let other = served + order.next() as usize % (arrived.len() - served);
            arrived.swap(served, other);
        }
        if !arrived.is_empty() {
            outcome.done = now;
        }
        for (n, previous) in arrived.into_iter().skip(capacity) {
            later(&mut queue, &mut outcome, now, n, previous);
        }
    }
    outcome
}

fn peak(clients: usize, outcome: &Outcome) -> f64 {
    let capacity = clients as f64 / SERVED_PER_SECOND as f64 * WINDOW as f64 / 1000.0;
    outcome.arrivals.iter().max().copied().unwrap_or(0) as f64 / capacity
}

fn main() {
    let mut drawn = Vec::new();
    for clients in [100_000, 1_000_000] {
        for retry_after in [None, Some(RETRY_AFTER)] {
            let told = retry_after
                .map_or(String::new(), |delay| format!(", each told Retry-After: {} s", delay / 1000));
            println!("\n{clients} clients, capacity {}/s{told}\n", clients / SERVED_PER_SECOND);
            println!(
                "| strategy | peak / capacity | requests per client | last one served after | gave up | still trying after 2 min |"
            );
            println!("|---|---|---|---|---|---|");
            for (name, strategy) in strategies() {
                let outcome = simulate(clients, &strategy, retry_after);
                println!(
                    "| {name} | {:.1} | {:.2} | {:.1} s | {} | {} |",
                    peak(clients, &outcome),
                    outcome.requests as f64 / clients as f64,
                    outcome.done as f64 / 1000.0,
                    outcome.gave_up,
                    outcome.left,
                );
                if clients == 100_000 && retry_after.is_none() && name != "payonce, equal" {
                    drawn.push((name, outcome));
                }
            }
        }
    }
    // `cargo bench` passes options of its own.
    if let Some(path) = std::env::args().skip(1).find(|argument| argument.ends_with(".svg")) {
        std::fs::write(&path, plot(&drawn)).unwrap_or_else(|error| panic!("{path}: {error}"));
        eprintln!("drawn: {path}");
    }
}

/// The first seconds, one row for each strategy, all to one scale, as a root: a peak would hide the rest.
fn plot(drawn: &[(&str, Outcome)]) -> String {
    const SECONDS: usize = 30;
    const WIDTH: usize = 900;
    const ROW: usize = 84;
    const LEFT: usize = 170;
    let height = ROW * drawn.len() + 60;
    let highest = 100.0_f64;
    let mut svg = String::new();
    let mut line = |text: String| {
        let _infallible = writeln!(svg, "{text}");
    };
    line(format!(
        r#"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" font-family="system-ui, sans-serif" font-size="13" role="img" aria-label="Arrivals after an outage, by retry strategy">"#
    ));
    line(r"<style>text{fill:#24292f}.bar{fill:#0969da}.capacity{stroke:#bc4c00}.axis{stroke:#8c959f}@media(prefers-color-scheme:dark){text{fill:#e6edf3}.bar{fill:#58a6ff}.capacity{stroke:#f0883e}.axis{stroke:#6e7681}}</style>".into());
    line(format!(
        r#"<text x="{LEFT}" y="18">Requests per 200 ms over capacity (square root scale; the line is capacity, 1x)</text>"#
    ));
    let windows = SECONDS * 1000 / WINDOW;
    let wide = (WIDTH - LEFT - 20) as f64 / windows as f64;
    let capacity = 100_000.0 / SERVED_PER_SECOND as f64 * WINDOW as f64 / 1000.0;
    for (row, (name, outcome)) in drawn.iter().enumerate() {
        let floor = 30 + ROW * (row + 1);
        let tall = |ratio: f64| (ratio / highest).sqrt() * (ROW - 16) as f64;
        line(format!(r#"<text x="8" y="{}">{name}</text>"#, floor - 24));
        line(format!(
            r#"<text x="8" y="{}" font-size="11">peak {:.0}x</text>"#,
            floor - 8,
            peak(100_000, outcome)
        ));
        for (window, arrivals) in outcome.arrivals.iter().take(windows).enumerate().filter(|(_, n)| **n > 0) {
            let high = tall(*arrivals as f64 / capacity);
            line(format!(
                r#"<rect class="bar" x="{:.1}" y="{:.1}" width="{:.1}" height="{high:.1}"/>"#,
                LEFT as f64 + wide * window as f64,
                floor as f64 - high,
                (wide - 0.6).max(0.6),
            ));
        }
        let limit = floor as f64 - tall(1.0);
        line(format!(
            r#"<line class="capacity" x1="{LEFT}" x2="{}" y1="{limit:.1}" y2="{limit:.1}" stroke-dasharray="4 3"/>"#,
            WIDTH - 20
        ));
        line(format!(r#"<line class="axis" x1="{LEFT}" x2="{}" y1="{floor}" y2="{floor}"/>"#, WIDTH - 20));
    }
    for second in (0..=SECONDS).step_by(5) {
        let x = LEFT as f64 + (WIDTH - LEFT - 20) as f64 * second as f64 / SECONDS as f64;
        line(format!(r#"<text x="{x:.0}" y="{}" text-anchor="middle">{second} s</text>"#, height - 10));
    }
    svg.push_str("</svg>\n");
    svg
}
