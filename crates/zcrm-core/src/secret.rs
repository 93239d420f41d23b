//! Secrets, which are never printed and are wiped when dropped.

pub use secrecy::{ExposeSecret, SecretString};

#[cfg(test)]
mod tests {
    use super::SecretString;

    #[test]
    fn debug_shows_no_secret() {
        let secret = SecretString::from("1000.marked");
        assert!(!format!("{secret:?}").contains("marked"));
    }
}
