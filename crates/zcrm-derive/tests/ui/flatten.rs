use zcrm_derive::Module;

struct Address;

#[derive(Module)]
#[module("Leads")]
struct Lead {
    #[serde(rename = "Last_Name")]
    name: String,
    #[serde(flatten)]
    address: Address,
}

fn main() {}
