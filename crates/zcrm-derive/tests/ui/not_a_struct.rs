use zcrm_derive::Module;

#[derive(Module)]
#[module("Leads")]
enum Lead {
    One,
}

#[derive(Module)]
#[module("Leads")]
struct Tuple(String);

#[derive(Module)]
#[module("Leads")]
struct Unit;

#[derive(Module)]
#[module("Leads")]
struct OnlyId {
    id: String,
}

fn main() {}
