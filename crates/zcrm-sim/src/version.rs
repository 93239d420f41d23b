//! The versions of the API, and which of them are served.

/// A version of the API; later ones are larger.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Version(u8);

impl Version {
    pub(crate) const V2: Self = Self(20);
    pub(crate) const V2_1: Self = Self(21);
    pub(crate) const V3: Self = Self(30);
    pub(crate) const V4: Self = Self(40);
    pub(crate) const V5: Self = Self(50);
    pub(crate) const V6: Self = Self(60);
    pub(crate) const V7: Self = Self(70);
    pub(crate) const V8: Self = Self(80);

    /// Returns ten times the number of the version, such as 21 for v2.1.
    pub(crate) fn tenths(self) -> u32 {
        self.0.into()
    }

    /// Reads a version as paths have it.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        Some(Self(match text {
            "v2" => 20,
            "v2.1" => 21,
            "v3" => 30,
            "v4" => 40,
            "v5" => 50,
            "v6" => 60,
            "v7" => 70,
            "v8" => 80,
            _ => return None,
        }))
    }
}

/// Returns the version that a segment of a path names, times ten, such as 21 for v2.1. The version
/// need not exist.
pub(crate) fn tenths(segment: &str) -> Option<u32> {
    let number = segment.strip_prefix('v')?;
    let (whole, part) = number.split_once('.').unwrap_or((number, "0"));
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if !digits(whole) || !digits(part) {
        return None;
    }
    // A number that is too large is later than any version.
    let tenth: u32 = part.get(..1)?.parse().ok()?;
    let whole = whole.parse::<u32>().unwrap_or(u32::MAX);
    Some(whole.saturating_mul(10).saturating_add(tenth))
}
