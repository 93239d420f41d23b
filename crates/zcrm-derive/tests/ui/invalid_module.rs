use zcrm_derive::Module;

#[derive(Module)]
#[module("Leads/1")]
struct Lead {
    name: String,
}

#[derive(Module)]
#[module("Leads", "Contacts")]
struct Twice {
    name: String,
}

#[derive(Module)]
#[module(name = "Leads")]
struct Named {
    name: String,
}

fn main() {}
