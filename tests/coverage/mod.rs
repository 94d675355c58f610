//! Which test enters which cell of the transition table. `make coverage` sets `PAYONCE_COVERAGE` to a folder, and prints
//! what was written there.

use payonce::checkout::{EventKind, StateKind};
use std::collections::HashSet;
use std::fs::OpenOptions;
use std::io::Write as _;
use std::sync::{LazyLock, Mutex};

type Entry = (String, (StateKind, EventKind), bool);

static SEEN: LazyLock<Option<Mutex<HashSet<Entry>>>> =
    LazyLock::new(|| std::env::var_os("PAYONCE_COVERAGE").map(|_| Mutex::default()));

/// Takes note that the running test handed over that event in that state, and whether it was taken.
pub fn enter((state, event): (StateKind, EventKind), taken: bool) {
    let Some(seen) = SEEN.as_ref() else { return };
    let test = std::thread::current().name().unwrap_or("?").to_owned();
    let mut seen = seen.lock().unwrap();
    if seen.insert((test.clone(), (state, event), taken)) {
        let path = format!("{}/{}.tsv", std::env::var("PAYONCE_COVERAGE").unwrap(), std::process::id());
        let mut file = OpenOptions::new().create(true).append(true).open(path).unwrap();
        let outcome = if taken { "taken" } else { "rejected" };
        writeln!(file, "{}\t{}\t{outcome}\t{test}", state.name(), event.name()).unwrap();
    }
}
