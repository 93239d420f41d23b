//! The macro for open sets of words.

/// Declares a type for words to which Zoho may add others, with constants for the known ones.
///
/// It is exported for the models of `zcrm-api` and is not part of the public API.
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

            /// Returns the word as Zoho writes it.
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
