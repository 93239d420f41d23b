//! The related lists of a module, derived from the lookups of other modules.

use super::spec::{ModuleSpec, Modules};

/// Pairs of modules whose records can be related to each other.
const JUNCTIONS: [(&str, &str); 7] = [
    ("Leads", "Campaigns"),
    ("Contacts", "Campaigns"),
    ("Leads", "Products"),
    ("Contacts", "Products"),
    ("Accounts", "Products"),
    ("Deals", "Products"),
    ("Products", "Price_Books"),
];

/// The offset of the ids of related lists, far above the ids that are counted up.
const APART: u64 = 200_000_000_000;

/// One related list.
#[derive(Debug, Clone)]
pub(crate) struct RelatedListSpec {
    pub(crate) id: u64,
    pub(crate) api_name: String,
    pub(crate) kind: RelatedKind,
}

/// The content of a related list.
#[derive(Debug, Clone)]
pub(crate) enum RelatedKind {
    /// Records with a lookup to the record.
    Children {
        module: String,
        field: String,
    },
    /// Records of this module that are related to the record.
    Junction {
        module: String,
    },
    Attachments,
}

impl RelatedListSpec {
    /// Returns the module whose records the list shows.
    pub(crate) fn target(&self) -> &str {
        match &self.kind {
            RelatedKind::Children { module, .. } | RelatedKind::Junction { module } => module,
            RelatedKind::Attachments => "Attachments",
        }
    }
}

/// Returns the related lists of a module: notes and attachments, relations, and the records with a
/// lookup to the module.
pub(crate) fn related_lists(modules: &Modules, module: &ModuleSpec) -> Vec<RelatedListSpec> {
    let own = module.api_name();
    let mut lists = Vec::new();
    if own != "Notes" {
        let field = String::from("Parent_Id");
        let kind = RelatedKind::Children { module: String::from("Notes"), field };
        lists.push(RelatedListSpec {
            id: module.id + APART,
            api_name: String::from("Notes"),
            kind,
        });
    }
    lists.push(RelatedListSpec {
        id: module.id + 2 * APART,
        api_name: String::from("Attachments"),
        kind: RelatedKind::Attachments,
    });
    let others = JUNCTIONS.iter().filter_map(|(a, b)| match own {
        own if own == *a => Some(*b),
        own if own == *b => Some(*a),
        _ => None,
    });
    for other in others.filter_map(|name| modules.get(name)) {
        let name = other.api_name().to_owned();
        lists.push(RelatedListSpec {
            // Both modules of the pair have a list, each with a separate id.
            id: module.id + 3 * APART + other.id % 1_000_000 * 1_000,
            api_name: name.clone(),
            kind: RelatedKind::Junction { module: name },
        });
    }
    if own == "Deals"
        && let Some(contacts) = modules.get("Contacts")
    {
        lists.push(RelatedListSpec {
            id: module.id + 3 * APART + contacts.id % 1_000_000 * 1_000,
            api_name: String::from("Contact_Roles"),
            kind: RelatedKind::Junction { module: String::from("Contacts") },
        });
    }
    for child in modules.values() {
        for field in child.fields.iter().filter(|field| field.lookup.as_deref() == Some(own)) {
            let name = child.api_name().to_owned();
            let taken = lists.iter().any(|list: &RelatedListSpec| list.api_name == name);
            let api_name = if taken { format!("{name}_{}", field.api_name) } else { name.clone() };
            let field_name = field.api_name.clone();
            let kind = RelatedKind::Children { module: name, field: field_name };
            lists.push(RelatedListSpec { id: field.id + APART, api_name, kind });
        }
    }
    lists
}
