//! Explores the large worlds and prints what was seen of each: `make model`. An argument picks those whose names hold it.
#![forbid(unsafe_code)]
#![expect(clippy::print_stdout, reason = "it is there to print")]

use payonce_model::search::explore;
use payonce_model::settings::{LARGE, SMALL};
use std::process::ExitCode;
use std::time::Instant;

/// From one state in so many everything is let go well, to see whether the shopper gets to pay.
const SAMPLE: u128 = 50;

fn main() -> ExitCode {
    let wanted = std::env::args().nth(1).unwrap_or_default();
    for setting in SMALL.iter().chain(LARGE).filter(|setting| setting.name.contains(&wanted)) {
        #[expect(clippy::disallowed_methods, reason = "how long it takes is for people to know")]
        let started = Instant::now();
        match explore(setting, SAMPLE, |_| {}) {
            Ok(figures) => println!("{}: {figures}, in {:.1?}", setting.name, started.elapsed()),
            Err(counterexample) => {
                println!("{}\n{counterexample}", setting.name);
                return ExitCode::FAILURE;
            }
        }
    }
    ExitCode::SUCCESS
}
