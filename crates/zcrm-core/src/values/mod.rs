//! Values of fields that have a shape of their own.
//!
//! Whatever is an object in Zoho is a [`Record`](crate::Record) here too, with names for what is
//! known of it: what is not known, and the digits and order of what is, survive.

mod decimal;
mod details;
mod line_item;
mod rows;
mod timestamp;
mod views;
mod word;

pub use decimal::Decimal;
pub use details::{
    Alarm, FileField, Link, Participant, ParticipantKind, PriceRange, Recurrence, Reminder, Tag,
    Tax,
};
pub use line_item::{Discount, LineItem, LineTax};
pub use timestamp::Timestamp;
pub(crate) use word::words;

/// A struct around a [`Record`](crate::Record), with a getter and a setter for each known member.
///
/// A member may have an older name beside its own: it is read under either, and written under the
/// one that is there, else under its own.
macro_rules! object {
    (
        $(#[$meta:meta])*
        $object:ident {
            $($(#[doc = $doc:literal])* $get:ident, $with:ident: $kind:ty = $name:literal $(or $old:literal)?;)*
        }
    ) => {
        $(#[$meta])*
        #[derive(Clone, Default)]
        pub struct $object($crate::Record);

        impl $object {
            $(
                $(#[doc = $doc])*
                ///
                /// # Errors
                /// Of kind [`Decode`](crate::ErrorKind::Decode) where it has another shape.
                pub fn $get(&self) -> Result<Option<$kind>, $crate::Error> {
                    self.0.get($crate::values::object!(@there self, $name $(, $old)?))
                }

                #[doc = concat!("Sets it: see [`", stringify!($get), "`](Self::", stringify!($get), ").")]
                #[must_use]
                pub fn $with(mut self, value: impl Into<$kind>) -> Self {
                    let name = $crate::values::object!(@there self, $name $(, $old)?);
                    self.0.put(name, &value.into());
                    self
                }
            )*

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

        /// Names the members and shows no values, which are people's data.
        impl std::fmt::Debug for $object {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.debug_tuple(stringify!($object)).field(&self.0).finish()
            }
        }
    };
    (@there $this:ident, $name:literal) => { $name };
    (@there $this:ident, $name:literal, $old:literal) => {
        if !$this.0.contains($name) && $this.0.contains($old) { $old } else { $name }
    };
}
pub(crate) use object;
