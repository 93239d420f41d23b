//! The macro that writes models.

/// A struct with public fields for the members of a JSON object, and the other members in `extra`.
///
/// ```text
/// model! {
///     /// A role.
///     Role {
///         /// Its id.
///         id, with_id: Option<Id> = "id";
///         /// Whether only its owner sees it.
///         hidden: Option<bool> = "hidden" or "is_hidden";
///     }
/// }
/// ```
///
/// A field is an `Option`, a `Vec`, or a `String`, which is empty where Zoho left the member out. The
/// member's name may be followed by one that older versions have. Fields that are written have a setter
/// (`with_…`). `fields!` is the same without `Serialize`, `Deserialize` and `Debug`.
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

        /// Shows the names of members and no values, which may be people's data.
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
            /// The members that no other field holds: unknown, of another shape, or null.
            pub extra: $crate::model::Extra,
        }

        impl $model {
            $($crate::model::fields!(@with [$($with)?] $field, $kind $(, $item)?);)*

            /// A member by its name at Zoho, whether a field holds it or not; `None` where it is
            /// absent or null.
            ///
            /// # Errors
            /// Of kind [`Decode`](zcrm_core::ErrorKind::Decode) where it does not fit `T`.
            pub fn get<T: serde::de::DeserializeOwned>(
                &self,
                name: &str,
            ) -> Result<Option<T>, zcrm_core::Error> {
                $crate::model::members::get(self, name)
            }

            /// Sets a member by its name at Zoho, whether a field holds it or not. `None::<()>` is
            /// written as null, which clears it at Zoho.
            ///
            /// # Errors
            /// Of kind [`Input`](zcrm_core::ErrorKind::Input) where `value` cannot be written as JSON.
            pub fn set(
                &mut self,
                name: impl Into<String>,
                value: impl serde::Serialize,
            ) -> Result<(), zcrm_core::Error> {
                $crate::model::members::set(self, name.into(), &value)
            }

            /// As [`set`](Self::set), and returns the model. A value that cannot be written as JSON
            /// is an error when the model is sent.
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
