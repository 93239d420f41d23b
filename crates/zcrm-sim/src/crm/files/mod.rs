//! Files: uploads, attachments and photos.

pub(crate) mod attachments;
pub(crate) mod photos;
pub(crate) mod uploads;
