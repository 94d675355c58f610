//! Cart input: JSON text from a page.

use payonce::cart::Cart;

/// Any text is a cart or an error with a code; a cart's canonical form is RFC 8785 and hashes to itself.
pub fn check(data: &[u8]) {
    let Ok(text) = core::str::from_utf8(data) else { return };
    let Ok(cart) = Cart::from_json(text) else { return };
    let canonical = cart.canonical();
    if canonical.is_empty() {
        return; // it brought the hash of its backend
    }
    let value: serde_json::Value = serde_json::from_str(canonical).expect("a canonical form is JSON");
    let oracle = serde_json_canonicalizer::to_string(&value).expect("and has a canonical form");
    assert_eq!(canonical, oracle, "not RFC 8785");
    let again = Cart::from_json(canonical).expect("a canonical form is a cart");
    assert!(again.same_as(&cart) && again.canonical() == canonical, "the canonical form is another cart");
}
