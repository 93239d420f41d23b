//! Secrets: never printed, wiped when dropped.

pub use secrecy::{ExposeSecret, SecretString};

#[cfg(test)]
mod tests {
    use super::SecretString;

    #[test]
    fn debug_says_nothing() {
        let secret = SecretString::from("1000.marked");
        assert!(!format!("{secret:?}").contains("marked"));
    }
}
