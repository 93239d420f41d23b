//! The macro for typed views of Zoho's objects.

/// Declares a struct around a [`Record`](crate::Record), with getters for its known members and
/// setters for those that may be written.
///
/// A getter returns `None` for a member that is absent or null, and an error with the member's name
/// for one of another type. Other members are not affected. A member may have an older name, after
/// `or`. It is read under either name, and written under the one that is present, or else under its
/// current name. `parts` are objects that older versions of Zoho send empty instead of leaving them
/// out. `lists` are members with several values; an absent list is empty.
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
                /// Returns an error of kind [`Decode`]($crate::ErrorKind::Decode) if the member has
                /// another type.
                pub fn $get(&self) -> Result<Option<$kind>, $crate::Error> {
                    self.0.get(object!(@there self, $name $(, $old)?))
                }

                object!(@setter [$($with)?] $get, $kind, $name $(, $old)?);
            )*

            $($(
                $(#[$part_doc])*
                ///
                /// # Errors
                /// Returns an error of kind [`Decode`]($crate::ErrorKind::Decode) if the member has
                /// another type.
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
                /// Returns an error of kind [`Decode`]($crate::ErrorKind::Decode) if the member has
                /// another type.
                pub fn $list(&self) -> Result<Vec<$item>, $crate::Error> {
                    self.0.get($list_name).map(Option::unwrap_or_default)
                }

                $(
                    #[doc = concat!("Sets the values; see [`", stringify!($list), "`](Self::", stringify!($list), ").")]
                    #[must_use]
                    pub fn $with_list<V: Into<$item>>(mut self, values: impl IntoIterator<Item = V>) -> Self {
                        let values: Vec<$item> = values.into_iter().map(Into::into).collect();
                        self.0.put($list_name, &values);
                        self
                    }
                )?
            )*)?

            /// Returns the underlying record, with members that zcrm does not know.
            #[must_use]
            pub fn record(&self) -> &$crate::Record {
                &self.0
            }

            /// Returns the underlying record, to change members that zcrm does not know.
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

        /// Shows the names of the members but no values, which may be people's data.
        impl std::fmt::Debug for $object {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.debug_tuple(stringify!($object)).field(&self.0).finish()
            }
        }
    };
    (@setter [] $get:ident, $kind:ty, $name:literal $(, $old:literal)?) => {};
    (@setter [$with:ident] $get:ident, $kind:ty, $name:literal $(, $old:literal)?) => {
        #[doc = concat!("Sets the value; see [`", stringify!($get), "`](Self::", stringify!($get), ").")]
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
