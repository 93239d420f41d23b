//! Writes of custom views, uploads of files, and territories of records.
//!
//! Sources: Zoho's description in YAML (`v8.0/custom_views` of <https://github.com/zoho/crm-oas>),
//! and its OpenAPI files `files` and `record` of 2025.

use serde_json::{Value, json};
use zcrm_api::{field, metadata::CustomView, operations::TERRITORIES_LIST};
use zcrm_core::{ApiVersion, Code, Outcome, Record};

use crate::canned::{asks, at, refused};
use crate::fixture::Fixture;

#[tokio::test]
async fn creates_changes_and_deletes_a_custom_view() {
    let world = Fixture::new(ApiVersion::V8).await;
    let (views, leads) = (world.api.module("Leads").custom_views(), world.api.records("Leads"));
    let row = |name: &str, city: &str| {
        Record::new().with("Last_Name", name).with("Company", "C").with("City", city)
    };
    leads.create_many([row("A", "Pune"), row("B", "Goa")]).await.unwrap().all().unwrap();
    let view = CustomView::new("Of Pune", ["Last_Name", "City"]);
    let view = view.with_condition(&field("City").eq("Pune")).with_sort_by("Last_Name");
    let id = views.create(&view).await.unwrap().id;
    let shown = views.get(&id).await.unwrap();
    assert_eq!((shown.name.as_str(), shown.fields.len()), ("Of Pune", 2));
    assert_eq!(shown.criteria.unwrap().to_string(), "(City:equal:Pune)");
    let of_view = async || leads.list().fields(["City"]).param("cvid", &id).all().await.unwrap();
    let found = of_view().await;
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].get::<String>("City").unwrap().as_deref(), Some("Pune"));

    let change = CustomView::default().with_condition(&field("City").ne("Pune"));
    assert_eq!(views.update(&id, &change).await.unwrap().id, id);
    assert_eq!(of_view().await[0].get::<String>("City").unwrap().as_deref(), Some("Goa"));
    let twice = views.create(&CustomView::new("Of Pune", ["City"])).await.unwrap_err();
    assert_eq!((twice.code(), twice.outcome()), (Some(&Code::DUPLICATE_DATA), Outcome::Refused));
    assert_eq!(views.delete(&id).await.unwrap().id, id);
    let gone = views.delete(&id).await.unwrap_err();
    assert_eq!(gone.code(), Some(&Code::INVALID_DATA));
    let of_zoho = views.list().all().await.unwrap()[0].id.clone().unwrap();
    assert!(views.delete(of_zoho).await.is_err());
}

#[test]
fn requests_writes_of_custom_views() {
    let views = at(ApiVersion::V8).module("Leads").custom_views();
    let view = CustomView::new("Of Pune", ["City"]);
    let line = "POST settings/custom_views?module=Leads";
    let criteria =
        json!({ "field": { "api_name": "City" }, "comparator": "equal", "value": "Pune" });
    let row =
        json!({ "name": "Of Pune", "fields": [{ "api_name": "City" }], "criteria": criteria });
    let with_criteria = view.clone().with_condition(&field("City").eq("Pune"));
    asks(views.create(&with_criteria).preview(), line, json!({ "custom_views": [row] }));
    let line = "DELETE settings/custom_views?module=Leads&ids=7";
    asks(views.delete("7").preview(), line, Value::Null);
    let raw = view.clone().with_condition(&field("City").like("P%"));
    refused(views.create(&raw).preview(), &["like"]);
    refused(views.update_many([view.clone()]).preview(), &["`id`"]);
    let v2 = at(ApiVersion::V2).module("Leads").custom_views();
    refused(v2.update("7", &view).preview(), &["`sort`"]);
}

#[tokio::test]
async fn uploads_a_file_for_a_field_and_downloads_it() {
    let world = Fixture::new(ApiVersion::V8).await;
    let files = world.api.files();
    let id = files.upload("contract.txt", "text/plain", "signed").await.unwrap().id;
    let mut copy = files.download(&id).await.unwrap();
    assert_eq!(copy.safe_name(), "contract.txt");
    assert_eq!(&*copy.next().await.unwrap().unwrap(), b"signed");
    let image = files.upload_inline_image("a.png", "image/png", "png");
    assert_eq!(image.preview().unwrap().uri(), "/crm/v8/files?type=inline");
    image.await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("offer.txt");
    std::fs::write(&path, "17").unwrap();
    let id = files.upload_file(&path).await.unwrap().id;
    assert_eq!(files.download(&id).await.unwrap().safe_name(), "offer.txt");
    assert!(files.download("unknown").await.is_err());
    let large = vec![0; 20 * 1_024 * 1_024 + 1];
    refused(files.upload("a", "b", large).preview(), &["20971521", "20971520"]);
}

#[tokio::test]
async fn adds_a_record_to_a_territory() {
    let world = Fixture::new(ApiVersion::V8).await;
    let leads = world.api.records("Leads");
    let row = Record::new().with("Last_Name", "Boyle").with("Company", "Zylker");
    let lead = leads.create(&row).await.unwrap().id;
    let all = world.api.call(&TERRITORIES_LIST).list::<Record>().all().await.unwrap();
    let territory = all[0].id().unwrap();
    let territories = world.api.record("Leads", &lead).territories();
    assert_eq!(territories.add([&territory]).await.unwrap().id, lead);
    let shown = || world.sim.record("Leads", lead.as_str()).unwrap()["Territories"].clone();
    assert_eq!(shown()[0]["id"], territory.as_str());
    territories.remove([&territory]).await.unwrap();
    assert_eq!(shown(), json!([]));
    let unknown = territories.add(["7"]).await.unwrap_err();
    assert_eq!(unknown.code(), Some(&Code::INVALID_DATA));
    refused(territories.add(Vec::<&str>::new()).preview(), &["at least one"]);
}
