//! A small strict JSON reader, and the two things of RFC 8785 that need code: the string form and the order.
//!
//! It exists for its size. A storefront downloads every byte before its pay button works, and deserialising with
//! serde costs about 25 KB of brotli where this costs two. It reads what `JSON.stringify` and payment providers
//! write, borrows from the text, and trusts nobody: no input makes it panic or recurse deeper than [`MAX_DEPTH`].
//!
//! RFC 8259 leaves duplicate names, lone surrogates and limits to the implementation. Here duplicates and lone
//! surrogates are errors, because two readers that disagree about a cart disagree about a price.
#![forbid(unsafe_code)]

mod writer;

pub(crate) use writer::{to_string, write_index, write_integer};

use crate::text;
use alloc::borrow::Cow;
use alloc::string::String;
use alloc::vec::Vec;
use core::cmp::Ordering;

/// The deepest nesting of arrays and objects that is read.
pub(crate) const MAX_DEPTH: u8 = 32;

/// The most members that an object may have. They are kept in order while they are read, which moves all that come
/// after: a bound on them keeps the time linear in the text.
pub(crate) const MAX_MEMBERS: usize = 256;

/// The largest integer that every JSON implementation reads exactly, 2^53 - 1 (RFC 8259 section 6, RFC 7493).
pub(crate) const MAX_SAFE_INTEGER: i64 = (1 << 53) - 1;

/// Why a text could not be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ErrorKind {
    /// Not JSON.
    Syntax,
    /// A value of another type than the caller asked for.
    Type,
    /// Nested deeper than [`MAX_DEPTH`], or an object with more than [`MAX_MEMBERS`] members.
    Limit,
    /// An object with the same name twice.
    Duplicate,
    /// A `\u` escape of half a surrogate pair, which no UTF-8 text can hold.
    Surrogate,
}

/// Why and where (byte offset) a text could not be read. Holds nothing of the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Error {
    pub kind: ErrorKind,
    pub offset: usize,
}

/// A JSON value that borrows from the text it was read from.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Value<'a> {
    Null,
    Bool(bool),
    /// The number as it was written.
    Number(&'a str),
    String(Cow<'a, str>),
    Array(Vec<Value<'a>>),
    Object(Object<'a>),
}

/// A JSON object: its source text, and its members in RFC 8785 order without duplicates.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Object<'a> {
    /// The text from `{` to `}`, for passing the object on unread.
    pub raw: &'a str,
    pub members: Vec<(Cow<'a, str>, Value<'a>)>,
}

/// Reads `text` as one JSON value with nothing but white space around it.
pub(crate) fn parse(text: &str) -> Result<Value<'_>, Error> {
    let mut reader = Reader::new(text);
    let value = reader.value()?;
    reader.end()?;
    Ok(value)
}

impl<'a> Value<'a> {
    pub(crate) const EMPTY_OBJECT: Self = Self::Object(Object { raw: "{}", members: Vec::new() });

    /// The member `name`, where this is an object that has it.
    pub(crate) fn get(&self, name: &str) -> Option<&Self> {
        let Self::Object(object) = self else { return None };
        let index = object.members.binary_search_by(|(key, _)| compare_utf16(key, name)).ok()?;
        object.members.get(index).map(|(_, value)| value)
    }

    /// The member of a member: `path("error.payment_intent.status")`.
    pub(crate) fn path(&self, path: &str) -> Option<&Self> {
        let end = path.bytes().position(|byte| byte == b'.').unwrap_or(path.len());
        let value = self.get(path.get(..end)?)?;
        path.get(end + 1..).map_or(Some(value), |rest| value.path(rest))
    }

    pub(crate) fn as_str(&self) -> Option<&str> {
        if let Self::String(text) = self { Some(text) } else { None }
    }

    pub(crate) fn as_bool(&self) -> Option<bool> {
        if let Self::Bool(value) = self { Some(*value) } else { None }
    }

    /// The number, where it is written as a plain integer within ±(2^53 - 1).
    pub(crate) fn as_i64(&self) -> Option<i64> {
        if let Self::Number(text) = self { safe_integer(text).ok() } else { None }
    }

    /// The number, where it is written as a plain integer from 0 to 2^53 - 1.
    pub(crate) fn as_u64(&self) -> Option<u64> {
        self.as_i64().and_then(|value| value.try_into().ok())
    }

    pub(crate) fn as_array(&self) -> Option<&[Self]> {
        if let Self::Array(items) = self { Some(items) } else { None }
    }

    pub(crate) fn as_object(&self) -> Option<&Object<'a>> {
        if let Self::Object(object) = self { Some(object) } else { None }
    }
}

/// Why a number is no safe integer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NotSafe {
    /// Written with a fraction, an exponent or as `-0`: `JSON.stringify` writes no safe integer like that.
    Form,
    /// Beyond ±(2^53 - 1).
    Range,
}

/// The value of a JSON number that is written in plain digits and within ±(2^53 - 1).
pub(crate) fn safe_integer(number: &str) -> Result<i64, NotSafe> {
    let digits = number.strip_prefix("-").unwrap_or(number);
    if number == "-0" || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(NotSafe::Form);
    }
    // Seventeen digits are too many; so many never overflow.
    let value = digits.bytes().take(17).fold(0, |value, digit| value * 10 + i64::from(digit - b'0'));
    match value {
        ..=MAX_SAFE_INTEGER => Ok(if digits.len() < number.len() { -value } else { value }),
        _ => Err(NotSafe::Range),
    }
}

/// Orders texts by their UTF-16 code units, as RFC 8785 section 3.2.3 and the `<` of JavaScript and Java do.
///
/// UTF-8 sorts like UTF-16 but for one thing: characters beyond U+FFFF, whose UTF-8 begins with F0 to F4, come
/// *before* U+E000..U+FFFF, whose UTF-8 begins with EE or EF, because UTF-16 begins them with a surrogate (D800..).
/// All these are first bytes only, so it is enough to lift EE and EF over F4 where the texts first differ.
pub(crate) fn compare_utf16(left: &str, right: &str) -> Ordering {
    let rank = |byte: u8| if matches!(byte, 0xEE | 0xEF) { byte + 0x10 } else { byte };
    match left.bytes().zip(right.bytes()).find(|(left, right)| left != right) {
        Some((left, right)) => rank(left).cmp(&rank(right)),
        None => left.len().cmp(&right.len()),
    }
}

/// Appends `text` as a JSON string in the one form that RFC 8785 section 3.2.2.2 allows (that of `JSON.stringify`).
pub(crate) fn write_string(out: &mut String, text: &str) {
    out.push('"');
    let mut plain = 0;
    // Nearly all texts have nothing to escape.
    let first = text.bytes().position(|byte| byte < 0x20 || matches!(byte, b'"' | b'\\'));
    for (at, byte) in text.bytes().enumerate().skip(first.unwrap_or(text.len())) {
        let escape = match byte {
            b'"' => "\\\"",
            b'\\' => "\\\\",
            0x08 => "\\b",
            b'\t' => "\\t",
            b'\n' => "\\n",
            0x0C => "\\f",
            b'\r' => "\\r",
            0..0x10 => "\\u000",
            0x10..0x20 => "\\u001",
            _ => continue,
        };
        out.push_str(text.get(plain..at).unwrap_or_default());
        out.push_str(escape);
        if escape.len() > 2 {
            out.push(text::hex_digit(byte));
        }
        plain = at + 1;
    }
    out.push_str(text.get(plain..).unwrap_or_default());
    out.push('"');
}

/// Reads a text from the front to the back, one value at a time, for callers that need no tree.
pub(crate) struct Reader<'a> {
    text: &'a str,
    at: usize,
    depth: u8,
}

/// An array or object that is being read.
pub(crate) struct Open {
    close: u8,
    first: bool,
}

impl<'a> Reader<'a> {
    pub(crate) fn new(text: &'a str) -> Self {
        Self { text, at: 0, depth: 0 }
    }

    /// Begins an array; [`Self::next`] then tells whether another element follows.
    pub(crate) fn array(&mut self) -> Result<Open, Error> {
        self.open(b'[', b']')
    }

    /// Begins an object; [`Self::key`] then reads the next name.
    pub(crate) fn object(&mut self) -> Result<Open, Error> {
        self.open(b'{', b'}')
    }

    /// Whether another element follows; the caller must then read it. `false` has read the closing bracket.
    pub(crate) fn next(&mut self, open: &mut Open) -> Result<bool, Error> {
        self.skip_space();
        if self.eat(open.close) {
            self.depth = self.depth.saturating_sub(1);
            return Ok(false);
        }
        if !core::mem::take(&mut open.first) && !self.eat(b',') {
            return Err(self.error(ErrorKind::Syntax));
        }
        // A trailing comma needs no check: `]` and `}` begin no value and no name.
        Ok(true)
    }

    /// The next name of an object; the caller must then read its value. `None` has read the closing brace.
    pub(crate) fn key(&mut self, open: &mut Open) -> Result<Option<Cow<'a, str>>, Error> {
        if !self.next(open)? {
            return Ok(None);
        }
        let key = self.string().map_err(|error| match error.kind {
            ErrorKind::Type => Error { kind: ErrorKind::Syntax, ..error },
            _ => error,
        })?;
        self.skip_space();
        if !self.eat(b':') {
            return Err(self.error(ErrorKind::Syntax));
        }
        Ok(Some(key))
    }

    /// Reads any value.
    pub(crate) fn value(&mut self) -> Result<Value<'a>, Error> {
        self.skip_space();
        match self.peek() {
            Some(b'"') => self.string().map(Value::String),
            Some(b'{') => self.members().map(Value::Object),
            Some(b'[') => {
                let mut items = Vec::new();
                let mut open = self.array()?;
                while self.next(&mut open)? {
                    items.push(self.value()?);
                }
                Ok(Value::Array(items))
            }
            Some(b't') => self.word("true", Value::Bool(true)),
            Some(b'f') => self.word("false", Value::Bool(false)),
            Some(b'n') => self.word("null", Value::Null),
            _ => self.number().map(Value::Number),
        }
    }

    /// Reads a string; it is borrowed exactly if it was written without escapes.
    pub(crate) fn string(&mut self) -> Result<Cow<'a, str>, Error> {
        self.skip_space();
        if !self.eat(b'"') {
            return Err(self.mismatch());
        }
        let plain = self.plain();
        if self.eat(b'"') {
            return Ok(Cow::Borrowed(plain));
        }
        let mut decoded = String::from(plain);
        while self.eat(b'\\') {
            decoded.push(self.escape()?);
            decoded.push_str(self.plain());
        }
        if self.eat(b'"') { Ok(Cow::Owned(decoded)) } else { Err(self.error(ErrorKind::Syntax)) }
    }

    /// Reads a number and gives its text.
    pub(crate) fn number(&mut self) -> Result<&'a str, Error> {
        self.skip_space();
        if !matches!(self.peek(), Some(b'-' | b'0'..=b'9')) {
            return Err(self.mismatch());
        }
        let start = self.at;
        self.eat(b'-');
        if !self.eat(b'0') {
            self.digits()?;
        }
        if self.eat(b'.') {
            self.digits()?;
        }
        if self.eat(b'e') || self.eat(b'E') {
            let _ = self.eat(b'+') || self.eat(b'-');
            self.digits()?;
        }
        Ok(self.since(start))
    }

    /// Checks that nothing but white space follows.
    pub(crate) fn end(&mut self) -> Result<(), Error> {
        self.skip_space();
        if self.at == self.text.len() { Ok(()) } else { Err(self.error(ErrorKind::Syntax)) }
    }

    fn open(&mut self, bracket: u8, close: u8) -> Result<Open, Error> {
        self.skip_space();
        if !self.eat(bracket) {
            return Err(self.mismatch());
        }
        if self.depth == MAX_DEPTH {
            return Err(self.error(ErrorKind::Limit));
        }
        self.depth += 1;
        Ok(Open { close, first: true })
    }

    fn members(&mut self) -> Result<Object<'a>, Error> {
        let start = self.at;
        let mut members = Vec::new();
        let mut open = self.object()?;
        while let Some(key) = self.key(&mut open)? {
            let value = self.value()?;
            match members.binary_search_by(|(name, _): &(Cow<'_, str>, _)| compare_utf16(name, &key)) {
                Ok(_) => return Err(self.error(ErrorKind::Duplicate)),
                Err(_) if members.len() == MAX_MEMBERS => return Err(self.error(ErrorKind::Limit)),
                Err(at) => members.insert(at, (key, value)),
            }
        }
        Ok(Object { raw: self.since(start), members })
    }

    fn word(&mut self, word: &str, value: Value<'a>) -> Result<Value<'a>, Error> {
        if !self.text.get(self.at..).is_some_and(|rest| rest.starts_with(word)) {
            return Err(self.error(ErrorKind::Syntax));
        }
        self.at += word.len();
        Ok(value)
    }

    /// The characters of a string up to the next quote, backslash, control character or the end.
    fn plain(&mut self) -> &'a str {
        let start = self.at;
        let rest = self.text.as_bytes().get(start..).unwrap_or_default();
        self.at += rest.iter().position(|byte| matches!(byte, 0..0x20 | b'"' | b'\\')).unwrap_or(rest.len());
        self.since(start)
    }

    fn escape(&mut self) -> Result<char, Error> {
        let error = self.error(ErrorKind::Syntax);
        let letter = self.peek();
        self.at += 1;
        Ok(match letter {
            Some(plain @ (b'"' | b'\\' | b'/')) => plain.into(),
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(b'n') => '\n',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            Some(b'u') => {
                let mut units = [self.hex()?, 0];
                if matches!(units, [0xD800..0xDC00, _]) && self.eat(b'\\') && self.eat(b'u') {
                    units = [units[0], self.hex()?];
                }
                let pair = char::decode_utf16(units).next();
                pair.and_then(Result::ok).ok_or(Error { kind: ErrorKind::Surrogate, ..error })?
            }
            _ => return Err(error),
        })
    }

    fn hex(&mut self) -> Result<u16, Error> {
        let mut unit = 0;
        for _ in 0..4 {
            let Some(digit) = self.peek().and_then(|byte| char::from(byte).to_digit(16)) else {
                return Err(self.error(ErrorKind::Syntax));
            };
            unit = unit << 4 | u16::try_from(digit).unwrap_or_default();
            self.at += 1;
        }
        Ok(unit)
    }

    fn digits(&mut self) -> Result<(), Error> {
        let start = self.at;
        while let Some(b'0'..=b'9') = self.peek() {
            self.at += 1;
        }
        if self.at == start { Err(self.error(ErrorKind::Syntax)) } else { Ok(()) }
    }

    #[expect(clippy::inline_always, reason = "as calls, the smallest pieces took a quarter of a cart's time")]
    #[inline(always)]
    fn skip_space(&mut self) {
        // `JSON.stringify` writes none.
        while let Some(b' ' | b'\t' | b'\n' | b'\r') = self.peek() {
            self.at += 1;
        }
    }

    #[expect(clippy::inline_always, reason = "see `skip_space`")]
    #[inline(always)]
    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    #[expect(clippy::inline_always, reason = "see `skip_space`")]
    #[inline(always)]
    fn eat(&mut self, byte: u8) -> bool {
        let found = self.peek() == Some(byte);
        self.at += usize::from(found);
        found
    }

    fn since(&self, start: usize) -> &'a str {
        self.text.get(start..self.at).unwrap_or_default()
    }

    fn error(&self, kind: ErrorKind) -> Error {
        Error { kind, offset: self.at }
    }

    /// The next value is not what the caller asked for: another type, or no value at all.
    fn mismatch(&self) -> Error {
        let is_value =
            matches!(self.peek(), Some(b'"' | b'{' | b'[' | b't' | b'f' | b'n' | b'-' | b'0'..=b'9'));
        self.error(if is_value { ErrorKind::Type } else { ErrorKind::Syntax })
    }
}

#[cfg(test)]
#[cfg(not(target_arch = "wasm32"))]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn kind(text: &str) -> Result<(), ErrorKind> {
        parse(text).map(drop).map_err(|error| error.kind)
    }

    /// The value as `serde_json` has it.
    fn as_serde(value: &Value<'_>) -> serde_json::Value {
        match value {
            Value::Null => serde_json::Value::Null,
            Value::Bool(value) => (*value).into(),
            Value::Number(number) => serde_json::from_str(number).unwrap(),
            Value::String(text) => text.as_ref().into(),
            Value::Array(items) => items.iter().map(as_serde).collect(),
            Value::Object(object) => object
                .members
                .iter()
                .map(|(name, value)| (name.clone().into_owned(), as_serde(value)))
                .collect(),
        }
    }

    fn any_json() -> impl Strategy<Value = serde_json::Value> {
        let leaf = prop_oneof![
            Just(serde_json::Value::Null),
            any::<bool>().prop_map(Into::into),
            any::<i64>().prop_map(Into::into),
            (-1e30..1e30).prop_map(|number: f64| number.into()),
            any::<String>().prop_map(Into::into),
        ];
        leaf.prop_recursive(4, 32, 5, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..5).prop_map(Into::into),
                prop::collection::btree_map("[a-c\u{0}-\u{10FFFF}]{0,3}", inner, 0..5)
                    .prop_map(|members| members.into_iter().collect()),
            ]
        })
    }

    proptest! {
        #[test]
        fn reads_what_serde_json_writes(json in any_json(), pretty: bool) {
            let text = if pretty { format!("{json:#}") } else { json.to_string() };
            // Not `json`: serde_json reads a float back to within one unit in the last place.
            let expected: serde_json::Value = serde_json::from_str(&text).unwrap();
            prop_assert_eq!(as_serde(&parse(&text).unwrap()), expected);
        }

        /// A valid text with one piece replaced: most are just not JSON any more, and both readers must agree.
        #[test]
        fn refuses_what_serde_json_refuses(
            json in any_json(),
            at: prop::sample::Index,
            drop in 0_usize..3,
            insert in r#"[\[\]{},:"\\/u0-9eE+.\-ntf \u{0}\u{1F}\u{FEFF}]{0,3}"#,
        ) {
            let chars: Vec<char> = json.to_string().chars().collect();
            let at = at.index(chars.len());
            let rest = chars.get(at + drop..).unwrap_or_default();
            let text: String = chars[..at].iter().copied().chain(insert.chars()).chain(rest.iter().copied()).collect();
            match (parse(&text), serde_json::from_str::<serde_json::Value>(&text)) {
                (Ok(ours), Ok(theirs)) => prop_assert_eq!(as_serde(&ours), theirs),
                (Err(error), Ok(_)) => prop_assert_eq!(error.kind, ErrorKind::Duplicate),
                // serde_json computes numbers and refuses 1e999; this reader leaves them as text.
                (Ok(_), Err(error)) => prop_assert!(error.to_string().contains("out of range"), "{error}: {text}"),
                (Err(error), Err(_)) => prop_assert!(error.offset <= text.len()),
            }
        }

        #[test]
        fn never_panics(text: String) {
            let _ = parse(&text);
        }

        #[test]
        fn orders_like_utf16(left: String, right: String) {
            let expected = left.encode_utf16().cmp(right.encode_utf16());
            prop_assert_eq!(compare_utf16(&left, &right), expected);
        }

        #[test]
        fn writes_strings_that_read_back(text: String) {
            let mut out = String::new();
            write_string(&mut out, &text);
            prop_assert_eq!(serde_json::from_str::<String>(&out).unwrap(), &*text);
            let value = parse(&out).unwrap();
            prop_assert_eq!(value.as_str(), Some(&*text));
        }
    }

    #[test]
    fn surrogates_sort_before_the_last_of_the_basic_plane() {
        for last in ["\u{E000}", "\u{FFFD}", "\u{FFFF}"] {
            assert_eq!(compare_utf16("\u{10000}", last), Ordering::Less);
            assert_eq!(compare_utf16("\u{D7FF}", "\u{10000}"), Ordering::Less);
            assert_eq!(compare_utf16("a", "a\u{10000}"), Ordering::Less);
        }
    }

    #[test]
    fn writes_controls_as_rfc_8785_says() {
        let mut out = String::new();
        write_string(&mut out, "\0\u{8}\t\n\u{b}\u{c}\r\u{f}\u{10}\u{1f}\"\\/\u{7f}\u{2028}é😀");
        assert_eq!(
            out,
            r#""\u0000\b\t\n\u000b\f\r\u000f\u0010\u001f\"\\/"#.to_owned() + "\u{7f}\u{2028}é😀\""
        );
    }

    #[test]
    fn escapes() {
        let read =
            |text| parse(text).map(|value| value.as_str().unwrap().to_owned()).map_err(|error| error.kind);
        assert_eq!(read(r#""\u0041\/\uD83D\uDE00\uFFFF""#), Ok("A/😀\u{FFFF}".to_owned()));
        assert_eq!(read(r#""\b\f\n\r\t\"\\""#), Ok("\u{8}\u{c}\n\r\t\"\\".to_owned()));
        for lone in [
            r#""\uD83D""#,
            r#""\uDE00""#,
            r#""\uD83Dx""#,
            r#""\uD83D\n""#,
            r#""\uD83D\uD83D""#,
            r#""\uDE00\uD83D""#,
        ] {
            assert_eq!(read(lone), Err(ErrorKind::Surrogate), "{lone}");
        }
        for wrong in
            [r#""\u+041""#, r#""\u004""#, r#""\u00é1""#, r#""\x""#, r#""\é""#, r#""\"#, r#""a"#, "\"\n\""]
        {
            assert_eq!(read(wrong), Err(ErrorKind::Syntax), "{wrong}");
        }
    }

    #[test]
    fn numbers_are_read_as_they_are_written() {
        for number in ["0", "-0", "10", "-1.50", "1e7", "1E7", "1e+7", "1e-7", "-0.5E-12"] {
            assert_eq!(parse(number), Ok(Value::Number(number)));
        }
        for wrong in ["", "-", "01", "+1", ".5", "1.", "1e", "1e+", "1e+-1", "1e-+1", "1.e1", "0x1"] {
            assert_eq!(kind(wrong), Err(ErrorKind::Syntax), "{wrong}");
        }
    }

    #[test]
    fn duplicate_names_are_errors_however_they_are_written() {
        assert_eq!(kind(r#"{"a":1,"b":2,"\u0061":3}"#), Err(ErrorKind::Duplicate));
        assert_eq!(kind(r#"{"a":{"a":1},"b":{"a":1}}"#), Ok(()));
    }

    #[test]
    fn names_are_strings() {
        for wrong in [
            "{1:2}",
            "{null:2}",
            "{[]:2}",
            r#"{"a" 2}"#,
            r#"{"a",2}"#,
            "{,}",
            r#"{"a":1,}"#,
            "[1,]",
            "[,]",
            "[1 2]",
        ] {
            assert_eq!(kind(wrong), Err(ErrorKind::Syntax), "{wrong}");
        }
        assert_eq!(kind(r#"{"\uD800":1}"#), Err(ErrorKind::Surrogate));
    }

    #[test]
    fn depth_is_limited_and_counts_what_is_open() {
        let nested = |depth| "[".repeat(depth) + &"]".repeat(depth);
        assert_eq!(kind(&nested(32)), Ok(()));
        assert_eq!(kind(&nested(33)), Err(ErrorKind::Limit));
        assert_eq!(kind(&"[".repeat(1_000_000)), Err(ErrorKind::Limit));
        assert_eq!(kind(&"{\"a\":".repeat(1_000_000)), Err(ErrorKind::Limit));
        assert_eq!(kind(&format!("[{}[]]", "[],{},".repeat(100))), Ok(()));
    }

    #[test]
    fn an_object_has_a_bounded_number_of_members() {
        let object = |members: usize| {
            let members: Vec<_> = (0..members).rev().map(|n| format!("\"{n}\":{n}")).collect();
            format!("{{{}}}", members.join(","))
        };
        let text = object(MAX_MEMBERS);
        let value = parse(&text).unwrap();
        assert!((0..256).all(|n| value.get(&n.to_string()).and_then(Value::as_u64) == Some(n)));
        assert_eq!(kind(&object(MAX_MEMBERS + 1)), Err(ErrorKind::Limit));
    }

    #[test]
    fn finds_members() {
        let value = parse(
            r#" { "error" : {"status":"x", "list":[1,-2,true], "n":9007199254740991, "m":9007199254740992}} "#,
        );
        let value = value.unwrap();
        assert_eq!(value.path("error.status").and_then(Value::as_str), Some("x"));
        assert_eq!(value.path("error.status.x"), None);
        assert_eq!(value.path("nothing"), None);
        let list = value.path("error.list").and_then(Value::as_array).unwrap();
        assert_eq!((list[0].as_u64(), list[1].as_i64(), list[1].as_u64()), (Some(1), Some(-2), None));
        assert_eq!(list[2].as_bool(), Some(true));
        assert_eq!(value.path("error.n").and_then(Value::as_i64), Some(MAX_SAFE_INTEGER));
        assert_eq!(value.path("error.m").and_then(Value::as_i64), None);
        let raw = r#"{"status":"x", "list":[1,-2,true], "n":9007199254740991, "m":9007199254740992}"#;
        assert_eq!(value.get("error").and_then(Value::as_object).map(|object| object.raw), Some(raw));
    }

    #[test]
    fn integers_are_plain_and_safe() {
        for form in ["-0", "1.0", "1e3", "1E0", "-1.5", "0.0"] {
            assert_eq!(safe_integer(form), Err(NotSafe::Form), "{form}");
        }
        for range in
            ["9007199254740992", "-9007199254740992", "9223372036854775808", "99999999999999999999999"]
        {
            assert_eq!(safe_integer(range), Err(NotSafe::Range), "{range}");
        }
        assert_eq!(safe_integer("-9007199254740991"), Ok(-MAX_SAFE_INTEGER));
        assert_eq!(safe_integer("0"), Ok(0));
    }
}
