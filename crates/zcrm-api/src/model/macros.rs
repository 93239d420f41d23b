//! The macros that define models.

/// Defines a struct with a public field per known member of a JSON object, and the other members in
/// `extra`.
///
/// ```text
/// model! {
///     /// A role.
///     Role {
/// The id of the role.
///         id, with_id: Option<Id> = "id";
/// Whether only the owner sees the role.
///         hidden: Option<bool> = "hidden" or "is_hidden";
///     }
/// }
/// ```
///
/// A field is an `Option`, a `Vec` or a `String`; a `String` is empty if Zoho omits the member.
/// After the name of a member, `or` gives its name in older versions. A field that can be written
/// has a setter (`with_…`). `fields!` does the same, but without `Serialize`, `Deserialize` and
/// `Debug`.
macro_rules! model {
    ($(#[$meta:meta])* $model:ident { $($fields:tt)* }) => {
        $crate::model::fields! { $(#[$meta])* $model { $($fields)* } }

        impl<'de> serde::Deserialize<'de> for $model {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                $crate::model::members::deserialize(deserializer)
            }
        }

        impl serde::Serialize for $model {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                $crate::model::members::serialize(self, serializer)
            }
        }

        /// Shows the names of members, but no values: these may be personal data.
        impl std::fmt::Debug for $model {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                $crate::model::members::debug(stringify!($model), self, f)
            }
        }
    };
}
pub(crate) use model;

macro_rules! fields {
    (
        $(#[$meta:meta])*
        $model:ident {
            $(
                $(#[$doc:meta])*
                $field:ident $(, $with:ident)?: $kind:ident $(<$item:ty>)? = $name:literal $(or $older:literal)?;
            )*
        }
    ) => {
        $(#[$meta])*
        #[derive(Clone, Default, PartialEq)]
        #[non_exhaustive]
        pub struct $model {
            $(
                $(#[$doc])*
                pub $field: $kind $(<$item>)?,
            )*
            /// The members that no other field holds: unknown ones, null, or of an unexpected
            /// shape.
            pub extra: $crate::model::Extra,
        }

        impl $model {
            $($crate::model::fields!(@with [$($with)?] $field, $kind $(, $item)?);)*

            /// Returns a member by its name in Zoho's JSON, whether or not it has a field. Returns
            /// `None` if it is absent or null.
            ///
            /// # Errors
            /// Returns an error of kind [`Decode`](zcrm_core::ErrorKind::Decode) if the member does
            /// not fit `T`.
            pub fn get<T: serde::de::DeserializeOwned>(
                &self,
                name: &str,
            ) -> Result<Option<T>, zcrm_core::Error> {
                $crate::model::members::get(self, name)
            }

            /// Sets a member by its name in Zoho's JSON, whether or not it has a field.
            ///
            /// `None::<()>` is written as null, which clears the member in Zoho.
            ///
            /// # Errors
            /// Returns an error of kind [`Input`](zcrm_core::ErrorKind::Input) if `value` cannot be
            /// written as JSON.
            pub fn set(
                &mut self,
                name: impl Into<String>,
                value: impl serde::Serialize,
            ) -> Result<(), zcrm_core::Error> {
                $crate::model::members::set(self, name.into(), &value)
            }

            /// Sets a member like [`set`](Self::set) and returns the model. If the value cannot be
            /// written as JSON, sending the model fails.
            #[must_use]
            pub fn with(self, name: impl Into<String>, value: impl serde::Serialize) -> Self {
                $crate::model::members::with(self, name.into(), &value)
            }
        }

        impl $crate::model::members::ModelFields for $model {
            const NAMES: &'static [$crate::model::members::Name] = &[
                $($crate::model::members::Name {
                    own: $name,
                    older: $crate::model::fields!(@older $($older)?),
                },)*
            ];

            fn fields(&self) -> (Vec<&dyn $crate::model::members::ModelField>, &$crate::model::Extra) {
                (vec![$(&self.$field),*], &self.extra)
            }

            fn fields_mut(
                &mut self,
            ) -> (Vec<&mut dyn $crate::model::members::ModelField>, &mut $crate::model::Extra) {
                (vec![$(&mut self.$field),*], &mut self.extra)
            }
        }
    };
    (@older) => { None };
    (@older $older:literal) => { Some($older) };
    (@with [] $($field:tt)*) => {};
    (@with [$with:ident] $field:ident, Vec, $item:ty) => {
        #[doc = concat!("Sets [`", stringify!($field), "`](Self#structfield.", stringify!($field), ").")]
        #[must_use]
        pub fn $with<V: Into<$item>>(mut self, values: impl IntoIterator<Item = V>) -> Self {
            self.$field = values.into_iter().map(Into::into).collect();
            self
        }
    };
    (@with [$with:ident] $field:ident, Option, $item:ty) => {
        #[doc = concat!("Sets [`", stringify!($field), "`](Self#structfield.", stringify!($field), ").")]
        #[must_use]
        pub fn $with(mut self, value: impl Into<$item>) -> Self {
            self.$field = Some(value.into());
            self
        }
    };
    (@with [$with:ident] $field:ident, String) => {
        #[doc = concat!("Sets [`", stringify!($field), "`](Self#structfield.", stringify!($field), ").")]
        #[must_use]
        pub fn $with(mut self, value: impl Into<String>) -> Self {
            self.$field = value.into();
            self
        }
    };
}
pub(crate) use fields;
