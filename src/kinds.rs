//! What the transition tables of both machines are made of: the kinds of states and events, and the picture.
#![forbid(unsafe_code)]

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt::Write as _;

/// The rows of a transition table: `StateKind`, and `State::kind`.
macro_rules! state_kinds {
    ($($(#[$doc:meta])* $name:ident = $code:literal),+ $(,)?) => {
        /// The kind of a state: a row of the transition table.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub enum StateKind { $($(#[$doc])* $name),+ }

        impl StateKind {
            /// All states, in the order of the table's rows, which is that of the numbers that cross to JavaScript.
            pub const ALL: &'static [Self] = &[$(Self::$name),+];

            /// The state's name in Rust and in the diagram.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$name => stringify!($name)),+ }
            }

            /// The state's name in snapshots and logs.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => $code),+ }
            }
        }

        impl State {
            pub const fn kind(&self) -> StateKind {
                match self { $(Self::$name { .. } => StateKind::$name),+ }
            }
        }
    };
}

/// The columns of a transition table: `EventKind`, and `Event::kind`.
macro_rules! event_kinds {
    ($($name:ident),+ $(,)?) => {
        /// The kind of an [`Event`]: a column of the transition table.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum EventKind {
            $(
                #[doc = concat!("The kind of [`Event::", stringify!($name), "`].")]
                $name,
            )+
        }

        impl EventKind {
            /// All kinds, in the order of the table's columns.
            pub const ALL: &'static [Self] = &[$(Self::$name),+];

            /// The event's name.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$name => stringify!($name)),+ }
            }
        }

        impl Event {
            /// The kind of this event.
            #[must_use]
            pub const fn kind(&self) -> EventKind {
                match self { $(Self::$name { .. } => EventKind::$name),+ }
            }
        }
    };
}

pub(crate) use {event_kinds, state_kinds};

/// A table as a Mermaid state diagram: one arrow for each pair of different states, labelled with the events that can lead
/// from one to the other. The first state is where it begins.
pub(crate) fn mermaid<S: Copy + PartialEq>(
    states: &[S],
    name: impl Fn(S) -> &'static str,
    events: impl Fn(S, S) -> Vec<&'static str>,
) -> String {
    let mut text = String::from("```mermaid\nstateDiagram-v2\n");
    let mut arrow = |line: core::fmt::Arguments<'_>| {
        let _infallible = writeln!(text, "    {line}");
    };
    if let Some(&start) = states.first() {
        arrow(format_args!("[*] --> {}", name(start)));
    }
    for &from in states {
        for &to in states.iter().filter(|&&to| to != from) {
            let events = events(from, to);
            if !events.is_empty() {
                arrow(format_args!("{} --> {}: {}", name(from), name(to), events.join(", ")));
            }
        }
    }
    text.push_str("```\n");
    text
}
