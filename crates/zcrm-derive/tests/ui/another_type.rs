use zcrm_derive::Module;

#[derive(Module)]
#[module("Leads")]
#[serde(from = "Other")]
struct Lead {
    name: String,
}

#[derive(Module)]
#[module("Leads")]
#[serde(transparent)]
struct Wrapper {
    name: String,
}

fn main() {}
