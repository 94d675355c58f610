//! Money: an integer of minor units, and an ISO 4217 currency that says how many of them make a major unit.
//!
//! payonce never computes with money and never converts it; it carries, compares and shows what the storefront says.
//! Nothing here is a float, and nothing is beyond ±(2^53 - 1), so that JavaScript holds the same number.
#![forbid(unsafe_code)]

use crate::json::MAX_SAFE_INTEGER;
use crate::text;
use alloc::format;
use alloc::string::String;
use core::{fmt, str::FromStr};
use serde::{Serialize, Serializer};

/// The active codes of ISO 4217 that have a minor unit, by the number of its decimals.
///
/// "List one" of the [maintenance agency](https://www.six-group.com/en/products-services/financial-information/data-standards.html)
/// up to amendment 180 (1 January 2026, which withdrew BGN). Metals, bond units and test codes (XAU, XDR, XXX, ...) have no minor unit and cannot price a cart.
const CODES: [(u8, &str); 4] = [
    (
        2,
        "AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BMD BND BOB BOV BRL BSD BTN BWP BYN BZD CAD CDF CHE CHF \
         CHW CNY COP COU CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL \
         HTG HUF IDR ILS INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU \
         MUR MVR MWK MXN MXV MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR \
         SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USD USN UYU UZS VED \
         VES WST XAD XCD XCG YER ZAR ZMW ZWG",
    ),
    (0, "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF"),
    (3, "BHD IQD JOD KWD LYD OMR TND"),
    (4, "CLF UYW"),
];

/// An active ISO 4217 currency with a minor unit.
///
/// [`Currency::decimals`] is ISO's number. Some providers count differently, and their number is the backend's
/// business when it creates the charge:
///
/// - Stripe wants ISK and UGX with two decimals (always `00`), MGA with none, and the last digit of three-decimal
///   amounts (BHD, JOD, KWD, OMR, TND) to be 0: <https://docs.stripe.com/currencies>.
/// - Adyen wants CLP and ISK with two decimals, CVE and IDR with none:
///   <https://docs.adyen.com/development-resources/currency-codes>.
/// - PayPal takes no decimals in HUF and TWD: <https://developer.paypal.com/api/rest/reference/currency-codes/>.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Currency {
    code: &'static str,
    decimals: u8,
}

impl Currency {
    /// The currency with this code, in upper or lower case; `None` where ISO 4217 has no such active code.
    #[must_use]
    pub fn new(code: &str) -> Option<Self> {
        CODES.iter().find_map(|&(decimals, codes)| {
            let code = text::words(codes).find(|known| known.eq_ignore_ascii_case(code))?;
            Some(Self { code, decimals })
        })
    }

    /// The code: three upper-case ASCII letters.
    #[must_use]
    pub const fn as_str(&self) -> &'static str {
        self.code
    }

    /// How many decimals the minor unit stands for: 2 for USD, 0 for JPY, 3 for BHD, 4 for CLF.
    #[must_use]
    pub const fn decimals(&self) -> u8 {
        self.decimals
    }
}

/// The text is no active ISO 4217 code with a minor unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UnknownCurrency;

impl fmt::Display for UnknownCurrency {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("not an active ISO 4217 currency")
    }
}

impl core::error::Error for UnknownCurrency {}

impl FromStr for Currency {
    type Err = UnknownCurrency;

    fn from_str(code: &str) -> Result<Self, UnknownCurrency> {
        Self::new(code).ok_or(UnknownCurrency)
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

impl fmt::Debug for Currency {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

impl Serialize for Currency {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

/// An amount of minor units (cents for USD, yen for JPY) from -(2^53 - 1) to 2^53 - 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default, Serialize)]
#[serde(transparent)]
pub struct Amount(i64);

impl Amount {
    /// The largest amount, 2^53 - 1: the largest integer that JavaScript and JSON hold exactly.
    pub const MAX: Self = Self(MAX_SAFE_INTEGER);

    /// The amount of `minor` units; `None` beyond ±(2^53 - 1).
    #[must_use]
    pub const fn new(minor: i64) -> Option<Self> {
        if minor.unsigned_abs() <= MAX_SAFE_INTEGER.unsigned_abs() { Some(Self(minor)) } else { None }
    }

    /// The number of minor units.
    #[must_use]
    pub const fn minor(self) -> i64 {
        self.0
    }

    /// The amount in major units as W3C Payment Request and Apple Pay want it: `12.34`, `-0.05`, `500` for JPY.
    ///
    /// The form is that of `PaymentCurrencyAmount.value`: an optional minus, digits, and with decimals a full stop.
    #[must_use]
    pub fn to_decimal_string(self, currency: Currency) -> String {
        let sign = if self.0 < 0 { "-" } else { "" };
        let decimals = usize::from(currency.decimals);
        // One digit is always left of the point, hence the zeros in front: 5 is written 005, then 0.05.
        let digits = format!("{:0width$}", self.0.unsigned_abs(), width = decimals + 1);
        match digits.split_at_checked(digits.len() - decimals) {
            Some((major, minor)) if decimals > 0 => format!("{sign}{major}.{minor}"),
            _ => format!("{sign}{digits}"),
        }
    }
}
