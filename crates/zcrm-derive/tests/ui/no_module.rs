use zcrm_derive::Module;

#[derive(Module)]
struct Lead {
    name: String,
}

fn main() {}
