//! The compile errors of the derive macro.

#[test]
fn reports_errors_at_their_position() {
    trybuild::TestCases::new().compile_fail("tests/ui/*.rs");
}
