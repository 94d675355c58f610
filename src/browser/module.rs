//! What a WebAssembly module without the standard library brings along: an allocator, and how it panics.
#![deny(unsafe_code)]

use core::panic::PanicInfo;
use rlsf::SmallGlobalTlsf;

#[global_allocator]
static ALLOCATOR: SmallGlobalTlsf = SmallGlobalTlsf::new();

/// Traps. The driver takes that for a panic and starts anew (rule E3); a message would quote what it must not, and the
/// code that formats it weighs more than the machine.
#[panic_handler]
fn panic(_: &PanicInfo<'_>) -> ! {
    core::arch::wasm32::unreachable()
}
