//! Whatever comes back over HTTP, from any provider, a proxy or a portal.

use payonce::outcome::{Outcome, SettleAnswer};
use payonce::provider::{HttpReply, MAX_BODY, Profile};

/// The first five bytes say who answers, with which status and which advice; the rest is the body.
pub fn check(data: &[u8]) {
    let Some((&[who, high, low, wait, retry], body)) = data.split_first_chunk::<5>() else { return };
    let body = String::from_utf8_lossy(body);
    let status = u16::from_be_bytes([high, low]) % 1000;
    let retry_after_ms = (wait > 0).then(|| u64::from(wait) * 100);
    let should_retry = [None, Some(true), Some(false)][usize::from(retry) % 3];
    let reply = HttpReply { status, retry_after_ms, should_retry, body: &body };
    let profile = Profile::ALL[usize::from(who) % Profile::ALL.len()];

    let outcome = profile.classify(&reply);
    let answer = profile.classify_settle(&reply);
    let said_nothing = matches!(outcome, Outcome::Ambiguous(_));
    let settled_nothing = matches!(answer, SettleAnswer::Pending { .. });
    let approved = matches!(outcome, Outcome::Approved(_))
        || matches!(answer, SettleAnswer::Outcome(Outcome::Approved(_)));
    assert!(!approved || (200..300).contains(&status), "{status} is no approval");
    // A redirect, a server error, a page and an empty body decide nothing.
    let speaks = matches!(status, 200..300 | 400..500) && body.len() <= MAX_BODY;
    let object = serde_json::from_str::<serde_json::Value>(&body).is_ok_and(|value| value.is_object());
    assert!(speaks && object || said_nothing && settled_nothing, "{status} with no word decided something");
    if let Outcome::Ambiguous(doubt) = &outcome {
        assert_eq!(doubt.retry_after, retry_after_ms, "Retry-After got lost");
    }
    let shown = format!("{reply:?}");
    assert!(body.len() < 8 || !shown.contains(&*body), "a reply shows what it echoes");
}
