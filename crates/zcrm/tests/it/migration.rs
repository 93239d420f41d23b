//! Moving from the Ruby SDK to zcrm: compiles every call in the tables of the guide.

use zcrm::{
    Client, Config, DataCenter, Environment, Id, Record,
    org::{OrgTax, User, Variable, VariableKind},
    records::{Note, SortOrder, field},
    stores::{MemoryStore, StoredToken, TokenKey, TokenStore},
    values::Tag,
};

const GUIDE: &str = include_str!("../../../../docs/migrating-from-ruby.md");

/// The number of public methods of the Ruby SDK (gem ZCRMSDK 1.0.5): the methods with an effect,
/// and the constructors of their classes.
const METHODS: usize = 147;

/// Names each call and compiles it. The calls are not run.
macro_rules! calls {
    ($($ruby:literal => $call:expr;)*) => {{
        let list = vec![$(($ruby, stringify!($call))),*];
        if list.is_empty() {
            $(let _ = $call;)*
        }
        list
    }};
}

/// Calls about the client and its settings.
async fn settings(
    client: &Client,
) -> zcrm::Result<Vec<(&'static str, &'static str)>, Box<dyn std::error::Error>> {
    let id = &Id::from("5");
    Ok(calls! {
        "ZCRMRestClient.init" => Client::builder().config(Config::from_ruby_file("zcrm.toml")?).build()?;
        "ZCRMRestClient.get_instance" => client.clone();
        "ZCRMRestClient.current_user_email=" => client.as_user("charles@example.com")?;
        "ZCRMRestClient.get_organization_instance" => client.org();
        "ZCRMRestClient.get_module_instance" => client.module("Leads");
        "ZCRMRestClient.get_record_instance" => client.record("Leads", id);
        "ZCRMRestClient.get_all_modules" => client.modules().list().all().await?;
        "ZCRMRestClient.get_module" => client.module("Leads").get().send().await?;
        "ZCRMRestClient.get_current_user" => client.users().current().send().await?;
        "ZCRMRestClient.get_organization_details" => client.org().get().send().await?;
    })
}

/// Calls about modules and their records.
async fn modules(
    client: &Client,
) -> zcrm::Result<Vec<(&'static str, &'static str)>, Box<dyn std::error::Error>> {
    let id = &Id::from("5");
    let other = &Id::from("6");
    let ids = ["5", "6"];
    let rows = &[Record::new()];
    let tags = &[Tag::named("Hot")];
    let tag = Tag::named("Hot");
    Ok(calls! {
        "ZCRMModule.get_instance" => client.records("Leads");
        "ZCRMModule.get_record" => client.records("Leads").get(id).send().await?;
        "ZCRMModule.get_records" => client.records("Leads").list().fields(["Last_Name"]).send().await?;
        "ZCRMModule.get_all_deleted_records" => client.records("Leads").deleted().send().await?;
        "ZCRMModule.get_recyclebin_records" => client.records("Leads").deleted().recycle_bin().send().await?;
        "ZCRMModule.get_permanently_deleted_records" => client.records("Leads").deleted().permanent().send().await?;
        "ZCRMModule.create_records" => client.records("Leads").create_many(rows).send().await?;
        "ZCRMModule.upsert_records" => client.records("Leads").upsert_many(rows).by("Email").send().await?;
        "ZCRMModule.update_records" => client.records("Leads").update_many(rows).send().await?;
        "ZCRMModule.mass_update_records" => client.records("Leads").mass_update(ids, "City", "Chennai").send().await?;
        "ZCRMModule.delete_records" => client.records("Leads").delete_many(ids).send().await?;
        "ZCRMModule.search_records" => client.records("Leads").search_word("Boyle").send().await?;
        "ZCRMModule.search_records_by_phone" => client.records("Leads").search_phone("+91 44").send().await?;
        "ZCRMModule.search_records_by_email" => client.records("Leads").search_email("p@example.com").send().await?;
        "ZCRMModule.search_records_by_criteria" => client.records("Leads").search(field("City").eq("Chennai")).send().await?;
        "ZCRMModule.get_all_fields" => client.module("Leads").fields().list().all().await?;
        "ZCRMModule.get_field" => client.module("Leads").fields().get(id).send().await?;
        "ZCRMModule.get_all_layouts" => client.module("Leads").layouts().list().all().await?;
        "ZCRMModule.get_layout" => client.module("Leads").layouts().get(id).send().await?;
        "ZCRMModule.get_all_customviews" => client.module("Leads").custom_views().list().all().await?;
        "ZCRMModule.get_customview" => client.module("Leads").custom_views().get(id).send().await?;
        "ZCRMModule.update_customview" => client.module("Leads").custom_views().sort(id, "Last_Name", SortOrder::Descending).send().await?;
        "ZCRMModule.get_all_relatedlists" => client.module("Leads").related_lists().list().all().await?;
        "ZCRMModule.get_relatedlist" => client.module("Leads").related_lists().get(id).send().await?;
        "ZCRMModule.get_tags" => client.module("Leads").tags().list().all().await?;
        "ZCRMModule.get_tag_count" => client.module("Leads").tags().count_records(id).await?;
        "ZCRMModule.create_tags" => client.module("Leads").tags().create_many(tags).send().await?;
        "ZCRMModule.update_tags" => client.module("Leads").tags().update_many(tags).send().await?;
        "ZCRMModule.add_tags_to_multiple_records" => client.module("Leads").tags().add_to(ids, ["Hot"]).send().await?;
        "ZCRMModule.remove_tags_from_multiple_records" => client.module("Leads").tags().remove_from(ids, ["Hot"]).send().await?;
        "ZCRMCustomView.get_instance" => client.module("Leads").custom_views();
        "ZCRMCustomView.get_records" => client.records("Leads").list().view(id).fields(["Last_Name"]).send().await?;
        "ZCRMTag.get_instance" => Tag::named("Hot");
        "ZCRMTag.update" => client.module("Leads").tags().update(id, &tag).send().await?;
        "ZCRMTag.merge" => client.module("Leads").tags().merge(other, id).send().await?;
        "ZCRMTag.delete" => client.module("Leads").tags().delete(id).send().await?;
    })
}

/// Calls about one record and its related data.
async fn records(
    client: &Client,
) -> zcrm::Result<Vec<(&'static str, &'static str)>, Box<dyn std::error::Error>> {
    let id = &Id::from("5");
    let other = &Id::from("6");
    let row = Record::new();
    let note = &Note::new("Called");
    let content = "content";
    Ok(calls! {
        "ZCRMRecord.get_instance" => client.record("Leads", id);
        "ZCRMRecord.get" => client.record("Leads", id).get().send().await?;
        "ZCRMRecord.create" => client.records("Leads").create(&row).await?;
        "ZCRMRecord.update" => client.record("Leads", id).update(&row).send().await?;
        "ZCRMRecord.delete" => client.record("Leads", id).delete().send().await?;
        "ZCRMRecord.convert" => client.record("Leads", id).convert().send().await?;
        "ZCRMRecord.upload_photo" => client.record("Leads", id).photo().upload("p.png", "image/png", content).await?;
        "ZCRMRecord.download_photo" => client.record("Leads", id).photo().download().await?;
        "ZCRMRecord.delete_photo" => client.record("Leads", id).photo().delete().await?;
        "ZCRMRecord.get_relatedlist_records" => client.record("Leads", id).related("Products").list().fields(["Product_Name"]).send().await?;
        "ZCRMRecord.add_tags" => client.record("Leads", id).tags().add(["Hot"]).send().await?;
        "ZCRMRecord.remove_tags" => client.record("Leads", id).tags().remove(["Hot"]).send().await?;
        "ZCRMRecord.upload_attachment" => client.record("Leads", id).attachments().upload("offer.pdf", "application/pdf", content).send().await?;
        "ZCRMRecord.upload_link_as_attachment" => client.record("Leads", id).attachments().link("https://example.com/a").send().await?;
        "ZCRMRecord.download_attachment" => client.record("Leads", id).attachments().download(other).await?;
        "ZCRMRecord.delete_attachment" => client.record("Leads", id).attachments().delete(other).send().await?;
        "ZCRMRecord.add_relation" => client.record("Leads", id).related("Campaigns").add_with(other, &row).send().await?;
        "ZCRMRecord.remove_relation" => client.record("Leads", id).related("Campaigns").remove(other).send().await?;
        "ZCRMRecord.add_notes" => client.record("Leads", id).notes().create_many([note]).send().await?;
        "ZCRMRecord.update_note" => client.record("Leads", id).notes().update(other, &note).send().await?;
        "ZCRMRecord.delete_note" => client.record("Leads", id).notes().delete(other).send().await?;
        "ZCRMRecord.get_notes" => client.record("Leads", id).notes().list().send().await?;
        "ZCRMRecord.get_attachments" => client.record("Leads", id).attachments().list().send().await?;
        "ZCRMModuleRelation.get_instance" => client.record("Leads", id).related("Products");
        "ZCRMModuleRelation.get_records" => client.record("Leads", id).related("Products").list().fields(["Product_Name"]).send().await?;
        "ZCRMModuleRelation.upload_attachment" => client.record("Leads", id).attachments().upload("offer.pdf", "application/pdf", content).send().await?;
        "ZCRMModuleRelation.upload_link_as_attachment" => client.record("Leads", id).attachments().link("https://example.com/a").send().await?;
        "ZCRMModuleRelation.download_attachment" => client.record("Leads", id).attachments().download(other).await?;
        "ZCRMModuleRelation.delete_attachment" => client.record("Leads", id).attachments().delete(other).send().await?;
        "ZCRMModuleRelation.add_relation" => client.record("Leads", id).related("Campaigns").add_with(other, &row).send().await?;
        "ZCRMModuleRelation.remove_relation" => client.record("Leads", id).related("Campaigns").remove(other).send().await?;
        "ZCRMModuleRelation.add_notes" => client.record("Leads", id).notes().create_many([note]).send().await?;
        "ZCRMModuleRelation.update_note" => client.record("Leads", id).notes().update(other, &note).send().await?;
        "ZCRMModuleRelation.delete_note" => client.record("Leads", id).notes().delete(other).send().await?;
        "ZCRMModuleRelation.get_notes" => client.record("Leads", id).notes().list().send().await?;
        "ZCRMModuleRelation.get_attachments" => client.record("Leads", id).attachments().list().send().await?;
        "ZCRMJunctionRecord.get_instance" => Record::new().with("Member_Status", "Responded");
        "ZCRMNote.get_instance" => Note::new("Called, no answer").with_title("Call");
        "ZCRMNote.upload_attachment" => client.notes().attachments(id).upload("a.txt", "text/plain", content).send().await?;
        "ZCRMNote.download_attachment" => client.notes().attachments(id).download(other).await?;
        "ZCRMNote.get_attachments" => client.notes().attachments(id).list().send().await?;
        "ZCRMNote.delete_attachment" => client.notes().attachments(id).delete(other).send().await?;
    })
}

/// Calls about the organisation.
async fn organisation(
    client: &Client,
) -> zcrm::Result<Vec<(&'static str, &'static str)>, Box<dyn std::error::Error>> {
    let id = &Id::from("5");
    let ids = ["5", "6"];
    let note = &Note::new("Called");
    let user = User::default();
    let taxes = &[OrgTax::named("Vat")];
    let variables = &[Variable::default()];
    let variable = Variable::default();
    Ok(calls! {
        "ZCRMOrganization.get_instance" => client.org();
        "ZCRMOrganization.get_user" => client.users().get(id).send().await?;
        "ZCRMOrganization.get_current_user" => client.users().current().send().await?;
        "ZCRMOrganization.get_all_users" => client.users().list().send().await?;
        "ZCRMOrganization.get_all_active_users" => client.users().list().active().send().await?;
        "ZCRMOrganization.get_all_deactive_users" => client.users().list().deactivated().send().await?;
        "ZCRMOrganization.get_all_confirmed_users" => client.users().list().confirmed().send().await?;
        "ZCRMOrganization.get_all_not_confirmed_users" => client.users().list().not_confirmed().send().await?;
        "ZCRMOrganization.get_all_deleted_users" => client.users().list().deleted().send().await?;
        "ZCRMOrganization.get_all_active_confirmed_users" => client.users().list().active_confirmed().send().await?;
        "ZCRMOrganization.get_all_admin_users" => client.users().list().admins().send().await?;
        "ZCRMOrganization.get_all_active_confirmed_admin_users" => client.users().list().active_confirmed_admins().send().await?;
        "ZCRMOrganization.search_users_by_criteria" => client.users().search(field("last_name").eq("Boyle")).send().await?;
        "ZCRMOrganization.create_user" => client.users().create(&user).send().await?;
        "ZCRMOrganization.update_user" => client.users().update(id, &user).send().await?;
        "ZCRMOrganization.delete_user" => client.users().delete(id).send().await?;
        "ZCRMOrganization.get_all_profiles" => client.profiles().list().all().await?;
        "ZCRMOrganization.get_profile" => client.profiles().get(id).send().await?;
        "ZCRMOrganization.get_all_roles" => client.roles().list().all().await?;
        "ZCRMOrganization.get_role" => client.roles().get(id).send().await?;
        "ZCRMOrganization.get_organization_taxes" => client.taxes().list().all().await?;
        "ZCRMOrganization.get_organization_tax" => client.taxes().get(id).send().await?;
        "ZCRMOrganization.create_organization_taxes" => client.taxes().create_many(taxes).send().await?;
        "ZCRMOrganization.update_organization_taxes" => client.taxes().update_many(taxes).send().await?;
        "ZCRMOrganization.delete_organization_taxes" => client.taxes().delete_many(ids).send().await?;
        "ZCRMOrganization.delete_organization_tax" => client.taxes().delete(id).send().await?;
        "ZCRMOrganization.get_notes" => client.notes().list().send().await?;
        "ZCRMOrganization.create_notes" => client.notes().create_many([note]).send().await?;
        "ZCRMOrganization.delete_notes" => client.notes().delete_many(ids).send().await?;
        "ZCRMOrganization.get_variable_groups" => client.variable_groups().list().all().await?;
        "ZCRMOrganization.get_variables" => client.variables().list().all().await?;
        "ZCRMOrganization.create_variables" => client.variables().create_many(variables).send().await?;
        "ZCRMOrganization.update_variables" => client.variables().update_many(variables).send().await?;
        "ZCRMVariable.get_instance" => Variable::named("Rate", "rate", VariableKind::DECIMAL);
        "ZCRMVariable.get" => client.variables().get(id).in_group("General").send().await?;
        "ZCRMVariable.update" => client.variables().update(id, &variable).send().await?;
        "ZCRMVariable.delete" => client.variables().delete(id).send().await?;
        "ZCRMVariableGroup.get_instance" => client.variable_groups();
        "ZCRMVariableGroup.get" => client.variable_groups().get(id).send().await?;
    })
}

/// Calls about tokens.
async fn tokens(
    client: &Client,
) -> zcrm::Result<Vec<(&'static str, &'static str)>, Box<dyn std::error::Error>> {
    let grant = "1000.grant";
    let refresh = "1000.refresh";
    Ok(calls! {
        "ZohoOAuth.get_client_instance" => client.tokens();
        "ZohoOAuth.get_persistence_instance" => Client::builder().store(MemoryStore::new());
        "ZohoOAuth.get_grant_url" => DataCenter::EU.accounts_origin();
        "ZohoOAuth.get_token_url" => DataCenter::EU.accounts_origin();
        "ZohoOAuth.get_refresh_token_url" => DataCenter::EU.accounts_origin();
        "ZohoOAuth.get_revoke_token_url" => client.tokens().revoke().await?;
        "ZohoOAuth.get_user_info_url" => DataCenter::EU.accounts_origin();
        "ZohoOAuthClient.get_instance" => client.tokens();
        "ZohoOAuthClient.generate_access_token" => client.clients().login(grant).await?;
        "ZohoOAuthClient.generate_access_token_from_refresh_token" => client.tokens().import(refresh).await?;
        "ZohoOAuthClient.refresh_access_token" => client.tokens().token().await?;
        "ZohoOAuthClient.get_access_token" => client.tokens().token().await?;
        "ZohoOAuthClient.get_user_email_from_iam" => client.users().current().send().await?;
        "is_logged_in" => client.tokens().is_logged_in().await?;
    })
}

/// Calls about token stores.
async fn stores() -> zcrm::Result<Vec<(&'static str, &'static str)>, Box<dyn std::error::Error>> {
    let store = MemoryStore::new();
    let key = TokenKey::new("p@example.com", "1000.ABC", Environment::Production);
    let token = StoredToken::new("1000.access", chrono::DateTime::UNIX_EPOCH);
    Ok(calls! {
        "ZohoOAuthFilePersistenceHandler.save_oauth_tokens" => store.save(&key, &token).await?;
        "ZohoOAuthFilePersistenceHandler.get_oauth_tokens" => store.load(&key).await?;
        "ZohoOAuthFilePersistenceHandler.delete_oauth_tokens" => store.delete(&key).await?;
        "ZohoOAuthPersistenceHandler.save_oauth_tokens" => store.save(&key, &token).await?;
        "ZohoOAuthPersistenceHandler.get_oauth_tokens" => store.load(&key).await?;
        "ZohoOAuthPersistenceHandler.delete_oauth_tokens" => store.delete(&key).await?;
    })
}

/// Returns the Ruby name and the zcrm call in each row of the guide.
fn rows() -> Vec<(String, String)> {
    let row = |line: &str| {
        let (ruby, rest) = line.strip_prefix("| `")?.split_once("` | `")?;
        let (call, _) = rest.split_once("` |")?;
        Some((ruby.to_owned(), call.to_owned()))
    };
    let (_, tables) = GUIDE.split_once("## Method by method").unwrap();
    tables.lines().filter_map(row).collect()
}

#[tokio::test]
async fn compiles_a_call_for_every_ruby_method() {
    let client = Client::builder()
        .client_id("1000.ABC")
        .client_secret("secret")
        .redirect_uri("https://example.com/callback")
        .user("patricia@example.com")
        .data_center(DataCenter::EU)
        .store(MemoryStore::new())
        .build()
        .unwrap();
    let mut compiled = Vec::new();
    compiled.extend(settings(&client).await.unwrap());
    compiled.extend(modules(&client).await.unwrap());
    compiled.extend(records(&client).await.unwrap());
    compiled.extend(organisation(&client).await.unwrap());
    compiled.extend(tokens(&client).await.unwrap());
    compiled.extend(stores().await.unwrap());
    let plain = |text: &str| text.chars().filter(|c| !c.is_whitespace()).collect::<String>();
    let rows = rows();
    assert_eq!(rows.len(), METHODS);
    assert_eq!(compiled.len(), METHODS);
    for ((ruby, call), (name, code)) in rows.iter().zip(compiled) {
        assert_eq!(ruby, name);
        assert_eq!(plain(call), plain(code), "{ruby}");
    }
    let mut names: Vec<&str> = rows.iter().map(|(ruby, _)| ruby.as_str()).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), METHODS, "a method is listed twice");
}
