#![no_main]

#[path = "../checks/cart.rs"]
mod cart;

libfuzzer_sys::fuzz_target!(|data: &[u8]| cart::check(data));
