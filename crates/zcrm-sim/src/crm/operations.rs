//! Every operation that is simulated: its method, its path, what a token needs for it, and what
//! carries it out.

use hyper::Method;

use super::refusal::Refusal;
use super::{
    Context, attachments, convert, currencies, files, layouts, list, mass, org, people, photos,
    read, recycle, related, search, settings, tags, taxes, territories, users, variables, views,
    watch, write,
};
use crate::call::Answer;

type Handler = fn(&mut Context<'_>) -> Result<Answer, Refusal>;

/// An operation of the CRM.
pub(super) struct OperationHandler {
    pub(super) method: &'static str,
    /// Its path below the version; a name in braces stands for any text.
    pub(super) path: &'static str,
    /// The scopes that it needs, each of them, without `ZohoCRM.` and without the verb; alternatives
    /// are parted by a bar, and `{module}` stands for the module of the path.
    needs: &'static [&'static str],
    /// `None` for what Zoho has and the simulator has not.
    pub(super) run: Option<Handler>,
}

impl OperationHandler {
    /// The scopes that the call needs: all of the lists, any of a list.
    pub(super) fn scopes(&self, module: &str) -> Vec<Vec<String>> {
        let verb = match self.method {
            "GET" => "READ",
            "POST" => "CREATE",
            "DELETE" => "DELETE",
            _ => "UPDATE",
        };
        let one = |scope: &str| {
            if scope.starts_with("Zoho") {
                scope.to_owned()
            } else {
                format!("ZohoCRM.{}.{verb}", scope.replace("{module}", module))
            }
        };
        self.needs.iter().map(|any| any.split('|').map(one).collect()).collect()
    }

    pub(super) fn takes(&self, method: &Method) -> bool {
        method.as_str() == self.method
    }
}

/// The methods and paths of all that is simulated.
pub(crate) fn simulated() -> impl Iterator<Item = (&'static str, &'static str)> {
    OPERATIONS.iter().filter(|one| one.run.is_some()).map(|one| (one.method, one.path))
}

type Needs = &'static [&'static str];

const fn get(path: &'static str, needs: Needs, run: Handler) -> OperationHandler {
    OperationHandler { method: "GET", path, needs, run: Some(run) }
}

const fn post(path: &'static str, needs: Needs, run: Handler) -> OperationHandler {
    OperationHandler { method: "POST", path, needs, run: Some(run) }
}

const fn put(path: &'static str, needs: Needs, run: Handler) -> OperationHandler {
    OperationHandler { method: "PUT", path, needs, run: Some(run) }
}

const fn patch(path: &'static str, needs: Needs, run: Handler) -> OperationHandler {
    OperationHandler { method: "PATCH", path, needs, run: Some(run) }
}

const fn delete(path: &'static str, needs: Needs, run: Handler) -> OperationHandler {
    OperationHandler { method: "DELETE", path, needs, run: Some(run) }
}

/// One that Zoho has and the simulator has not.
const fn later(method: &'static str, path: &'static str) -> OperationHandler {
    OperationHandler { method, path, needs: &[], run: None }
}

const MODULE: Needs = &["modules.{module}"];
const NOTES: Needs = &["modules.{module}|modules.notes"];
const ATTACHMENTS: Needs = &["modules.{module}|modules.attachments"];
const SEARCH: Needs = &["modules.{module}", "ZohoSearch.securesearch.READ"];
const MODULES: Needs = &["settings.modules"];
const FIELDS: Needs = &["settings.fields"];
const LAYOUTS: Needs = &["settings.layouts"];
const RELATED_LISTS: Needs = &["settings.related_lists"];
const VIEWS: Needs = &["settings.custom_views"];
const TAGS: Needs = &["settings.tags"];
const VARIABLES: Needs = &["settings.variables"];
const VARIABLE_GROUPS: Needs = &["settings.variable_groups"];
const ROLES: Needs = &["settings.roles"];
const PROFILES: Needs = &["settings.profiles"];
const TERRITORIES: Needs = &["settings.territories"];
const RECYCLE_BIN: Needs = &["settings.recycle_bin"];
const ASSIGNMENT_RULES: Needs = &["settings.assignment_rules"];
const TAXES: Needs = &["org|settings.taxes"];
const CURRENCIES: Needs = &["settings.currencies|org"];
const ORG: Needs = &["org"];
const USERS: Needs = &["users"];
const FILES: Needs = &["files"];
const NOTIFICATIONS: Needs = &["notifications"];

/// The table. The first template that fits a path is the one that is meant.
pub(super) const OPERATIONS: &[OperationHandler] = &[
    get("settings/modules", MODULES, settings::modules),
    later("POST", "settings/modules"),
    later("PUT", "settings/modules"),
    get("settings/modules/{name}", MODULES, settings::module),
    later("PUT", "settings/modules/{name}"),
    get("settings/fields", FIELDS, settings::fields),
    later("POST", "settings/fields"),
    later("PATCH", "settings/fields"),
    get("settings/fields/{id}", FIELDS, settings::field),
    later("PATCH", "settings/fields/{id}"),
    later("DELETE", "settings/fields/{id}"),
    get("settings/layouts", LAYOUTS, layouts::layouts),
    later("PATCH", "settings/layouts"),
    get("settings/layouts/{id}", LAYOUTS, layouts::layout),
    later("PATCH", "settings/layouts/{id}"),
    later("DELETE", "settings/layouts/{id}"),
    get("settings/related_lists", RELATED_LISTS, related::lists),
    get("settings/related_lists/{id}", RELATED_LISTS, related::list),
    put("settings/custom_views/actions/change_sort", VIEWS, views::change_sort),
    put("settings/custom_views/{id}/actions/change_sort", VIEWS, views::change_sort_one),
    get("settings/custom_views", VIEWS, views::views),
    later("POST", "settings/custom_views"),
    get("settings/custom_views/{id}", VIEWS, views::view),
    put("settings/custom_views/{id}", VIEWS, views::update),
    later("DELETE", "settings/custom_views/{id}"),
    get("settings/tags", TAGS, tags::list),
    post("settings/tags", TAGS, tags::create),
    put("settings/tags", TAGS, tags::update),
    get("settings/tags/{id}/actions/records_count", TAGS, tags::count),
    post("settings/tags/{id}/actions/merge", TAGS, tags::merge),
    put("settings/tags/{id}", TAGS, tags::update_one),
    delete("settings/tags/{id}", TAGS, tags::delete),
    get("settings/variables", VARIABLES, variables::list),
    post("settings/variables", VARIABLES, variables::create),
    put("settings/variables", VARIABLES, variables::update),
    delete("settings/variables", VARIABLES, variables::delete),
    get("settings/variables/{id}", VARIABLES, variables::get),
    put("settings/variables/{id}", VARIABLES, variables::update_one),
    delete("settings/variables/{id}", VARIABLES, variables::delete_one),
    get("settings/variable_groups", VARIABLE_GROUPS, variables::groups),
    get("settings/variable_groups/{id}", VARIABLE_GROUPS, variables::group),
    get("settings/roles", ROLES, people::roles),
    later("POST", "settings/roles"),
    later("PUT", "settings/roles"),
    get("settings/roles/{id}", ROLES, people::role),
    later("PUT", "settings/roles/{id}"),
    later("DELETE", "settings/roles/{id}"),
    get("settings/profiles", PROFILES, people::profiles),
    get("settings/profiles/{id}", PROFILES, people::profile),
    later("PUT", "settings/profiles/{id}"),
    later("DELETE", "settings/profiles/{id}"),
    get("settings/territories", TERRITORIES, territories::list),
    post("settings/territories", TERRITORIES, territories::create),
    put("settings/territories", TERRITORIES, territories::update),
    delete("settings/territories", TERRITORIES, territories::delete),
    get("settings/territories/{id}", TERRITORIES, territories::get),
    put("settings/territories/{id}", TERRITORIES, territories::update_one),
    delete("settings/territories/{id}", TERRITORIES, territories::delete_one),
    get("settings/automation/assignment_rules", ASSIGNMENT_RULES, people::assignment_rules),
    get("settings/recycle_bin", RECYCLE_BIN, recycle::list),
    delete("settings/recycle_bin", RECYCLE_BIN, recycle::delete),
    get("settings/recycle_bin/{id}", RECYCLE_BIN, recycle::get),
    delete("settings/recycle_bin/{id}", RECYCLE_BIN, recycle::delete_one),
    get("org", ORG, org::get),
    get("org/photo", ORG, photos::download_of_org),
    post("org/photo", ORG, photos::upload_of_org),
    delete("org/photo", ORG, photos::delete_of_org),
    get("org/taxes", TAXES, taxes::list),
    post("org/taxes", TAXES, taxes::create),
    put("org/taxes", TAXES, taxes::update),
    delete("org/taxes", TAXES, taxes::delete),
    get("org/taxes/{id}", TAXES, taxes::get),
    delete("org/taxes/{id}", TAXES, taxes::delete_one),
    get("org/currencies", CURRENCIES, currencies::list),
    post("org/currencies", CURRENCIES, currencies::create),
    put("org/currencies", CURRENCIES, currencies::update),
    get("org/currencies/{id}", CURRENCIES, currencies::get),
    put("org/currencies/{id}", CURRENCIES, currencies::update_one),
    get("users", USERS, users::list),
    post("users", USERS, users::create),
    put("users", USERS, users::update),
    get("users/search", USERS, users::search),
    get("users/actions/count", USERS, users::count),
    get("users/{id}", USERS, users::get),
    put("users/{id}", USERS, users::update_one),
    delete("users/{id}", USERS, users::delete),
    get("users/{id}/territories", TERRITORIES, territories::of_user),
    put("users/{id}/territories", TERRITORIES, territories::assign_user),
    delete("users/{id}/territories", TERRITORIES, territories::remove_user),
    get("users/{id}/territories/{territory}", TERRITORIES, territories::one_of_user),
    delete("users/{id}/territories/{territory}", TERRITORIES, territories::remove_one_of_user),
    get("files", FILES, files::download),
    post("files", FILES, files::upload),
    get("actions/watch", NOTIFICATIONS, watch::list),
    post("actions/watch", NOTIFICATIONS, watch::enable),
    put("actions/watch", NOTIFICATIONS, watch::update),
    patch("actions/watch", NOTIFICATIONS, watch::change),
    delete("actions/watch", NOTIFICATIONS, watch::end),
    get("{module}/search", SEARCH, search::search),
    get("{module}/deleted", MODULE, read::deleted),
    post("{module}/upsert", MODULE, write::upsert),
    get("{module}/actions/count", MODULE, search::count),
    post("{module}/actions/mass_update", MODULE, mass::update),
    get("{module}/actions/mass_update", MODULE, mass::status),
    post("{module}/actions/add_tags", MODULE, tags::add_to_many),
    post("{module}/actions/remove_tags", MODULE, tags::remove_from_many),
    post("{module}/actions/assign_territories", MODULE, territories::assign),
    post("{module}/actions/remove_territories", MODULE, territories::remove),
    post("{module}/{id}/actions/convert", MODULE, convert::convert),
    post("{module}/{id}/actions/add_tags", MODULE, tags::add_to_one),
    post("{module}/{id}/actions/remove_tags", MODULE, tags::remove_from_one),
    post("{module}/{id}/actions/assign_territories", MODULE, territories::assign_one),
    post("{module}/{id}/actions/remove_territories", MODULE, territories::remove_one),
    get("{module}/{id}/actions/download_fields_attachment", MODULE, files::download_of_field),
    get("{module}/{id}/photo", MODULE, photos::download),
    post("{module}/{id}/photo", MODULE, photos::upload),
    delete("{module}/{id}/photo", MODULE, photos::delete),
    get("{module}/{id}/Attachments", ATTACHMENTS, attachments::list),
    post("{module}/{id}/Attachments", ATTACHMENTS, attachments::upload),
    delete("{module}/{id}/Attachments", ATTACHMENTS, attachments::delete_many),
    get("{module}/{id}/Attachments/{attachment}", ATTACHMENTS, attachments::download),
    delete("{module}/{id}/Attachments/{attachment}", ATTACHMENTS, attachments::delete),
    get("{module}/{id}/Notes", NOTES, related::records),
    post("{module}/{id}/Notes", NOTES, related::add_notes),
    delete("{module}/{id}/Notes", NOTES, related::unrelate_many),
    get("{module}/{id}/Notes/{note}", NOTES, related::record),
    put("{module}/{id}/Notes/{note}", NOTES, related::relate),
    delete("{module}/{id}/Notes/{note}", NOTES, related::unrelate),
    get("{module}/{id}/{list}", MODULE, related::records),
    put("{module}/{id}/{list}", MODULE, related::relate_many),
    delete("{module}/{id}/{list}", MODULE, related::unrelate_many),
    get("{module}/{id}/{list}/{other}", MODULE, related::record),
    put("{module}/{id}/{list}/{other}", MODULE, related::relate),
    delete("{module}/{id}/{list}/{other}", MODULE, related::unrelate),
    get("{module}", MODULE, list::list),
    post("{module}", MODULE, write::create),
    put("{module}", MODULE, write::update),
    delete("{module}", MODULE, write::delete),
    get("{module}/{id}", MODULE, read::by_id),
    put("{module}/{id}", MODULE, write::update_one),
    delete("{module}/{id}", MODULE, write::delete_one),
];
