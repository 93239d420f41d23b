use zcrm_derive::Module;

#[derive(Module)]
#[module("Leads")]
struct Lead {
    #[serde(rename = "Last Name")]
    name: String,
    #[serde(rename = "Email")]
    one: String,
    #[serde(rename = "Email", default)]
    two: String,
}

#[derive(Module)]
#[module("Leads")]
#[serde(rename_all = "kebab-case")]
struct Kebab {
    last_name: String,
}

#[derive(Module)]
#[module("Leads")]
#[serde(rename_all = "Train_Case")]
struct Train {
    last_name: String,
}

fn main() {}
