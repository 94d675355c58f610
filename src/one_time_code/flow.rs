//! What is made for one flow and used once: `state` and the PKCE verifier (rule O1).
#![forbid(unsafe_code)]

use crate::key::Entropy;
use crate::outcome::Opaque;
use alloc::boxed::Box;
use alloc::string::String;
use base64ct::{Base64UrlUnpadded, Encoding};
use core::fmt;
use serde::{Serialize, Serializer};
use sha2::{Digest, Sha256};

/// The `state` parameter of a flow (RFC 6749 section 4.1.1): 128 random bits, so that nobody guesses one (section
/// 10.10), as 22 characters of base64url. It names the flow in the record and towards the backend.
#[derive(Clone, PartialEq, Eq)]
pub struct FlowState(Box<str>);

impl FlowState {
    const LEN: usize = 22;

    fn from_entropy(bits: u128) -> Self {
        Self(Base64UrlUnpadded::encode_string(&bits.to_be_bytes()).into())
    }

    /// Takes `text` where it looks like one of ours; whether it is one is for the record to say.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let ours = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
        (text.len() == Self::LEN && text.bytes().all(ours)).then(|| Self(text.into()))
    }

    /// The parameter.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Whoever knows it before the shopper comes back could have another account's code exchanged: no log tells.
const HIDDEN: &str = "FlowState(..)";

impl fmt::Debug for FlowState {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(HIDDEN)
    }
}

impl Serialize for FlowState {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(HIDDEN)
    }
}

#[cfg(not(target_arch = "wasm32"))]
impl<'de> serde::Deserialize<'de> for FlowState {
    /// What a replay knows of a flow: that there is one.
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self(String::deserialize(deserializer)?.into()))
    }
}

/// A flow that begins.
#[derive(Debug, Clone)]
pub struct Flow {
    /// Its name.
    pub state: FlowState,
    /// The PKCE verifier (RFC 7636 section 4.1): 256 random bits as 43 characters; none where the provider knows no
    /// PKCE.
    pub verifier: Option<Opaque>,
}

impl Flow {
    /// Draws a new one.
    pub fn draw(entropy: &mut dyn Entropy, pkce: bool) -> Self {
        let state = FlowState::from_entropy(entropy.draw());
        let verifier = pkce.then(|| {
            let bytes = [entropy.draw().to_be_bytes(), entropy.draw().to_be_bytes()].concat();
            Opaque::new(Base64UrlUnpadded::encode_string(&bytes))
        });
        Self { state, verifier }
    }

    /// The challenge that belongs to the verifier, by the method `S256`.
    #[must_use]
    pub fn challenge(&self) -> Option<String> {
        self.verifier.as_ref().map(|verifier| challenge(verifier.expose()))
    }
}

/// `BASE64URL(SHA256(verifier))` (RFC 7636 section 4.2).
///
/// ```
/// use payonce::one_time_code::challenge;
/// // RFC 7636, appendix B
/// assert_eq!(
///     challenge("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"),
///     "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
/// );
/// ```
#[must_use]
pub fn challenge(verifier: &str) -> String {
    let digest: [u8; 32] = Sha256::digest(verifier.as_bytes()).into();
    Base64UrlUnpadded::encode_string(&digest)
}
