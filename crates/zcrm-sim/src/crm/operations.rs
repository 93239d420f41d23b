//! The table of simulated operations: method, path, required scopes, and handler.

use super::bulk_read::jobs as bulk_reads;
use super::bulk_write::{jobs as bulk_writes, upload};
use super::coql;
use super::files::{attachments, photos, uploads};
use super::notifications::channels;
use super::operation::{Needs, Operation, Run, composite, delete, get, later, patch, post, put};
use super::org::{currencies, organisation, taxes, users};
use super::records::{
    blueprint, convert, count, delete as delete_records, deleted, list, locks, mass, merge, read,
    recycle_bin, related, related_count, search, shares, timeline, write,
};
use super::settings::{
    assignment_rules, custom_views, layouts, modules, profiles, roles, tags, territories,
    variables, view_writes,
};

/// Returns the methods and paths of all simulated operations.
pub(crate) fn operations() -> impl Iterator<Item = (&'static str, &'static str)> {
    let simulated = |one: &&Operation| !matches!(one.run, Run::NotSimulated);
    let all = OPERATIONS.iter().chain(CONTENT_OPERATIONS);
    all.filter(simulated).map(|one| (one.method, one.path))
}

const MODULE: Needs = &["modules.{module}"];
const NOTES: Needs = &["modules.{module}|modules.notes"];
const ATTACHMENTS: Needs = &["modules.{module}|modules.attachments"];
const LOCKS: Needs = &["settings.record_locking_configurations|modules.{module}"];
const MASS_CONVERT: Needs = &["mass_convert.leads|modules.leads"];
const SHARE: Needs = &["share.{module}"];
const SEARCH: Needs = &["modules.{module}", "ZohoSearch.securesearch.READ"];
const RELATED_COUNT: Needs = &["ZohoCRM.modules.{module}.READ"];
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
const RESTORE: Needs = &["ZohoCRM.settings.recycle_bin.UPDATE"];
const ASSIGNMENT_RULES: Needs = &["settings.assignment_rules"];
const TAXES: Needs = &["org|settings.taxes"];
const CURRENCIES: Needs = &["settings.currencies|org"];
const ORG: Needs = &["org"];
const USERS: Needs = &["users"];
const FILES: Needs = &["files"];
const COMPOSITE: Needs = &["ZohoCRM.composite_requests.CUSTOM"];
/// The scope of the module is checked with the request.
const BULK_READ: Needs = &["ZohoCRM.bulk.READ"];
/// The scopes of the modules are checked with the request.
const BULK_WRITE: Needs = &["ZohoCRM.bulk.CREATE"];
/// Zoho names either.
const BULK_WRITE_STATUS: Needs = &["ZohoCRM.bulk.READ|ZohoCRM.bulk.CREATE"];
const UPLOAD: Needs = &["ZohoFiles.files.ALL"];
const DOWNLOAD: Needs = &["ZohoFiles.files.READ"];
const NOTIFICATIONS: Needs = &["notifications"];
/// In addition, a query needs the scope of each module in it.
const COQL: Needs = &["ZohoCRM.coql.READ"];

/// The operations of the server for uploads and results, with their whole paths. The other servers
/// have those whose paths begin with a version.
pub(crate) const CONTENT_OPERATIONS: &[Operation] = &[
    post("/crm/{version}/upload", UPLOAD, upload::upload),
    get("/{version}/crm/{organisation}/bulk-write/{id}/{file}", DOWNLOAD, bulk_writes::result),
    get("/{version}/bulk/write/{id}/result", DOWNLOAD, bulk_writes::result_by_id),
];

/// The table of the API. The first template that matches a path applies.
pub(crate) const OPERATIONS: &[Operation] = &[
    get("settings/modules", MODULES, modules::list),
    later("POST", "settings/modules"),
    later("PUT", "settings/modules"),
    get("settings/modules/{name}", MODULES, modules::get),
    later("PUT", "settings/modules/{name}"),
    get("settings/fields", FIELDS, modules::fields),
    later("POST", "settings/fields"),
    later("PATCH", "settings/fields"),
    get("settings/fields/{id}", FIELDS, modules::field),
    later("PATCH", "settings/fields/{id}"),
    later("DELETE", "settings/fields/{id}"),
    get("settings/layouts", LAYOUTS, layouts::list),
    later("PATCH", "settings/layouts"),
    get("settings/layouts/{id}", LAYOUTS, layouts::list),
    later("PATCH", "settings/layouts/{id}"),
    later("DELETE", "settings/layouts/{id}"),
    get("settings/related_lists", RELATED_LISTS, related::lists),
    get("settings/related_lists/{id}", RELATED_LISTS, related::lists),
    put("settings/custom_views/actions/change_sort", VIEWS, custom_views::change_sort),
    put("settings/custom_views/{id}/actions/change_sort", VIEWS, custom_views::change_sort),
    get("settings/custom_views", VIEWS, custom_views::list),
    post("settings/custom_views", VIEWS, view_writes::create),
    put("settings/custom_views", VIEWS, view_writes::update),
    delete("settings/custom_views", VIEWS, view_writes::delete),
    get("settings/custom_views/{id}", VIEWS, custom_views::get),
    put("settings/custom_views/{id}", VIEWS, view_writes::update),
    later("DELETE", "settings/custom_views/{id}"),
    get("settings/tags", TAGS, tags::list),
    post("settings/tags", TAGS, tags::create),
    put("settings/tags", TAGS, tags::update),
    get("settings/tags/{id}/actions/records_count", TAGS, tags::count),
    post("settings/tags/{id}/actions/merge", TAGS, tags::merge),
    put("settings/tags/{id}", TAGS, tags::update),
    delete("settings/tags/{id}", TAGS, tags::delete),
    get("settings/variables", VARIABLES, variables::list),
    post("settings/variables", VARIABLES, variables::create),
    put("settings/variables", VARIABLES, variables::update),
    delete("settings/variables", VARIABLES, variables::delete),
    get("settings/variables/{id}", VARIABLES, variables::get),
    put("settings/variables/{id}", VARIABLES, variables::update),
    delete("settings/variables/{id}", VARIABLES, variables::delete),
    get("settings/variable_groups", VARIABLE_GROUPS, variables::groups),
    later("PUT", "settings/variable_groups"),
    get("settings/variable_groups/{id}", VARIABLE_GROUPS, variables::group),
    later("PUT", "settings/variable_groups/{id}"),
    get("settings/roles", ROLES, roles::list),
    later("POST", "settings/roles"),
    later("PUT", "settings/roles"),
    get("settings/roles/{id}", ROLES, roles::list),
    later("PUT", "settings/roles/{id}"),
    later("DELETE", "settings/roles/{id}"),
    get("settings/profiles", PROFILES, profiles::list),
    get("settings/profiles/{id}", PROFILES, profiles::get),
    later("PUT", "settings/profiles/{id}"),
    later("PATCH", "settings/profiles/{id}"),
    later("DELETE", "settings/profiles/{id}"),
    get("settings/territories", TERRITORIES, territories::list),
    post("settings/territories", TERRITORIES, territories::create),
    put("settings/territories", TERRITORIES, territories::update),
    delete("settings/territories", TERRITORIES, territories::delete),
    get("settings/territories/{id}", TERRITORIES, territories::get),
    put("settings/territories/{id}", TERRITORIES, territories::update),
    delete("settings/territories/{id}", TERRITORIES, territories::delete),
    get("settings/automation/assignment_rules", ASSIGNMENT_RULES, assignment_rules::list),
    get("settings/recycle_bin", RECYCLE_BIN, recycle_bin::list),
    delete("settings/recycle_bin", RECYCLE_BIN, recycle_bin::delete),
    get("settings/recycle_bin/actions/count", RECYCLE_BIN, recycle_bin::count),
    post("settings/recycle_bin/actions/empty", RESTORE, recycle_bin::empty),
    post("settings/recycle_bin/actions/restore", RESTORE, recycle_bin::restore_many),
    get("settings/recycle_bin/{id}", RECYCLE_BIN, recycle_bin::get),
    delete("settings/recycle_bin/{id}", RECYCLE_BIN, recycle_bin::delete),
    post("settings/recycle_bin/{id}/actions/restore", RESTORE, recycle_bin::restore_one),
    get("org", ORG, organisation::get),
    get("org/photo", ORG, photos::download_of_org),
    post("org/photo", ORG, photos::upload_of_org),
    delete("org/photo", ORG, photos::delete_of_org),
    get("org/taxes", TAXES, taxes::list),
    post("org/taxes", TAXES, taxes::create),
    put("org/taxes", TAXES, taxes::update),
    delete("org/taxes", TAXES, taxes::delete),
    get("org/taxes/{id}", TAXES, taxes::get),
    delete("org/taxes/{id}", TAXES, taxes::delete),
    get("org/currencies", CURRENCIES, currencies::list),
    post("org/currencies", CURRENCIES, currencies::create),
    put("org/currencies", CURRENCIES, currencies::update),
    post("org/currencies/actions/enable", CURRENCIES, currencies::enable),
    put("org/currencies/actions/enable", CURRENCIES, currencies::update_base),
    get("org/currencies/actions/available_currencies", CURRENCIES, currencies::available),
    get("org/currencies/{id}", CURRENCIES, currencies::list),
    put("org/currencies/{id}", CURRENCIES, currencies::update),
    get("users", USERS, users::list),
    post("users", USERS, users::create),
    put("users", USERS, users::update),
    get("users/search", USERS, users::search),
    get("users/actions/count", USERS, users::count),
    get("users/{id}", USERS, users::get),
    put("users/{id}", USERS, users::update),
    delete("users/{id}", USERS, users::delete),
    get("users/{id}/territories", TERRITORIES, territories::of_user),
    put("users/{id}/territories", TERRITORIES, territories::assign_user),
    delete("users/{id}/territories", TERRITORIES, territories::remove_user),
    get("users/{id}/territories/{territory}", TERRITORIES, territories::one_of_user),
    delete("users/{id}/territories/{territory}", TERRITORIES, territories::remove_user),
    get("files", FILES, uploads::download),
    post("files", FILES, uploads::upload),
    get("actions/watch", NOTIFICATIONS, channels::list),
    post("actions/watch", NOTIFICATIONS, channels::enable),
    put("actions/watch", NOTIFICATIONS, channels::update),
    patch("actions/watch", NOTIFICATIONS, channels::change),
    delete("actions/watch", NOTIFICATIONS, channels::end),
    composite("__composite_requests", COMPOSITE),
    post("bulk/read", BULK_READ, bulk_reads::create),
    get("bulk/read/{id}", BULK_READ, bulk_reads::show),
    get("bulk/read/{id}/result", BULK_READ, bulk_reads::result),
    post("bulk/write", BULK_WRITE, bulk_writes::create),
    get("bulk/write/{id}", BULK_WRITE_STATUS, bulk_writes::show),
    later("GET", "backup"),
    later("POST", "backup"),
    later("GET", "backup/urls"),
    later("GET", "backup/history"),
    later("GET", "Contacts/roles"),
    later("POST", "Contacts/roles"),
    later("PUT", "Contacts/roles"),
    later("DELETE", "Contacts/roles"),
    later("GET", "Contacts/roles/{id}"),
    later("PUT", "Contacts/roles/{id}"),
    later("DELETE", "Contacts/roles/{id}"),
    post("Leads/actions/mass_convert", MASS_CONVERT, mass::convert),
    get("Leads/actions/mass_convert", MASS_CONVERT, mass::of_conversion),
    post("coql", COQL, coql::query),
    get("{module}/search", SEARCH, search::search),
    get("{module}/deleted", MODULE, deleted::list),
    post("{module}/upsert", MODULE, write::upsert),
    get("{module}/actions/count", SEARCH, count::count),
    later("POST", "{module}/actions/count"),
    post("{module}/actions/mass_update", MODULE, mass::update),
    get("{module}/actions/mass_update", MODULE, mass::of_update),
    post("{module}/actions/mass_delete", MODULE, mass::delete),
    get("{module}/actions/mass_delete", MODULE, mass::of_deletion),
    post("{module}/actions/mass_change_owner", MODULE, mass::change_owner),
    get("{module}/actions/mass_change_owner", MODULE, mass::of_owners),
    post("{module}/actions/add_tags", MODULE, tags::add),
    post("{module}/actions/remove_tags", MODULE, tags::remove),
    post("{module}/actions/assign_territories", MODULE, territories::assign),
    post("{module}/actions/remove_territories", MODULE, territories::remove),
    post("{module}/{id}/actions/convert", MODULE, convert::convert),
    get("{module}/{id}/actions/merge", MODULE, merge::status),
    post("{module}/{id}/actions/merge", MODULE, merge::merge),
    post("{module}/{id}/actions/add_tags", MODULE, tags::add),
    post("{module}/{id}/actions/remove_tags", MODULE, tags::remove),
    post("{module}/{id}/actions/assign_territories", MODULE, territories::assign),
    post("{module}/{id}/actions/remove_territories", MODULE, territories::remove),
    get("{module}/{id}/actions/share", SHARE, shares::list),
    post("{module}/{id}/actions/share", SHARE, shares::add),
    put("{module}/{id}/actions/share", SHARE, shares::replace),
    delete("{module}/{id}/actions/share", SHARE, shares::revoke),
    get("{module}/{id}/actions/blueprint", MODULE, blueprint::get),
    put("{module}/{id}/actions/blueprint", MODULE, blueprint::run),
    get("{module}/{id}/__timeline", MODULE, timeline::list),
    post("{module}/{id}/actions/get_related_records_count", RELATED_COUNT, related_count::count),
    get("{module}/{id}/actions/download_fields_attachment", MODULE, uploads::download_of_field),
    get("{module}/{id}/photo", MODULE, photos::download),
    post("{module}/{id}/photo", MODULE, photos::upload),
    delete("{module}/{id}/photo", MODULE, photos::delete),
    get("{module}/{id}/Attachments", ATTACHMENTS, attachments::list),
    post("{module}/{id}/Attachments", ATTACHMENTS, attachments::upload),
    delete("{module}/{id}/Attachments", ATTACHMENTS, attachments::delete),
    get("{module}/{id}/Attachments/{attachment}", ATTACHMENTS, attachments::download),
    delete("{module}/{id}/Attachments/{attachment}", ATTACHMENTS, attachments::delete),
    get("{module}/{id}/Notes", NOTES, related::records),
    post("{module}/{id}/Notes", NOTES, related::add_notes),
    delete("{module}/{id}/Notes", NOTES, related::unrelate),
    get("{module}/{id}/Notes/{note}", NOTES, related::record),
    put("{module}/{id}/Notes/{note}", NOTES, related::relate),
    delete("{module}/{id}/Notes/{note}", NOTES, related::unrelate),
    later("GET", "{module}/deleted/{id}/{list}"),
    later("GET", "{module}/{id}/Emails"),
    later("GET", "{module}/{id}/Emails/{message}"),
    get("{module}/{id}/Locking_Information__s", LOCKS, locks::list),
    post("{module}/{id}/Locking_Information__s", LOCKS, locks::create),
    get("{module}/{id}/Locking_Information__s/{lock}", LOCKS, locks::get),
    put("{module}/{id}/Locking_Information__s/{lock}", LOCKS, locks::update),
    delete("{module}/{id}/Locking_Information__s/{lock}", LOCKS, locks::delete),
    get("{module}/{id}/{list}", MODULE, related::records),
    put("{module}/{id}/{list}", MODULE, related::relate_many),
    delete("{module}/{id}/{list}", MODULE, related::unrelate),
    get("{module}/{id}/{list}/{other}", MODULE, related::record),
    put("{module}/{id}/{list}/{other}", MODULE, related::relate),
    delete("{module}/{id}/{list}/{other}", MODULE, related::unrelate),
    get("{module}", MODULE, list::list),
    post("{module}", MODULE, write::create),
    put("{module}", MODULE, write::update),
    delete("{module}", MODULE, delete_records::delete),
    get("{module}/{id}", MODULE, read::by_id),
    put("{module}/{id}", MODULE, write::update),
    delete("{module}/{id}", MODULE, delete_records::delete),
];
