//! A herd of clients that all fail at the same moment, and come back to a merchant that can serve a twentieth of them
//! each second. How hard do they hit it, how many requests does that take, when are all done?
//!
//! `cargo bench --bench herd` prints the tables; `cargo bench --bench herd -- docs/herd.svg` also draws the arrivals.
//! The clients of payonce run the real [`RetryPolicy`], in the order in which the machine does: before anything is
//! counted, real checkouts are driven into the same failures and must come at the same times. The others run their
//! formula as it is shipped, without end; Stripe's also with the two resends after which they give up by default:
//!
//! - stripe-node 23.1.0: `max(0.5, min(0.5 * 2^(n - 1), 5) * U(0.5, 1))` s, `n` from 0 (`_getSleepTimeInMS` in
//!   `RequestSender`). It does not read `Retry-After`: that was removed in 22.3.1; before, it was a floor.
//! - stripe-go 84.4.1: `max(0.5, min(0.5 + 0.5 * n^2, 5) * U(0.75, 1))` s, `n` from 0 (`sleepTime` in `stripe.go`). It
//!   does not read `Retry-After`.
//! - exponential: `min(2 * 2^n, 8)` s, no jitter: payonce's windows without its jitter; `Retry-After` is a floor.
//! - decorrelated: `min(8, U(2, 3 * previous))` s, where the first `previous` is 2 s ("Exponential Backoff And Jitter",
//!   AWS Architecture Blog, 2015); `Retry-After` is a floor.
//!
//! Requests beyond the capacity of their 10 ms are turned away at once, with a 503. A peak is the fullest window of 10 ms,
//! 200 ms or 1 s after the first failure, over what can be served in such a window. Requests per client include the
//! one that failed first, and the questions for the truth. Not served is who gave up, or still tries after two minutes.
#![allow(
    clippy::indexing_slicing,
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::expect_used,
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::panic,
    missing_docs,
    reason = "a simulation for people who read its tables"
)]

use payonce::cart::Cart;
use payonce::checkout::{Checkout, Config, Durability, Effect, Event};
use payonce::key::{self, Entropy};
use payonce::outcome::{Cause, Doubt, Outcome, SettleAnswer};
use payonce::provider::Profile;
use payonce::retry::{Jitter, RetryPolicy};
use payonce::token::WalletToken;
use std::collections::VecDeque;
use std::fmt::Write as _;

/// Milliseconds.
const TICK: usize = 10;
/// The windows in which arrivals are counted. The drawing and the comparison use the second.
const WINDOWS: [usize; 3] = [10, 200, 1_000];
const WINDOW: usize = WINDOWS[1];
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

/// What a client remembers from one failure to the next.
#[derive(Clone, Copy, Default)]
struct Client {
    resends: u32,
    /// Questions for the truth. Only payonce asks.
    asked: u32,
    /// The delay before the request that failed, in milliseconds.
    previous: u32,
}

/// What a failure brings.
struct Failure {
    /// Since the first one, in milliseconds.
    now: u64,
    /// What the merchant said.
    retry_after: Option<u64>,
    unit: f64,
}

/// The delay before the next request, in milliseconds; none where the client gives up.
type Strategy = Box<dyn Fn(&mut Client, &Failure) -> Option<u64>>;

/// Sends, then questions for the truth, as the machine makes them: nobody sends again after the policy's retries or
/// beyond its total time, and the first question comes at once.
fn payonce(policy: RetryPolicy) -> Strategy {
    Box::new(move |client, failure| {
        if client.asked == 0 && client.resends < policy.max_retries {
            let previous = client.previous.into();
            let delay = policy.delay(client.resends, previous, failure.unit, failure.retry_after);
            if failure.now + delay < policy.total_time {
                client.resends += 1;
                return Some(delay);
            }
        }
        client.asked += 1;
        let bound = failure.retry_after.map(|bound| bound.min(policy.total_time));
        match client.asked {
            1 => Some(bound.unwrap_or(0)),
            asked if asked <= policy.max_settles => {
                Some(policy.delay(asked - 2, policy.base, failure.unit, bound))
            }
            _ => None,
        }
    })
}

/// A formula that gives seconds after `n` resends, and how many resends there are.
fn formula(resends: u32, seconds: impl Fn(i32, &Client, &Failure) -> f64 + 'static) -> Strategy {
    Box::new(move |client, failure| {
        let n = client.resends;
        client.resends += 1;
        (n < resends).then(|| (seconds(n as i32, client, failure) * 1000.0).round() as u64)
    })
}

/// `Retry-After` in seconds, for those who take it as a floor.
fn floor(failure: &Failure) -> f64 {
    failure.retry_after.unwrap_or(0) as f64 / 1000.0
}

fn stripe_node(n: i32, _: &Client, failure: &Failure) -> f64 {
    let window = (0.5 * 2_f64.powi(n - 1)).min(5.0);
    (window * 0.5 * (1.0 + failure.unit)).max(0.5)
}

fn stripe_go(n: i32, _: &Client, failure: &Failure) -> f64 {
    let window = (0.5 + 0.5 * f64::from(n).powi(2)).min(5.0);
    (window * (1.0 - failure.unit / 4.0)).max(0.5)
}

fn exponential(n: i32, _: &Client, failure: &Failure) -> f64 {
    (2.0 * 2_f64.powi(n)).min(8.0).max(floor(failure))
}

fn decorrelated(_: i32, client: &Client, failure: &Failure) -> f64 {
    let highest = (f64::from(client.previous) / 1000.0).max(2.0) * 3.0;
    (2.0 + (highest - 2.0) * failure.unit).min(8.0).max(floor(failure))
}

const JITTERS: [(&str, Jitter); 4] = [
    ("payonce, full jitter", Jitter::Full),
    ("payonce, equal", Jitter::Equal),
    ("payonce, additive", Jitter::Additive),
    ("payonce, decorrelated", Jitter::Decorrelated),
];

fn strategies() -> Vec<(&'static str, Strategy)> {
    const ENDLESS: u32 = u32::MAX;
    let mut all = vec![
        ("stripe-node", formula(ENDLESS, stripe_node)),
        ("stripe-node, two resends", formula(2, stripe_node)),
        ("stripe-go", formula(ENDLESS, stripe_go)),
        ("stripe-go, two resends", formula(2, stripe_go)),
        ("exponential, no jitter", formula(ENDLESS, exponential)),
        ("decorrelated (AWS)", formula(ENDLESS, decorrelated)),
    ];
    all.extend(JITTERS.iter().map(|(name, jitter)| (*name, payonce(policy(*jitter)))));
    let four = RetryPolicy { max_retries: 4, ..RetryPolicy::default() };
    all.push(("payonce, full jitter, four resends", payonce(four)));
    all
}

fn policy(jitter: Jitter) -> RetryPolicy {
    RetryPolicy { jitter, ..RetryPolicy::default() }
}

/// The same at every draw.
struct Constant(u128);

impl Entropy for Constant {
    fn draw(&mut self) -> u128 {
        self.0
    }
}

/// When a checkout comes to a merchant that always turns it away, in milliseconds.
fn visits_of_checkout(policy: RetryPolicy, retry_after: Option<u64>, bits: u128) -> Vec<u64> {
    const CART: &str =
        r#"{"currency":"EUR","lines":[{"id":"mug","quantity":1,"unitAmount":990}],"total":990}"#;
    let config = Config { profile: Profile::Ietf, retry: policy, durability: Durability::Preferred };
    let mut checkout = Checkout::new(config, Box::new(Constant(bits)));
    let mut events = VecDeque::from([
        Event::JournalRead { record: None },
        Event::CartSet { cart: Cart::from_json(CART).expect("the cart is valid"), provider_ref: None },
        Event::SheetRequested { retries_in_place: true },
    ]);
    let turned_away = || Outcome::Ambiguous(Doubt { retry_after, ..Doubt::new(Cause::ServerError) });
    let (mut now, mut visits, mut timer) = (0, Vec::new(), None);
    while let Some(event) = events.pop_front() {
        for effect in checkout.handle(event, now).expect("the event has its place") {
            events.push_back(match effect {
                Effect::OpenSheet { sheet } => Event::TokenReceived {
                    sheet,
                    token: WalletToken::new("tok_1".into()).expect("the token is valid"),
                    expires_at: None,
                    cart_hash: None,
                    details: None,
                },
                Effect::AcquireLock { effect } => Event::LockGranted { effect, record: None },
                Effect::WriteJournal { effect, .. } => Event::JournalWritten { effect, durable: true },
                Effect::SendAttempt { effect, .. } => {
                    visits.push(now);
                    Event::SendAnswered { effect, outcome: turned_away() }
                }
                Effect::SettleAttempt { effect, .. } => {
                    visits.push(now);
                    Event::SettleAnswered { effect, answer: SettleAnswer::Outcome(turned_away()) }
                }
                Effect::StartTimer { effect, delay } => {
                    timer = Some((effect, delay));
                    continue;
                }
                Effect::CancelTimer { effect } => {
                    timer = timer.filter(|(running, _)| *running != effect);
                    continue;
                }
                _ => continue,
            });
        }
        if events.is_empty()
            && let Some((effect, delay)) = timer.take()
        {
            now += delay;
            events.push_back(Event::TimerFired { effect });
        }
    }
    visits
}

/// When a client of the herd comes to it.
fn visits_of_client(strategy: &Strategy, retry_after: Option<u64>, unit: f64) -> Vec<u64> {
    let (mut client, mut visits, mut now) = (Client::default(), vec![0], 0);
    while let Some(delay) = strategy(&mut client, &Failure { now, retry_after, unit }) {
        client.previous = delay as u32;
        now += delay;
        visits.push(now);
    }
    visits
}

/// The herd is no better than its likeness to the machine.
fn compare_with_the_machine() {
    let mut dice = Dice(3);
    for (name, jitter) in JITTERS {
        for retry_after in [None, Some(RETRY_AFTER), Some(60_000)] {
            for _ in 0..200 {
                let bits = u128::from(dice.next()) << 64;
                let client = visits_of_client(&payonce(policy(jitter)), retry_after, key::unit(bits));
                let checkout = visits_of_checkout(policy(jitter), retry_after, bits);
                assert_eq!(client, checkout, "{name}, Retry-After: {retry_after:?}");
            }
        }
    }
}

#[derive(Default)]
struct Count {
    /// By tick.
    arrivals: Vec<usize>,
    requests: usize,
    /// Who was served when they sent again.
    resent: usize,
    /// Who was served when they asked for the truth.
    asked: usize,
    /// When the last one was served, in milliseconds.
    done: usize,
}

impl Count {
    /// What arrived in each `window` milliseconds, over what could be served in it.
    fn loads(&self, clients: usize, window: usize) -> impl Iterator<Item = f64> {
        let capacity = (clients / SERVED_PER_SECOND * window) as f64 / 1000.0;
        self.arrivals.chunks(window / TICK).map(move |ticks| ticks.iter().sum::<usize>() as f64 / capacity)
    }

    fn peak(&self, clients: usize, window: usize) -> f64 {
        self.loads(clients, window).fold(0.0, f64::max)
    }
}

fn simulate(clients: usize, strategy: &Strategy, retry_after: Option<u64>) -> Count {
    let mut dice = Dice(1);
    let capacity = clients / SERVED_PER_SECOND * TICK / 1000;
    let ticks = END / TICK + 1;
    let mut queue: Vec<Vec<Client>> = vec![Vec::new(); ticks];
    let mut count = Count { arrivals: vec![0; ticks], requests: clients, ..Count::default() };
    let mut fail = |queue: &mut Vec<Vec<Client>>, now: usize, mut client: Client| {
        let failure = Failure { now: now as u64, retry_after, unit: dice.unit() };
        if let Some(delay) = strategy(&mut client, &failure) {
            client.previous = delay as u32;
            // Never within the tick that is being served.
            let at = (now + delay as usize).div_ceil(TICK).max(now / TICK + 1);
            if let Some(tick) = queue.get_mut(at) {
                tick.push(client);
            }
        }
    };
    for _ in 0..clients {
        fail(&mut queue, 0, Client::default());
    }
    let mut order = Dice(2);
    for tick in 0..ticks {
        let mut arrived = std::mem::take(&mut queue[tick]);
        if arrived.is_empty() {
            continue;
        }
        let now = tick * TICK;
        count.arrivals[tick] = arrived.len();
        count.requests += arrived.len();
        count.done = now;
        // Whoever is served is a matter of chance.
        for served in 0..capacity.min(arrived.len()) {
            let other = served + order.next() as usize % (arrived.len() - served);
            arrived.swap(served, other);
        }
        for (place, client) in arrived.into_iter().enumerate() {
            match client.asked {
                _ if place >= capacity => fail(&mut queue, now, client),
                0 => count.resent += 1,
                _ => count.asked += 1,
            }
        }
    }
    count
}

/// One shopper of a merchant that is back after `outage` milliseconds and has room for everybody: how much later they
/// are served on average, in seconds (if ever), and what share of them by a resend, in percent.
fn alone(strategy: &Strategy, outage: u64) -> (Option<f64>, f64) {
    const SHOPPERS: usize = 20_000;
    let mut dice = Dice(4);
    let (mut late, mut served, mut resent) = (0, 0, 0);
    for _ in 0..SHOPPERS {
        let (mut client, mut now) = (Client::default(), 0);
        while now < outage {
            let failure = Failure { now, retry_after: None, unit: dice.unit() };
            let Some(delay) = strategy(&mut client, &failure) else { break };
            client.previous = delay as u32;
            now += delay;
        }
        if now >= outage {
            served += 1;
            late += now - outage;
            resent += usize::from(client.asked == 0);
        }
    }
    let late = (served > 0).then(|| late as f64 / f64::from(served) / 1000.0);
    (late, 100.0 * resent as f64 / SHOPPERS as f64)
}

fn main() {
    compare_with_the_machine();
    println!("A herd comes back to a merchant that can serve a twentieth of it each second.\n");
    println!(
        "| strategy | clients | Retry-After | peak in 10 ms | in 200 ms | in 1 s | requests per client | last one served after | served by a resend | by a question | not served |"
    );
    println!("|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|");
    let mut drawn = Vec::new();
    for clients in [100_000, 1_000_000] {
        for retry_after in [None, Some(RETRY_AFTER)] {
            let told = retry_after.map_or("none".into(), |delay| format!("{} s", delay / 1000));
            for (name, strategy) in strategies() {
                let count = simulate(clients, &strategy, retry_after);
                let [tick, window, second] = WINDOWS.map(|window| count.peak(clients, window));
                let share = |part: usize| 100.0 * part as f64 / clients as f64;
                println!(
                    "| {name} | {clients} | {told} | {tick:.1} | {window:.1} | {second:.1} | {:.2} | {:.1} s | {:.1} % | {:.1} % | {:.1} % |",
                    count.requests as f64 / clients as f64,
                    count.done as f64 / 1000.0,
                    share(count.resent),
                    share(count.asked),
                    share(clients - count.resent - count.asked),
                );
                if clients == DRAWN && retry_after.is_none() && !LEFT_OUT.contains(&name) {
                    drawn.push((name, count));
                }
            }
        }
    }
    println!(
        "\nOne shopper of a merchant that is back after so long: served how much later, and by a resend.\n"
    );
    println!("| strategy | 0.1 s | | 5 s | | 10 s | | 15 s | | 20 s | |");
    println!("|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|");
    for (name, strategy) in strategies() {
        print!("| {name} |");
        for outage in [100, 5_000, 10_000, 15_000, 20_000] {
            let (late, resent) = alone(&strategy, outage);
            let late = late.map_or("never".into(), |late| format!("{late:.1} s"));
            print!(" {late} | {resent:.0} % |");
        }
        println!();
    }
    // `cargo bench` passes options of its own.
    if let Some(path) = std::env::args().skip(1).find(|argument| argument.ends_with(".svg")) {
        std::fs::write(&path, plot(&drawn)).unwrap_or_else(|error| panic!("{path}: {error}"));
        eprintln!("drawn: {path}");
    }
}

/// How many clients are drawn.
const DRAWN: usize = 100_000;

/// What would look as its neighbour does.
const LEFT_OUT: [&str; 4] = [
    "payonce, equal",
    "payonce, full jitter, four resends",
    "stripe-node, two resends",
    "stripe-go, two resends",
];

/// The first seconds, one row for each strategy, all to one scale, as a root: a peak would hide the rest.
fn plot(drawn: &[(&str, Count)]) -> String {
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
    for (row, (name, count)) in drawn.iter().enumerate() {
        let floor = 30 + ROW * (row + 1);
        let tall = |ratio: f64| (ratio / highest).sqrt() * (ROW - 16) as f64;
        line(format!(r#"<text x="8" y="{}">{name}</text>"#, floor - 24));
        line(format!(
            r#"<text x="8" y="{}" font-size="11">peak {:.0}x</text>"#,
            floor - 8,
            count.peak(DRAWN, WINDOW)
        ));
        let loads = count.loads(DRAWN, WINDOW).take(windows).enumerate();
        for (window, load) in loads.filter(|(_, load)| *load > 0.0) {
            let high = tall(load);
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
