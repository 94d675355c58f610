//! The cart: what is being paid for, and the hash that says whether it is still the same.
//!
//! A session may pay for exactly one cart, so everything in payonce that asks "is this still what the shopper agreed
//! to?" compares [`CartHash`]es. The hash is SHA-256 of the canonical form (RFC 8785) of what decides the price and
//! the goods; `docs/cart-hash.md` tells a backend in any language how to compute the same, with test vectors.
//!
//! What is hashed: currency, total, and for each line its id, quantity, unit amount and options, for each adjustment
//! its kind, amount and id. The order of lines and of adjustments does not count. Display texts (`name`, `label`) are
//! not hashed: a translation must not end a session.
//!
//! The total is the storefront's word. It is not recomputed from the lines, because only the storefront knows whether
//! taxes are included and how it rounds.
#![forbid(unsafe_code)]
#![allow(clippy::ref_option, reason = "the helpers borrow fields where they lie, in an array of options")]

use alloc::borrow::Cow;
use alloc::boxed::Box;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::str::FromStr;
use core::{fmt, mem};

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::json::{self, ErrorKind, NotSafe, Reader, Value};
use crate::money::{Amount, Currency};
use crate::text;

/// The version of the canonical form, written into it as the member `v`. Another form gets another number, so no two
/// forms ever share a hash.
pub const CANONICAL_VERSION: i64 = 1;

/// The longest cart text that is read, in bytes of UTF-8.
pub const MAX_TEXT_LEN: usize = 4 << 20;

/// A valid cart. It cannot be changed; a clone is one counter. Equal carts are equal to the last label; whether two
/// carts are the same to pay is [`Cart::same_as`].
#[derive(Clone, PartialEq, Eq)]
pub struct Cart(Arc<Parts>);

#[derive(PartialEq, Eq)]
struct Parts {
    hash: CartHash,
    canonical: String,
    summary: Summary,
}

/// What the page and the sheet show of a cart (rule C8), lines and adjustments in the storefront's order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Summary {
    /// The currency of every amount in the cart.
    pub currency: Currency,
    /// What is bought.
    pub lines: Vec<Line>,
    /// What is added to or taken off the sum of the lines.
    pub adjustments: Vec<Adjustment>,
    /// What the shopper pays, in minor units, never negative.
    pub total: Amount,
}

/// One kind of goods in a cart.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Line {
    /// What is bought, in the storefront's words (an SKU, a product id).
    pub id: Box<str>,
    /// How many, from 1 to 2^53 - 1.
    pub quantity: u64,
    /// The price of one, in minor units, never negative.
    pub unit_amount: Amount,
    /// What the shopper reads; not hashed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<Box<str>>,
}

/// Something that is added to or taken off the sum of the lines.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Adjustment {
    /// What it is for.
    pub kind: AdjustmentKind,
    /// How much, in minor units; a discount is negative.
    pub amount: Amount,
    /// Which one, in the storefront's words (a shipping method, a coupon).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<Box<str>>,
    /// What the shopper reads; not hashed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub label: Option<Box<str>>,
}

/// What an adjustment is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the names say it")]
pub enum AdjustmentKind {
    Shipping,
    Tax,
    Discount,
    Fee,
    Tip,
    GiftCard,
}

impl AdjustmentKind {
    /// Every kind.
    pub const ALL: [Self; 6] =
        [Self::Shipping, Self::Tax, Self::Discount, Self::Fee, Self::Tip, Self::GiftCard];

    /// The kind as it is written in a cart.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Shipping => "shipping",
            Self::Tax => "tax",
            Self::Discount => "discount",
            Self::Fee => "fee",
            Self::Tip => "tip",
            Self::GiftCard => "gift_card",
        }
    }
}

impl Cart {
    /// Reads a cart from JSON, such as `JSON.stringify(cart)` writes it.
    ///
    /// ```
    /// use payonce::cart::Cart;
    ///
    /// let cart = Cart::from_json(
    ///     r#"{
    ///         "currency": "usd",
    ///         "lines": [{ "id": "sku-1", "quantity": 2, "unitAmount": 1250, "options": { "size": "M" } }],
    ///         "adjustments": [{ "kind": "shipping", "id": "ups", "amount": 500 }],
    ///         "total": 3000
    ///     }"#,
    /// )?;
    /// assert_eq!(cart.total().to_decimal_string(cart.currency()), "30.00");
    ///
    /// // A storefront whose backend has a cart hash of its own passes that.
    /// let own = Cart::from_json(r#"{ "hash": "9b7c1a", "currency": "EUR", "total": 3000 }"#)?;
    /// assert_eq!(own.hash().as_str(), "9b7c1a");
    ///
    /// let error = Cart::from_json(r#"{ "currency": "EUR", "lines": [{ "id": "a", "quantity": 1.5 }], "total": 1 }"#);
    /// assert_eq!(error.unwrap_err().to_string(), "not_an_integer at lines[0].quantity");
    /// # Ok::<(), payonce::cart::CartError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// What is wrong first, and its path. Unknown fields are errors, because a misspelt one would not be hashed.
    pub fn from_json(text: &str) -> Result<Self, CartError> {
        if text.len() > MAX_TEXT_LEN {
            return Err(CartErrorCode::TooLarge.into());
        }
        let mut reader = Reader::new(text);
        let mut fields = [const { None }; CART.len()];
        let (mut lines, mut adjustments) = (Vec::new(), Vec::new());
        // The canonical forms of the lists that are there.
        let (mut goods, mut changes) = (None, None);
        let mut object = reader.object()?;
        while let Some(key) = reader.key(&mut object)? {
            match &*key {
                "lines" => read_list(&mut reader, &mut goods, &mut |reader, canonical| {
                    lines.push(read_line(reader, canonical)?);
                    Ok(())
                }),
                "adjustments" => read_list(&mut reader, &mut changes, &mut |reader, canonical| {
                    adjustments.push(read_adjustment(reader, canonical)?);
                    Ok(())
                }),
                _ => read_field(&mut reader, &key, &CART, &mut fields),
            }
            .map_err(|error| error.under(&key))?;
        }
        reader.end()?;

        let [currency, hash, total, version] = &fields;
        let currency = Currency::new(text_of(currency, "currency")?)
            .ok_or_else(|| wrong(CartErrorCode::UnknownCurrency, "currency"))?;
        let hash = match display_text_of(hash, "hash")? {
            Some(hash) => Some(CartHash::parse(hash).map_err(|error| error.under("hash"))?),
            None => None,
        };
        let amount = amount_of(total, "total", 0)?;
        if version.is_some() && integer_of(version, "v", i64::MIN)? != CANONICAL_VERSION {
            return Err(wrong(CartErrorCode::UnsupportedVersion, "v"));
        }
        if hash.is_none() && lines.is_empty() {
            let code = if goods.is_some() { CartErrorCode::EmptyCart } else { CartErrorCode::MissingField };
            return Err(wrong(code, "lines"));
        }
        let summary = Summary { currency, lines, adjustments, total: amount };
        Ok(Self::assemble(summary, &goods.unwrap_or_default(), &changes.unwrap_or_default(), hash))
    }

    /// `lines` and `adjustments` are the canonical forms of those of the summary.
    fn assemble(summary: Summary, lines: &str, adjustments: &str, own_hash: Option<CartHash>) -> Self {
        let mut canonical = String::with_capacity(lines.len() + adjustments.len() + 256);
        canonical.push_str("{\"adjustments\":[");
        canonical.push_str(adjustments);
        canonical.push_str("],\"currency\":");
        json::write_string(&mut canonical, summary.currency.as_str());
        if let Some(hash) = &own_hash {
            canonical.push_str(",\"hash\":");
            json::write_string(&mut canonical, hash.as_str());
        }
        canonical.push_str(",\"lines\":[");
        canonical.push_str(lines);
        canonical.push_str("],\"total\":");
        json::write_integer(&mut canonical, summary.total.minor());
        canonical.push_str(",\"v\":1}");

        let hash = own_hash.unwrap_or_else(|| CartHash::of(&canonical));
        Self(Arc::new(Parts { hash, canonical, summary }))
    }

    /// What identifies this cart, without its lines and adjustments: the same to pay, and nothing personal (rule T6).
    pub(crate) fn without_contents(&self) -> Self {
        let (currency, total) = (self.currency(), self.total());
        let summary = Summary { currency, lines: Vec::new(), adjustments: Vec::new(), total };
        Self::assemble(summary, "", "", Some(self.hash().clone()))
    }

    /// The hash that a session is bound to.
    #[must_use]
    pub fn hash(&self) -> &CartHash {
        &self.0.hash
    }

    /// The canonical form: the RFC 8785 text that was hashed, and that the merchant gets.
    ///
    /// It is itself a cart: reading it gives the same hash and the same canonical form. With a hash of the
    /// storefront's own it holds that hash as the member `hash`.
    #[must_use]
    pub fn canonical(&self) -> &str {
        &self.0.canonical
    }

    /// What the page and the sheet show.
    #[must_use]
    pub fn summary(&self) -> &Summary {
        &self.0.summary
    }

    /// The currency of every amount in the cart.
    #[must_use]
    pub fn currency(&self) -> Currency {
        self.0.summary.currency
    }

    /// The lines, in the storefront's order.
    #[must_use]
    pub fn lines(&self) -> &[Line] {
        &self.0.summary.lines
    }

    /// The adjustments, in the storefront's order.
    #[must_use]
    pub fn adjustments(&self) -> &[Adjustment] {
        &self.0.summary.adjustments
    }

    /// What the shopper pays, in minor units.
    #[must_use]
    pub fn total(&self) -> Amount {
        self.0.summary.total
    }

    /// Whether a session for `other` may pay for this cart (rule C1).
    ///
    /// Currency and total are compared too, because a storefront's own hash may not cover them: the
    /// `cart_hash` of `WooCommerce`, for one, knows no currency.
    #[must_use]
    pub fn same_as(&self, other: &Self) -> bool {
        self.hash() == other.hash() && self.currency() == other.currency() && self.total() == other.total()
    }
}

/// Shows what identifies the cart and nothing of its contents (rule T6): options may be an engraving or a dedication.
impl fmt::Debug for Cart {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Cart")
            .field("hash", &self.hash().as_str())
            .field("currency", &self.currency())
            .field("total", &self.total().minor())
            .finish_non_exhaustive()
    }
}

/// What a cart is recognised by: 64 lower-case hex digits, or the storefront's own hash.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct CartHash(#[serde(deserialize_with = "deserialize_hash")] Arc<str>);

impl CartHash {
    /// The longest hash of a storefront's own, in bytes.
    pub const MAX_LEN: usize = 128;

    /// Takes a hash in its text form: 1 to [`Self::MAX_LEN`] visible ASCII characters.
    ///
    /// # Errors
    ///
    /// [`CartErrorCode::InvalidHash`] for any other text.
    pub fn parse(text: &str) -> Result<Self, CartError> {
        let fits =
            (1..=Self::MAX_LEN).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic());
        if fits { Ok(Self(text.into())) } else { Err(CartErrorCode::InvalidHash.into()) }
    }

    /// The text form.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    fn of(canonical: &str) -> Self {
        Self(text::hex(&Sha256::digest(canonical)).into())
    }
}

fn deserialize_hash<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Arc<str>, D::Error> {
    let text = Cow::<str>::deserialize(deserializer)?;
    CartHash::parse(&text).map(|hash| hash.0).map_err(serde::de::Error::custom)
}

impl FromStr for CartHash {
    type Err = CartError;

    fn from_str(text: &str) -> Result<Self, CartError> {
        Self::parse(text)
    }
}

impl fmt::Display for CartHash {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// What is wrong with a cart, and where. Holds no value of the input.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CartError {
    /// What is wrong.
    pub code: CartErrorCode,
    /// Where: `lines[2].unitAmount`, or empty for the cart as a whole.
    ///
    /// A name that does not look like a field's name (more than 32 characters or 4 digits, or anything but letters,
    /// digits, `_` and `-`) is written as `*`: it may be personal.
    pub path: String,
}

impl CartError {
    /// The same error, seen from the object that holds the value as its member `name`.
    fn under(mut self, name: &str) -> Self {
        let digits = name.bytes().filter(u8::is_ascii_digit).count();
        let is_name = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'));
        let name = if is_name && digits <= 4 && (1..=32).contains(&name.len()) { name } else { "*" };
        if !self.path.is_empty() && !self.path.starts_with("[") {
            self.path.insert(0, '.');
        }
        self.path.insert_str(0, name);
        self
    }

    /// The same error, seen from the array that holds the value.
    fn at(mut self, index: usize) -> Self {
        let mut path = String::new();
        json::write_index(&mut path, index);
        if !self.path.is_empty() && !self.path.starts_with("[") {
            path.push('.');
        }
        path.push_str(&self.path);
        self.path = path;
        self
    }
}

impl fmt::Display for CartError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = if self.path.is_empty() { "the cart" } else { &self.path };
        write!(formatter, "{} at {path}", self.code.as_str())
    }
}

impl core::error::Error for CartError {}

impl From<CartErrorCode> for CartError {
    fn from(code: CartErrorCode) -> Self {
        Self { code, path: String::new() }
    }
}

impl From<json::Error> for CartError {
    fn from(error: json::Error) -> Self {
        Self::from(match error.kind {
            ErrorKind::Syntax => CartErrorCode::InvalidJson,
            ErrorKind::Type => CartErrorCode::WrongType,
            ErrorKind::Limit => CartErrorCode::TooComplex,
            ErrorKind::Duplicate => CartErrorCode::DuplicateField,
            ErrorKind::Surrogate => CartErrorCode::MalformedText,
        })
    }
}

/// What is wrong with a cart. The texts are stable.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum CartErrorCode {
    /// The text is not JSON.
    InvalidJson,
    /// The text is longer than [`MAX_TEXT_LEN`].
    TooLarge,
    /// Arrays and objects are nested more than 32 deep, or an object has more than 256 members.
    TooComplex,
    /// A field is of another type than it must be.
    WrongType,
    /// A field that must be there is not.
    MissingField,
    /// A field that carts do not have.
    UnknownField,
    /// An object has the same name twice.
    DuplicateField,
    /// A text that must say something is empty.
    EmptyText,
    /// A text holds half a surrogate pair.
    MalformedText,
    /// A number has a fraction or an exponent, or is a negative zero.
    NotAnInteger,
    /// A number is too large or too small for its field: beyond ±(2^53 - 1), negative, or a quantity of 0.
    OutOfRange,
    /// No active ISO 4217 code with a minor unit.
    UnknownCurrency,
    /// No kind of adjustment that carts have.
    UnknownAdjustmentKind,
    /// There are no lines, and no hash of the storefront's own either.
    EmptyCart,
    /// A hash that is not 1 to 128 visible ASCII characters.
    InvalidHash,
    /// A version of the canonical form other than [`CANONICAL_VERSION`].
    UnsupportedVersion,
}

impl CartErrorCode {
    /// The code as text.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::InvalidJson => "invalid_json",
            Self::TooLarge => "too_large",
            Self::TooComplex => "too_complex",
            Self::WrongType => "wrong_type",
            Self::MissingField => "missing_field",
            Self::UnknownField => "unknown_field",
            Self::DuplicateField => "duplicate_field",
            Self::EmptyText => "empty_text",
            Self::MalformedText => "malformed_text",
            Self::NotAnInteger => "not_an_integer",
            Self::OutOfRange => "out_of_range",
            Self::UnknownCurrency => "unknown_currency",
            Self::UnknownAdjustmentKind => "unknown_adjustment_kind",
            Self::EmptyCart => "empty_cart",
            Self::InvalidHash => "invalid_hash",
            Self::UnsupportedVersion => "unsupported_version",
        }
    }
}

/// The fields of a cart but for its lists.
const CART: [&str; 4] = ["currency", "hash", "total", "v"];

/// The fields of a line.
const LINE: [&str; 5] = ["id", "options", "quantity", "unitAmount", "name"];

/// The fields of an adjustment.
const ADJUSTMENT: [&str; 4] = ["amount", "id", "kind", "label"];

fn read_line(reader: &mut Reader<'_>, canonical: &mut String) -> Result<Line, CartError> {
    let mut fields = [const { None }; LINE.len()];
    read_fields(reader, &LINE, &mut fields)?;
    let [id, options, quantity, unit_amount, name] = &mut fields;
    if !matches!(options.get_or_insert(Value::EMPTY_OBJECT), Value::Object(_)) {
        return Err(wrong(CartErrorCode::WrongType, "options"));
    }
    let line = Line {
        id: text_of(id, "id")?.into(),
        quantity: integer_of(quantity, "quantity", 1)?.unsigned_abs(),
        unit_amount: amount_of(unit_amount, "unitAmount", 0)?,
        name: display_text_of(name, "name")?.map(Box::from),
    };
    write_fields(
        canonical,
        &[
            ("{\"id\":", id),
            (",\"options\":", options),
            (",\"quantity\":", quantity),
            (",\"unitAmount\":", unit_amount),
        ],
    )
    .map_err(|error| error.under("options"))?; // The others are checked.
    Ok(line)
}

fn read_adjustment(reader: &mut Reader<'_>, canonical: &mut String) -> Result<Adjustment, CartError> {
    let mut fields = [const { None }; ADJUSTMENT.len()];
    read_fields(reader, &ADJUSTMENT, &mut fields)?;
    let [amount, id, kind, label] = &fields;
    let name = text_of(kind, "kind")?;
    let adjustment = Adjustment {
        kind: AdjustmentKind::ALL
            .into_iter()
            .find(|known| known.as_str() == name)
            .ok_or_else(|| wrong(CartErrorCode::UnknownAdjustmentKind, "kind"))?,
        amount: amount_of(amount, "amount", -json::MAX_SAFE_INTEGER)?,
        id: match id {
            Some(_) => Some(text_of(id, "id")?.into()),
            None => None,
        },
        label: display_text_of(label, "label")?.map(Box::from),
    };
    write_fields(canonical, &[("{\"amount\":", amount), (",\"id\":", id), (",\"kind\":", kind)])?;
    Ok(adjustment)
}

/// Reads one item of a list and appends its canonical form to the text.
type ReadItem<'r> = &'r mut dyn FnMut(&mut Reader<'_>, &mut String) -> Result<(), CartError>;

/// Reads an array whose order does not count, and puts the canonical forms of its items, sorted and joined with commas,
/// into their place, once.
fn read_list(
    reader: &mut Reader<'_>,
    list: &mut Option<String>,
    read: ReadItem<'_>,
) -> Result<(), CartError> {
    let (mut text, mut ends) = (String::new(), Vec::new());
    let mut array = reader.array()?;
    while reader.next(&mut array)? {
        read(reader, &mut text).map_err(|error| error.at(ends.len()))?;
        ends.push(text.len());
    }
    put(list, join_sorted(&text, &ends))
}

/// Sorts the pieces of `text` that end at `ends`, and joins them with commas.
fn join_sorted(text: &str, ends: &[usize]) -> String {
    let mut start = 0;
    let pieces = ends.iter().map(|&end| text.get(mem::replace(&mut start, end)..end).unwrap_or_default());
    let mut joined = String::with_capacity(text.len() + ends.len());
    for piece in sort(pieces.collect()) {
        if !joined.is_empty() {
            joined.push(',');
        }
        joined.push_str(piece);
    }
    joined
}

/// Merge sort by UTF-16 code units. The one of the standard library brings 6 KB into the wasm; this brings one, and
/// is as quick on what carts are: short, or in order already.
fn sort(mut texts: Vec<&str>) -> Vec<&str> {
    let before = |left: &&str, right: &&str| json::compare_utf16(left, right).is_le();
    let mut width = if texts.is_sorted_by(before) { texts.len() } else { 1 };
    while width < texts.len() {
        let mut merged = Vec::with_capacity(texts.len());
        for pair in texts.chunks(2 * width) {
            let (mut left, mut right) = pair.split_at_checked(width).unwrap_or((pair, &[]));
            while let Some(next) = match (left.first(), right.first()) {
                (Some(a), Some(b)) if !before(a, b) => right.split_off_first(),
                (Some(_), _) => left.split_off_first(),
                (None, _) => right.split_off_first(),
            } {
                merged.push(*next);
            }
        }
        texts = merged;
        width *= 2;
    }
    texts
}

/// Reads an object that has fields of these names alone, each at most once.
fn read_fields<'a>(
    reader: &mut Reader<'a>,
    names: &[&str],
    fields: &mut [Option<Value<'a>>],
) -> Result<(), CartError> {
    let mut object = reader.object()?;
    while let Some(key) = reader.key(&mut object)? {
        read_field(reader, &key, names, fields).map_err(|error| error.under(&key))?;
    }
    Ok(())
}

fn read_field<'a>(
    reader: &mut Reader<'a>,
    key: &str,
    names: &[&str],
    fields: &mut [Option<Value<'a>>],
) -> Result<(), CartError> {
    let field = names.iter().zip(fields).find_map(|(name, field)| (*name == key).then_some(field));
    put(field.ok_or(CartErrorCode::UnknownField)?, reader.value()?)
}

/// Puts the value of a field into its place, once.
fn put<T>(field: &mut Option<T>, value: T) -> Result<(), CartError> {
    match field.replace(value) {
        None => Ok(()),
        Some(_) => Err(CartErrorCode::DuplicateField.into()),
    }
}

fn wrong(code: CartErrorCode, name: &str) -> CartError {
    CartError::from(code).under(name)
}

fn display_text_of<'v>(field: &'v Option<Value<'_>>, name: &str) -> Result<Option<&'v str>, CartError> {
    match field {
        None => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(_) => Err(wrong(CartErrorCode::WrongType, name)),
    }
}

fn text_of<'v>(field: &'v Option<Value<'_>>, name: &str) -> Result<&'v str, CartError> {
    match display_text_of(field, name)? {
        None => Err(wrong(CartErrorCode::MissingField, name)),
        Some("") => Err(wrong(CartErrorCode::EmptyText, name)),
        Some(text) => Ok(text),
    }
}

fn integer_of(field: &Option<Value<'_>>, name: &str, min: i64) -> Result<i64, CartError> {
    match field {
        None => Err(wrong(CartErrorCode::MissingField, name)),
        Some(Value::Number(number)) => match safe_integer(number) {
            Ok(value) if value < min => Err(wrong(CartErrorCode::OutOfRange, name)),
            result => result.map_err(|code| wrong(code, name)),
        },
        Some(_) => Err(wrong(CartErrorCode::WrongType, name)),
    }
}

fn amount_of(field: &Option<Value<'_>>, name: &str, min: i64) -> Result<Amount, CartError> {
    let minor = integer_of(field, name, min)?;
    Amount::new(minor).ok_or_else(|| wrong(CartErrorCode::OutOfRange, name))
}

fn safe_integer(number: &str) -> Result<i64, CartErrorCode> {
    json::safe_integer(number).map_err(|why| match why {
        NotSafe::Form => CartErrorCode::NotAnInteger,
        NotSafe::Range => CartErrorCode::OutOfRange,
    })
}

/// Appends the fields that are there, each after its prefix, and closes the object.
fn write_fields(canonical: &mut String, fields: &[(&str, &Option<Value<'_>>)]) -> Result<(), CartError> {
    for (prefix, field) in fields {
        if let Some(value) = field {
            canonical.push_str(prefix);
            write_value(canonical, value)?;
        }
    }
    canonical.push('}');
    Ok(())
}

/// Appends the canonical form of `value`, whose numbers must all be safe integers.
fn write_value(canonical: &mut String, value: &Value<'_>) -> Result<(), CartError> {
    match value {
        Value::Null => canonical.push_str("null"),
        Value::Bool(value) => canonical.push_str(if *value { "true" } else { "false" }),
        Value::Number(number) => {
            // A safe integer in plain digits is its own canonical form.
            safe_integer(number)?;
            canonical.push_str(number);
        }
        Value::String(text) => write_text(canonical, text),
        Value::Array(items) => {
            canonical.push('[');
            let mut separator = "";
            for (index, item) in items.iter().enumerate() {
                canonical.push_str(separator);
                write_value(canonical, item).map_err(|error| error.at(index))?;
                separator = ",";
            }
            canonical.push(']');
        }
        Value::Object(object) => {
            canonical.push('{');
            let mut separator = "";
            for (name, value) in &object.members {
                canonical.push_str(separator);
                write_text(canonical, name);
                canonical.push(':');
                write_value(canonical, value).map_err(|error| error.under(name))?;
                separator = ",";
            }
            canonical.push('}');
        }
    }
    Ok(())
}

/// Appends the canonical form of a text.
#[expect(clippy::ptr_arg, reason = "whether the text is borrowed says whether it had escapes")]
fn write_text(canonical: &mut String, text: &Cow<'_, str>) {
    match text {
        // What the reader could borrow has nothing to escape.
        Cow::Borrowed(plain) => {
            canonical.push('"');
            canonical.push_str(plain);
            canonical.push('"');
        }
        Cow::Owned(text) => json::write_string(canonical, text),
    }
}
