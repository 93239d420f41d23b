//! Objects of Zoho's, with names for what is known of them.

/// A struct around a [`Record`](crate::Record), with a getter for each known member, and a setter
/// for those that are written.
///
/// A getter tells a member that is absent or null by `None`, and one of another shape by an error
/// that names it; such a member harms no other. A member may have an older name beside its own: it
/// is read under either, and written under the one that is there, else under its own. `parts` are
/// objects of which older versions of Zoho send an empty one where there is none. `lists` are
/// members that hold several; absent, they are empty.
macro_rules! object {
    (
        $(#[$meta:meta])*
        $object:ident {
            $($(#[$doc:meta])* $get:ident $(, $with:ident)?: $kind:ty = $name:literal $(or $old:literal)?;)*
        }
        $(parts {
            $($(#[$part_doc:meta])* $part:ident: $part_kind:ty = $part_name:literal $(or $old_part:literal)?;)*
        })?
        $(lists {
            $($(#[$list_doc:meta])* $list:ident $(, $with_list:ident)?: $item:ty = $list_name:literal;)*
        })?
    ) => {
        $(#[$meta])*
        #[derive(Clone, Default)]
        pub struct $object($crate::Record);

        impl $object {
            $(
                $(#[$doc])*
                ///
                /// # Errors
                /// Of kind [`Decode`]($crate::ErrorKind::Decode) where it has another shape.
                pub fn $get(&self) -> Result<Option<$kind>, $crate::Error> {
                    self.0.get(object!(@there self, $name $(, $old)?))
                }

                object!(@setter [$($with)?] $get, $kind, $name $(, $old)?);
            )*

            $($(
                $(#[$part_doc])*
                ///
                /// # Errors
                /// Of kind [`Decode`]($crate::ErrorKind::Decode) where it has another shape.
                pub fn $part(&self) -> Result<Option<$part_kind>, $crate::Error> {
                    let name = object!(@there self, $part_name $(, $old_part)?);
                    match self.0.raw(name) {
                        Some("{}") => Ok(None),
                        _ => self.0.get(name),
                    }
                }
            )*)?

            $($(
                $(#[$list_doc])*
                ///
                /// # Errors
                /// Of kind [`Decode`]($crate::ErrorKind::Decode) where it has another shape.
                pub fn $list(&self) -> Result<Vec<$item>, $crate::Error> {
                    self.0.get($list_name).map(Option::unwrap_or_default)
                }

                $(
                    #[doc = concat!("Sets it: see [`", stringify!($list), "`](Self::", stringify!($list), ").")]
                    #[must_use]
                    pub fn $with_list<V: Into<$item>>(mut self, values: impl IntoIterator<Item = V>) -> Self {
                        let values: Vec<$item> = values.into_iter().map(Into::into).collect();
                        self.0.put($list_name, &values);
                        self
                    }
                )?
            )*)?

            /// All of it, what zcrm does not know included.
            #[must_use]
            pub fn record(&self) -> &$crate::Record {
                &self.0
            }

            /// All of it, to change what zcrm does not know.
            #[must_use]
            pub fn record_mut(&mut self) -> &mut $crate::Record {
                &mut self.0
            }
        }

        impl From<$crate::Record> for $object {
            fn from(record: $crate::Record) -> Self {
                Self(record)
            }
        }

        impl From<$object> for $crate::Record {
            fn from(object: $object) -> Self {
                object.0
            }
        }

        impl serde::Serialize for $object {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                self.0.serialize(serializer)
            }
        }

        impl<'de> serde::Deserialize<'de> for $object {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                $crate::Record::deserialize(deserializer).map(Self)
            }
        }

        /// Names the members and shows no values, which may be people's data.
        impl std::fmt::Debug for $object {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.debug_tuple(stringify!($object)).field(&self.0).finish()
            }
        }
    };
    (@setter [] $get:ident, $kind:ty, $name:literal $(, $old:literal)?) => {};
    (@setter [$with:ident] $get:ident, $kind:ty, $name:literal $(, $old:literal)?) => {
        #[doc = concat!("Sets it: see [`", stringify!($get), "`](Self::", stringify!($get), ").")]
        #[must_use]
        pub fn $with(mut self, value: impl Into<$kind>) -> Self {
            let name = object!(@there self, $name $(, $old)?);
            self.0.put(name, &value.into());
            self
        }
    };
    (@there $this:ident, $name:literal) => { $name };
    (@there $this:ident, $name:literal, $old:literal) => {
        if !$this.0.contains($name) && $this.0.contains($old) { $old } else { $name }
    };
}
pub(crate) use object;
