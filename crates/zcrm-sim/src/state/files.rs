//! Stored files: uploads, attachments and photos.

use bytes::Bytes;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// An attachment of a record: a file or a link.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Attachment {
    pub(crate) id: u64,
    pub(crate) module: String,
    pub(crate) record: u64,
    pub(crate) user: String,
    pub(crate) created: DateTime<Utc>,
    pub(crate) file_id: String,
    pub(crate) content: AttachmentContent,
}

/// The content of an attachment.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) enum AttachmentContent {
    File(File),
    Link { url: String, title: String },
}

/// A file's name and content.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct File {
    pub(crate) name: String,
    pub(crate) blob: Blob,
}

/// Bytes that are serialised as hexadecimal digits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Blob(pub(crate) Bytes);

impl Serialize for Blob {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        use std::fmt::Write;
        let mut text = String::with_capacity(self.0.len() * 2);
        for byte in &self.0 {
            // Writing to a string cannot fail.
            let _ = write!(text, "{byte:02x}");
        }
        serializer.serialize_str(&text)
    }
}

impl<'de> Deserialize<'de> for Blob {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let bytes: Option<Vec<u8>> = text
            .as_bytes()
            .chunks(2)
            .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok())
            .collect();
        let bytes = bytes.ok_or_else(|| {
            de::Error::custom("invalid file content: expected hexadecimal digits")
        })?;
        Ok(Self(bytes.into()))
    }
}
