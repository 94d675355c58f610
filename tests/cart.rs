//! The cart and money rules: C1, C6, C7, C8, and what T6 and E1 say of carts.
#![cfg(not(target_arch = "wasm32"))]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use payonce::cart::{AdjustmentKind, Cart, CartErrorCode, CartHash, MAX_TEXT_LEN};
use payonce::money::{Amount, Currency};
use proptest::prelude::*;
use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256};
use std::collections::HashSet;

const MAX: i64 = (1 << 53) - 1;

fn cart(json: &Value) -> Cart {
    Cart::from_json(&json.to_string()).unwrap_or_else(|error| panic!("{error}: {json}"))
}

fn hash(json: &Value) -> String {
    cart(json).hash().to_string()
}

/// `code path`, the way the tables below write a refusal.
fn refusal(text: &str) -> String {
    let error = Cart::from_json(text).expect_err(text);
    format!("{} {}", error.code.as_str(), error.path)
}

fn example() -> Value {
    json!({
        "currency": "usd",
        "lines": [
            { "id": "sku-1", "quantity": 2, "unitAmount": 1250, "name": "Tea towel", "options": { "size": "M" } },
            { "id": "sku-2", "quantity": 1, "unitAmount": 400 },
        ],
        "adjustments": [
            { "kind": "shipping", "id": "ups", "amount": 500, "label": "UPS, 2 days" },
            { "kind": "tax", "amount": 232 },
            { "kind": "discount", "amount": -100 },
        ],
        "total": 3932,
    })
}

fn with(pointer: &str, value: Value) -> Value {
    let mut json = example();
    let (parent, name) = pointer.rsplit_once('/').unwrap();
    match json.pointer_mut(parent).unwrap() {
        Value::Object(members) => _ = members.insert(name.to_owned(), value),
        Value::Array(items) if name == "-" => items.push(value),
        Value::Array(items) => items[name.parse::<usize>().unwrap()] = value,
        other => panic!("{other} has no members"),
    }
    json
}

fn without(pointer: &str) -> Value {
    let mut json = example();
    let (parent, name) = pointer.rsplit_once('/').unwrap();
    match json.pointer_mut(parent).unwrap() {
        Value::Object(members) => _ = members.remove(name).unwrap(),
        Value::Array(items) => _ = items.remove(name.parse().unwrap()),
        other => panic!("{other} has no members"),
    }
    json
}

/// The canonical form by docs/cart-hash.md, on a JSON tree and with somebody else's RFC 8785.
fn oracle(cart: &Value) -> String {
    fn unordered(items: Option<&Value>, pick: impl Fn(&Map<String, Value>) -> Value) -> Value {
        let mut items: Vec<(Vec<u16>, Value)> = items
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
            .map(|item| pick(item.as_object().unwrap()))
            .map(|item| (canonical(&item).encode_utf16().collect(), item))
            .collect();
        items.sort_by(|(left, _), (right, _)| left.cmp(right));
        items.into_iter().map(|(_, item)| item).collect()
    }
    let mut form = json!({
        "adjustments": unordered(cart.get("adjustments"), |adjustment| {
            let mut adjustment = adjustment.clone();
            adjustment.remove("label");
            adjustment.into()
        }),
        "currency": cart["currency"].as_str().unwrap().to_uppercase(),
        "lines": unordered(cart.get("lines"), |line| {
            json!({
                "id": line["id"],
                "options": line.get("options").unwrap_or(&json!({})),
                "quantity": line["quantity"],
                "unitAmount": line["unitAmount"],
            })
        }),
        "total": cart["total"],
        "v": 1,
    });
    if let Some(hash) = cart.get("hash") {
        form["hash"] = hash.clone();
    }
    canonical(&form)
}

fn canonical(json: &Value) -> String {
    serde_json_canonicalizer::to_string(json).unwrap()
}

fn sha256(text: &str) -> String {
    Sha256::digest(text).iter().map(|byte| format!("{byte:02x}")).collect()
}

// ---- any cart ----

/// Texts with what breaks naive canonical forms: quotes, escapes, separators, both sides of the UTF-16 order.
fn any_text() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-z0-9-]{1,8}",
        "[\"\\\\/:,{}\\[\\]\u{0}\u{8}\t\n\u{1f}\u{7f}\u{2028}\u{e9}\u{301}\u{d7ff}\u{e000}\u{ff21}\u{ffff}\u{10000}😀]{1,6}",
        any::<String>().prop_filter("empty", |text| !text.is_empty()),
    ]
}

fn any_option() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        any_text().prop_map(Value::from),
        (-MAX..=MAX).prop_map(Value::from),
        (-20_i64..20).prop_map(Value::from),
        any::<bool>().prop_map(Value::from),
        Just(Value::Null),
    ];
    leaf.prop_recursive(3, 12, 4, |inner| {
        prop_oneof![prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from), any_object(inner)]
    })
}

fn any_object(value: impl Strategy<Value = Value>) -> impl Strategy<Value = Value> {
    prop::collection::btree_map(any_text(), value, 0..4).prop_map(|members| members.into_iter().collect())
}

prop_compose! {
    fn any_line()(
        id in any_text(),
        quantity in prop_oneof![1..5_i64, 1..=MAX],
        unit_amount in prop_oneof![0..5000_i64, 0..=MAX],
        name in prop::option::of(any::<String>()),
        options in prop::option::of(any_object(any_option())),
    ) -> Value {
        let mut line = json!({ "id": id, "quantity": quantity, "unitAmount": unit_amount });
        if let Some(name) = name { line["name"] = name.into(); }
        if let Some(options) = options { line["options"] = options; }
        line
    }
}

prop_compose! {
    fn any_adjustment()(
        kind in prop::sample::select(&AdjustmentKind::ALL[..]),
        amount in prop_oneof![-5000..5000_i64, -MAX..=MAX],
        id in prop::option::of(any_text()),
        label in prop::option::of(any::<String>()),
    ) -> Value {
        let mut adjustment = json!({ "kind": kind, "amount": amount });
        if let Some(id) = id { adjustment["id"] = id.into(); }
        if let Some(label) = label { adjustment["label"] = label.into(); }
        adjustment
    }
}

prop_compose! {
    fn any_cart()(
        currency in prop::sample::select(vec!["usd", "EUR", "jpy", "BHD", "cLf"]),
        lines in prop::collection::vec(any_line(), 1..6),
        adjustments in prop::option::of(prop::collection::vec(any_adjustment(), 0..4)),
        total in 0..=MAX,
    ) -> Value {
        let mut cart = json!({ "currency": currency, "lines": lines, "total": total });
        if let Some(adjustments) = adjustments { cart["adjustments"] = adjustments.into(); }
        cart
    }
}

/// The same JSON with the members of all objects in an order of the seed's choosing.
fn shuffled_members(json: &Value, seed: u64) -> String {
    match json {
        Value::Object(members) => {
            let mut members: Vec<_> = members
                .iter()
                .map(|(name, value)| {
                    format!("{} : {}", Value::from(name.as_str()), shuffled_members(value, seed))
                })
                .collect();
            members.sort_by_key(|member| sha256(&format!("{seed}{member}")));
            format!("{{ {} }}", members.join(" ,\n"))
        }
        Value::Array(items) => {
            format!(
                "[{}]",
                items.iter().map(|item| shuffled_members(item, seed)).collect::<Vec<_>>().join(",")
            )
        }
        other => other.to_string(),
    }
}

proptest! {
    #[test]
    fn c6_the_canonical_form_is_rfc_8785_of_the_documented_tree(json in any_cart()) {
        let cart = cart(&json);
        prop_assert_eq!(cart.canonical(), oracle(&json));
        prop_assert_eq!(cart.hash().as_str(), sha256(cart.canonical()));
        // Nothing is lost or run together: another reader sees the same tree in it.
        let read: Value = serde_json::from_str(cart.canonical()).unwrap();
        prop_assert_eq!(canonical(&read), cart.canonical());
    }

    #[test]
    fn c6_the_canonical_form_is_itself_a_cart(json in any_cart()) {
        let first = cart(&json);
        let again = Cart::from_json(first.canonical()).unwrap();
        prop_assert_eq!(again.canonical(), first.canonical());
        prop_assert!(again.same_as(&first));
    }

    #[test]
    fn c6_any_order_gives_the_same_hash(
        (json, lines, adjustments) in any_cart().prop_flat_map(|json| {
            let lines = json["lines"].as_array().unwrap().clone();
            let adjustments = json.get("adjustments").and_then(Value::as_array).cloned().unwrap_or_default();
            (Just(json), Just(lines).prop_shuffle(), Just(adjustments).prop_shuffle())
        }),
        seed: u64,
    ) {
        let mut other = json.clone();
        other["lines"] = lines.into();
        other["adjustments"] = adjustments.into();
        let other = Cart::from_json(&shuffled_members(&other, seed)).unwrap();
        prop_assert_eq!(other.hash().as_str(), hash(&json));
    }

    #[test]
    fn c6_two_carts_share_a_hash_only_if_they_are_one_cart(left in any_cart(), right in any_cart()) {
        prop_assert_eq!(hash(&left) == hash(&right), oracle(&left) == oracle(&right));
    }

    #[test]
    fn c7_nonsense_never_panics(text: String) {
        prop_assert!(Cart::from_json(&text).is_err());
    }

    /// A cart with a piece cut out and another put in is refused, or means what its canonical form says.
    #[test]
    fn c7_a_damaged_cart_is_refused_or_read_exactly(
        json in any_cart(),
        at: prop::sample::Index,
        cut in 0_usize..4,
        insert in r#"[\[\]{},:"\\u0-9eE+.\- ]{0,3}"#,
    ) {
        let chars: Vec<char> = json.to_string().chars().collect();
        let at = at.index(chars.len());
        let rest = chars.get(at + cut..).unwrap_or_default();
        let text: String = chars[..at].iter().copied().chain(insert.chars()).chain(rest.iter().copied()).collect();
        if let Ok(cart) = Cart::from_json(&text) {
            let read: Value = serde_json::from_str(&text).unwrap();
            prop_assert_eq!(cart.canonical(), oracle(&read));
        }
    }
}

// ---- C6 ----

#[test]
fn c6_the_documented_vectors() {
    let file: Value = serde_json::from_str(include_str!("../docs/cart-hash-vectors.json")).unwrap();
    let vectors = file["vectors"].as_array().unwrap();
    assert!(vectors.len() >= 10);
    for vector in vectors {
        let name = vector["name"].as_str().unwrap();
        let cart = Cart::from_json(vector["input"].as_str().unwrap()).expect(name);
        assert_eq!(cart.canonical(), vector["canonical"], "{name}");
        assert_eq!(cart.hash().as_str(), vector["hash"], "{name}");
    }
    let refused = file["refused"].as_array().unwrap();
    assert!(!refused.is_empty());
    for vector in refused {
        let expected = format!("{} {}", vector["code"].as_str().unwrap(), vector["path"].as_str().unwrap());
        assert_eq!(refusal(vector["input"].as_str().unwrap()), expected, "{}", vector["name"]);
    }
}

/// The page for backends shows the program that the vectors check, and the hash of its own example.
#[test]
fn c6_the_documentation_shows_what_is_checked() {
    let page = include_str!("../docs/cart-hash.md");
    let program = include_str!("../docs/cart-hash.mjs");
    let start = program.find("import { createHash }").unwrap();
    let end = program.find("if (process.argv").unwrap();
    assert!(page.contains(program[start..end].trim()));
    let example = page.split("```json\n").nth(1).and_then(|rest| rest.split("```").next()).unwrap();
    assert!(page.contains(Cart::from_json(example).unwrap().hash().as_str()));
}

#[test]
fn c6_the_currency_may_be_in_lower_case() {
    assert_eq!(hash(&with("/currency", "USD".into())), hash(&example()));
}

#[test]
fn c6_what_is_absent_is_empty() {
    let bare =
        json!({ "currency": "EUR", "lines": [{ "id": "a", "quantity": 1, "unitAmount": 5 }], "total": 5 });
    let full = json!({
        "currency": "EUR", "adjustments": [], "total": 5, "v": 1,
        "lines": [{ "id": "a", "quantity": 1, "unitAmount": 5, "options": {} }],
    });
    assert_eq!(hash(&bare), hash(&full));
}

#[test]
fn c6_display_texts_are_not_hashed() {
    for (pointer, text) in
        [("/lines/0/name", "Geschirrtuch"), ("/lines/1/name", "x"), ("/adjustments/0/label", "")]
    {
        assert_eq!(hash(&with(pointer, text.into())), hash(&example()), "{pointer}");
    }
    assert_eq!(hash(&without("/lines/0/name")), hash(&example()));
}

#[test]
fn c6_every_change_that_counts_gives_another_hash() {
    let changes = [
        example(),
        with("/currency", "EUR".into()),
        with("/total", 3933.into()),
        with("/lines/0/id", "sku-3".into()),
        with("/lines/0/quantity", 3.into()),
        with("/lines/0/unitAmount", 1251.into()),
        with("/lines/0/options/size", "L".into()),
        with("/lines/0/options/size", Value::Null),
        with("/lines/0/options/size", false.into()),
        with("/lines/0/options/size", 0.into()),
        with("/lines/0/options/size", "0".into()),
        with("/lines/0/options/size", json!(["M"])),
        with("/lines/0/options/colour", "red".into()),
        with("/lines/0/options", json!({ "size": ["M", "L"] })),
        with("/lines/0/options", json!({ "size": ["L", "M"] })),
        with("/lines/1/options", json!({ "size": "M" })),
        without("/lines/0/options"),
        without("/lines/1"),
        with("/lines/-", json!({ "id": "sku-2", "quantity": 1, "unitAmount": 400 })),
        with("/lines/1/quantity", 2.into()),
        with("/adjustments/0/amount", 501.into()),
        with("/adjustments/0/id", "dhl".into()),
        with("/adjustments/0/kind", "fee".into()),
        without("/adjustments/0/id"),
        without("/adjustments/0"),
        with("/adjustments/1/amount", 233.into()),
        without("/adjustments/1"),
        with("/adjustments/2/amount", (-101).into()),
        without("/adjustments/2"),
        with("/adjustments/-", json!({ "kind": "tip", "amount": 0 })),
        with("/hash", "own".into()),
    ];
    let hashes: HashSet<String> = changes.iter().map(hash).collect();
    assert_eq!(hashes.len(), changes.len());
}

#[test]
fn c6_carts_with_equal_totals_differ() {
    let one = |id, quantity: i64, unit_amount: i64| json!({ "currency": "EUR", "total": 600, "lines": [{ "id": id, "quantity": quantity, "unitAmount": unit_amount }] });
    let carts = [one("a", 1, 600), one("a", 2, 300), one("a", 3, 200), one("b", 1, 600)];
    assert_eq!(carts.iter().map(hash).collect::<HashSet<_>>().len(), carts.len());
}

/// A text never reads like the structure around it: each pair would be one cart if quotes or commas were not escaped.
#[test]
fn c6_separators_cannot_be_forged() {
    let lines = |lines: Value| json!({ "currency": "EUR", "total": 1, "lines": lines });
    let line = |id: &str| json!({ "id": id, "quantity": 1, "unitAmount": 1 });
    let pairs = [
        (
            lines(json!([line(r#"a","options":{},"quantity":1,"unitAmount":1},{"id":"b"#)])),
            lines(json!([line("a"), line("b")])),
        ),
        (lines(json!([line("a,b")])), lines(json!([line("a"), line("b")]))),
        (lines(json!([line("a\u{0}")])), lines(json!([line("a")]))),
        (lines(json!([line("\\u0061")])), lines(json!([line("a")]))),
        (
            lines(json!([{ "id": "a", "quantity": 1, "unitAmount": 1, "options": { "x": r#"1","y":"2"# } }])),
            lines(json!([{ "id": "a", "quantity": 1, "unitAmount": 1, "options": { "x": "1", "y": "2" } }])),
        ),
        (
            json!({ "hash": r#"x","lines":[],"total":1"#, "currency": "EUR", "total": 1 }),
            json!({ "hash": "x", "currency": "EUR", "total": 1 }),
        ),
    ];
    for (forged, honest) in pairs {
        assert_ne!(hash(&forged), hash(&honest), "{forged}");
        assert_ne!(cart(&forged).canonical(), cart(&honest).canonical(), "{forged}");
        assert_eq!(cart(&forged).canonical(), oracle(&forged));
    }
}

#[test]
fn c6_names_and_lines_sort_by_utf16_code_units() {
    let json = json!({
        "currency": "EUR", "total": 1,
        "lines": [
            { "id": "\u{ff21}", "quantity": 1, "unitAmount": 1 },
            { "id": "😀", "quantity": 1, "unitAmount": 1, "options": { "\u{fb01}": 1, "😀": 2, "\u{d7ff}": 3 } },
        ],
    });
    assert_eq!(
        cart(&json).canonical(),
        "{\"adjustments\":[],\"currency\":\"EUR\",\"lines\":[\
         {\"id\":\"😀\",\"options\":{\"\u{d7ff}\":3,\"😀\":2,\"\u{fb01}\":1},\"quantity\":1,\"unitAmount\":1},\
         {\"id\":\"\u{ff21}\",\"options\":{},\"quantity\":1,\"unitAmount\":1}],\"total\":1,\"v\":1}"
    );
}

#[test]
fn c6_a_storefronts_own_hash_is_used_as_it_is() {
    let own = cart(&json!({ "hash": "0cc175b9c0f1b6a831c399e269772661", "currency": "eur", "total": 3000 }));
    assert_eq!(own.hash().as_str(), "0cc175b9c0f1b6a831c399e269772661");
    assert_eq!((own.lines().len(), own.adjustments().len()), (0, 0));
    assert!(own.canonical().contains(r#""hash":"0cc175b9c0f1b6a831c399e269772661""#));
    assert_eq!(cart(&with("/hash", "W/~1".into())).lines().len(), 2);
    for wrong in ["", "a b", "é", "a\n", &"x".repeat(129)] {
        assert_eq!(refusal(&with("/hash", wrong.into()).to_string()), "invalid_hash hash", "{wrong:?}");
        assert_eq!(wrong.parse::<CartHash>().unwrap_err().code, CartErrorCode::InvalidHash);
    }
    let longest = "x".repeat(128);
    assert_eq!(hash(&with("/hash", longest.clone().into())), longest);
}

#[test]
fn c6_a_hash_survives_serde_and_is_checked_on_the_way_in() {
    let hash = cart(&example()).hash().clone();
    let json = serde_json::to_string(&hash).unwrap();
    assert_eq!(json, format!("\"{hash}\""));
    assert_eq!(serde_json::from_str::<CartHash>(&json).unwrap(), hash);
    assert_eq!(serde_json::from_str::<CartHash>(r#""\u0041b""#).unwrap().as_str(), "Ab");
    assert!(serde_json::from_str::<CartHash>(r#""a b""#).is_err());
    assert!(serde_json::from_str::<CartHash>("1").is_err());
}

#[test]
fn c6_ten_thousand_lines() {
    let lines: Vec<Value> = (0..10_000_i64)
        .map(
            |n| json!({ "id": format!("sku-{}", n * 7919 % 10_007), "quantity": n % 9 + 1, "unitAmount": n }),
        )
        .collect();
    let json = json!({ "currency": "EUR", "lines": lines, "total": 1 });
    assert_eq!(cart(&json).canonical(), oracle(&json));
}

// ---- C1 ----

#[test]
fn c1_currency_and_total_count_even_where_an_own_hash_does_not_cover_them() {
    let own = |currency, total: i64| cart(&json!({ "hash": "h", "currency": currency, "total": total }));
    assert!(own("EUR", 1).same_as(&own("eur", 1)));
    assert!(!own("EUR", 1).same_as(&own("USD", 1)));
    assert!(!own("EUR", 1).same_as(&own("EUR", 2)));
    assert!(cart(&example()).same_as(&cart(&with("/lines/0/name", "other".into()))));
    assert!(!cart(&example()).same_as(&cart(&with("/lines/0/quantity", 3.into()))));
}

// ---- C7 ----

#[test]
fn c7_a_wrong_cart_is_refused_with_the_path_of_the_field() {
    let refusals = [
        (with("/currency", "EURO".into()), "unknown_currency currency"),
        (with("/currency", "XAU".into()), "unknown_currency currency"),
        (with("/currency", "ßD".into()), "unknown_currency currency"),
        (with("/currency", "".into()), "empty_text currency"),
        (with("/currency", 978.into()), "wrong_type currency"),
        (without("/currency"), "missing_field currency"),
        (with("/total", (-1).into()), "out_of_range total"),
        (with("/total", (MAX + 1).into()), "out_of_range total"),
        (with("/total", u64::MAX.into()), "out_of_range total"),
        (with("/total", 10.5.into()), "not_an_integer total"),
        (with("/total", "10".into()), "wrong_type total"),
        (with("/total", Value::Null), "wrong_type total"),
        (without("/total"), "missing_field total"),
        (with("/lines", json!([])), "empty_cart lines"),
        (with("/lines", json!({})), "wrong_type lines"),
        (without("/lines"), "missing_field lines"),
        (with("/lines/1", json!([])), "wrong_type lines[1]"),
        (with("/lines/1", Value::Null), "wrong_type lines[1]"),
        (with("/lines/0/id", "".into()), "empty_text lines[0].id"),
        (with("/lines/0/id", 7.into()), "wrong_type lines[0].id"),
        (without("/lines/0/id"), "missing_field lines[0].id"),
        (with("/lines/0/quantity", 0.into()), "out_of_range lines[0].quantity"),
        (with("/lines/0/quantity", (-1).into()), "out_of_range lines[0].quantity"),
        (with("/lines/0/quantity", 1.5.into()), "not_an_integer lines[0].quantity"),
        (with("/lines/0/quantity", (MAX + 1).into()), "out_of_range lines[0].quantity"),
        (without("/lines/0/quantity"), "missing_field lines[0].quantity"),
        (with("/lines/1/unitAmount", (-1).into()), "out_of_range lines[1].unitAmount"),
        (with("/lines/1/unitAmount", (MAX + 1).into()), "out_of_range lines[1].unitAmount"),
        (with("/lines/1/unitAmount", 0.1.into()), "not_an_integer lines[1].unitAmount"),
        (without("/lines/1/unitAmount"), "missing_field lines[1].unitAmount"),
        (with("/lines/1/unitamount", 1.into()), "unknown_field lines[1].unitamount"),
        (with("/lines/1/name", Value::Null), "wrong_type lines[1].name"),
        (with("/lines/1/options", Value::Null), "wrong_type lines[1].options"),
        (with("/lines/1/options", json!(["size"])), "wrong_type lines[1].options"),
        (with("/lines/1/options", json!({ "a": 0.5 })), "not_an_integer lines[1].options.a"),
        (
            with("/lines/1/options", json!({ "a": [1, { "b": [[1e300]] }] })),
            "not_an_integer lines[1].options.a[1].b[0][0]",
        ),
        (with("/lines/1/options", json!({ "a": MAX + 1 })), "out_of_range lines[1].options.a"),
        (with("/lines/1/options", json!({ "a": -MAX - 1 })), "out_of_range lines[1].options.a"),
        (with("/adjustments", Value::Null), "wrong_type adjustments"),
        (with("/adjustments/1/kind", "rebate".into()), "unknown_adjustment_kind adjustments[1].kind"),
        (with("/adjustments/1/kind", "Tax".into()), "unknown_adjustment_kind adjustments[1].kind"),
        (with("/adjustments/1/amount", 0.1.into()), "not_an_integer adjustments[1].amount"),
        (with("/adjustments/1/amount", (-MAX - 1).into()), "out_of_range adjustments[1].amount"),
        (with("/adjustments/1/amount", (MAX + 1).into()), "out_of_range adjustments[1].amount"),
        (with("/adjustments/1/id", "".into()), "empty_text adjustments[1].id"),
        (with("/adjustments/1/name", "".into()), "unknown_field adjustments[1].name"),
        (without("/adjustments/1/kind"), "missing_field adjustments[1].kind"),
        (without("/adjustments/1/amount"), "missing_field adjustments[1].amount"),
        (with("/v", 2.into()), "unsupported_version v"),
        (with("/v", "1".into()), "wrong_type v"),
        (with("/coupon", "x".into()), "unknown_field coupon"),
        (json!([]), "wrong_type "),
        (json!("cart"), "wrong_type "),
    ];
    for (json, expected) in refusals {
        assert_eq!(refusal(&json.to_string()), expected, "{json}");
    }
}

#[test]
fn c7_a_refusal_says_what_is_wrong_and_where() {
    let error = Cart::from_json(&with("/lines/0/quantity", 1.5.into()).to_string()).unwrap_err();
    assert_eq!(error.to_string(), "not_an_integer at lines[0].quantity");
    assert_eq!(Cart::from_json("[]").unwrap_err().to_string(), "wrong_type at the cart");
}

#[test]
fn c7_safe_integers_are_written_in_plain_digits() {
    for number in ["3000.0", "3e3", "3000E0", "-0", "-0.0", "0e0"] {
        let text = example().to_string().replace("3932", number);
        assert_eq!(refusal(&text), "not_an_integer total", "{number}");
    }
    for number in ["03932", "+3932", "3932.", ".5", "0x10", "1_000", "NaN", "Infinity", "-", "1e", "3932 1"] {
        let text = example().to_string().replace("3932", number);
        assert_eq!(refusal(&text).split(' ').next(), Some("invalid_json"), "{number}");
    }
    assert_eq!(
        refusal(&example().to_string().replace("3932", "99999999999999999999999999")),
        "out_of_range total"
    );
}

#[test]
fn c7_the_largest_amounts_are_carried_exactly() {
    let mut json = with("/total", MAX.into());
    json["lines"][0]["unitAmount"] = MAX.into();
    json["lines"][0]["quantity"] = MAX.into();
    json["adjustments"][0]["amount"] = (-MAX).into();
    let cart = cart(&json);
    assert_eq!(cart.total(), Amount::MAX);
    assert_eq!(cart.lines()[0].quantity, 9_007_199_254_740_991);
    assert_eq!(cart.adjustments()[0].amount.minor(), -MAX);
    assert_eq!(Amount::new(MAX + 1), None);
    assert_eq!(Amount::new(-MAX - 1), None);
    assert_eq!(Amount::new(i64::MIN), None);
}

#[test]
fn c7_what_is_not_strict_json_is_refused() {
    let line = r#"{"id":"a","quantity":1,"unitAmount":1}"#;
    let texts = [
        (String::new(), "invalid_json "),
        ("{".into(), "invalid_json "),
        (format!(r#"{{"currency":"EUR","total":1,"lines":[{line},]}}"#), "invalid_json lines[1]"),
        (format!(r#"{{"currency":"EUR","total":1,"lines":[{line}],}}"#), "invalid_json "),
        (format!(r#"{{"currency":"EUR","total":1,"lines":[{line}]}} x"#), "invalid_json "),
        (format!("\u{feff}{{\"currency\":\"EUR\",\"total\":1,\"lines\":[{line}]}}"), "invalid_json "),
        (format!(r#"{{"currency":"EUR","total":1,"total":1,"lines":[{line}]}}"#), "duplicate_field total"),
        (format!(r#"{{"currency":"EUR","total":1,"lines":[{line}],"lines":[]}}"#), "duplicate_field lines"),
        (
            r#"{"lines":[{"id":"a","options":{"x":{"y":1,"\u0079":2}}}]}"#.into(),
            "duplicate_field lines[0].options",
        ),
        (r#"{"lines":[{"id":"a","\u0069d":"b"}]}"#.into(), "duplicate_field lines[0].id"),
        (r#"{"lines":[{"id":"\ud800"}]}"#.into(), "malformed_text lines[0].id"),
        (r#"{"lines":[{"id":"a","options":{"x":["\udc00"]}}]}"#.into(), "malformed_text lines[0].options"),
        ("{\"lines\":[{\"id\":\"a\nb\"}]}".into(), "invalid_json lines[0].id"),
        (
            format!(r#"{{"lines":[{{"options":{{"x":{}"#, "[".repeat(1_000_000)),
            "too_complex lines[0].options",
        ),
        (format!(r#"{{"lines":[{{"options":{}"#, r#"{"x":"#.repeat(500_000)), "too_complex lines[0].options"),
        ("[".repeat(1_000_000), "wrong_type "),
    ];
    for (text, expected) in texts {
        assert_eq!(refusal(&text), expected, "{}", text.chars().take(120).collect::<String>());
    }
}

#[test]
fn c7_the_text_has_a_longest_length() {
    let fill = |len: usize| {
        let empty = with("/lines/0/name", "".into()).to_string().len();
        with("/lines/0/name", "x".repeat(len - empty).into()).to_string()
    };
    assert!(Cart::from_json(&fill(MAX_TEXT_LEN)).is_ok());
    assert_eq!(refusal(&fill(MAX_TEXT_LEN + 1)), "too_large ");
}

#[test]
fn c7_amounts_are_written_with_the_decimals_of_their_currency() {
    let amounts = [
        (1234, "USD", "12.34"),
        (-5, "usd", "-0.05"),
        (0, "EUR", "0.00"),
        (-100, "EUR", "-1.00"),
        (9, "EUR", "0.09"),
        (500, "JPY", "500"),
        (0, "JPY", "0"),
        (-7, "JPY", "-7"),
        (1250, "BHD", "1.250"),
        (-1, "KWD", "-0.001"),
        (12_345, "CLF", "1.2345"),
        (1, "UYW", "0.0001"),
        (MAX, "USD", "90071992547409.91"),
        (-MAX, "JPY", "-9007199254740991"),
    ];
    for (minor, currency, expected) in amounts {
        let amount = Amount::new(minor).unwrap();
        assert_eq!(amount.to_decimal_string(currency.parse().unwrap()), expected);
    }
}

proptest! {
    #[test]
    fn c7_a_decimal_string_reads_back(minor in -MAX..=MAX, currency in prop::sample::select(vec!["USD", "JPY", "BHD", "CLF"])) {
        let currency = Currency::new(currency).unwrap();
        let text = Amount::new(minor).unwrap().to_decimal_string(currency);
        let fraction = text.split_once('.').map_or("", |(_, fraction)| fraction);
        prop_assert_eq!(fraction.len(), usize::from(currency.decimals()));
        prop_assert_eq!(text.replace('.', "").parse::<i64>().unwrap(), minor);
    }
}

#[test]
fn c7_currencies_are_those_of_iso_4217() {
    let decimals = |code| Currency::new(code).map(|currency| currency.decimals());
    for (code, expected) in
        [("USD", 2), ("JPY", 0), ("BHD", 3), ("CLF", 4), ("ISK", 0), ("MGA", 2), ("XCG", 2)]
    {
        assert_eq!(decimals(code), Some(expected), "{code}");
    }
    // Withdrawn codes, codes without a minor unit, and what is no code at all.
    for code in [
        "BGN", "HRK", "ANG", "ZWL", "SLL", "CUC", "XAU", "XXX", "XTS", "XDR", "", "US", "USDX", "U D", "D A",
        "£££",
    ] {
        assert_eq!(decimals(code), None, "{code}");
    }
    assert_eq!(Currency::new("usd").unwrap().to_string(), "USD");
    assert_eq!("XAU".parse::<Currency>().unwrap_err().to_string(), "not an active ISO 4217 currency");
    let letters = || 'A'..='Z';
    let codes = letters()
        .flat_map(|a| letters().flat_map(move |b| letters().map(move |c| String::from_iter([a, b, c]))));
    let mut count = [0; 5];
    for currency in codes.filter_map(|code| Currency::new(&code)) {
        count[usize::from(currency.decimals())] += 1;
    }
    assert_eq!(count, [17, 0, 139, 7, 2]);
}

// ---- C8 ----

#[test]
fn c8_the_summary_is_the_cart_in_the_storefronts_order() {
    let mut json = example();
    json["lines"].as_array_mut().unwrap().reverse();
    assert_eq!(
        serde_json::to_value(cart(&json).summary()).unwrap(),
        json!({
            "currency": "USD",
            "lines": [
                { "id": "sku-2", "quantity": 1, "unitAmount": 400 },
                { "id": "sku-1", "quantity": 2, "unitAmount": 1250, "name": "Tea towel" },
            ],
            "adjustments": [
                { "kind": "shipping", "id": "ups", "amount": 500, "label": "UPS, 2 days" },
                { "kind": "tax", "amount": 232 },
                { "kind": "discount", "amount": -100 },
            ],
            "total": 3932,
        })
    );
}

#[test]
fn c8_kinds_serialise_as_they_are_read() {
    for kind in AdjustmentKind::ALL {
        assert_eq!(serde_json::to_value(kind).unwrap(), kind.as_str());
        let cart = cart(&with("/adjustments/0/kind", kind.as_str().into()));
        assert_eq!(cart.adjustments()[0].kind, kind);
    }
}

// ---- T6 ----

#[test]
fn t6_neither_errors_nor_debug_show_what_the_shopper_wrote() {
    const SECRETS: [&str; 4] =
        ["4242424242424242", "tok_1N3T00LkdIwHu7ixt44h1F8k", "for Ada with love", "a@example.org"];
    for secret in SECRETS {
        let places = [
            with("/currency", secret.into()),
            with("/total", secret.into()),
            with("/adjustments/0/kind", secret.into()),
            with("/hash", format!("{secret} é").into()),
            with("/lines/0/options", json!({ secret: 0.5 })),
            with("/lines/0/options", json!({ "engraving": [secret, 0.5] })),
            with(&format!("/lines/0/{secret}"), secret.into()),
            with(&format!("/{secret}"), secret.into()),
        ];
        for json in places {
            let error = Cart::from_json(&json.to_string()).expect_err(secret);
            assert!(!format!("{error} {error:?}").contains(secret), "{error}");
        }
        let engraved = cart(&with("/lines/0/options", json!({ "engraving": secret })));
        assert!(!format!("{engraved:?}").contains(secret), "{engraved:?}");
    }
    assert_eq!(
        refusal(&with("/lines/0/options", json!({ SECRETS[0]: 0.5 })).to_string()),
        "not_an_integer lines[0].options.*"
    );
}
