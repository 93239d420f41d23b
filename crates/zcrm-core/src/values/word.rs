//! Open sets of words.

/// A type for words of which Zoho may send others tomorrow: constants for the known ones.
///
/// It is exported for `zcrm-api`, whose models have such types too, and is not part of the public API.
#[doc(hidden)]
#[macro_export]
macro_rules! words {
    (
        $(#[$meta:meta])*
        $kind:ident { $($name:ident = $text:literal: $doc:literal;)* }
    ) => {
        $(#[$meta])*
        #[derive(Clone, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
        #[serde(transparent)]
        pub struct $kind($crate::__SmolStr);

        #[allow(clippy::declare_interior_mutable_const, reason = "static text, never shared")]
        impl $kind {
            $(
                #[doc = $doc]
                pub const $name: Self = Self($crate::__SmolStr::new_static($text));
            )*

            /// The word, as Zoho writes it.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl From<&str> for $kind {
            fn from(word: &str) -> Self {
                Self(word.into())
            }
        }

        impl std::fmt::Display for $kind {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl std::fmt::Debug for $kind {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                std::fmt::Debug::fmt(self.as_str(), f)
            }
        }
    };
}
pub(crate) use words;
