//! An application's typical calls, from the first login on, through the public API.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use zcrm::{
    Client, ErrorKind, Id, Module, Record,
    composite::RecordReference,
    oauth::GrantToken,
    operations,
    records::{Action, Include, field},
    stores::MemoryStore,
    values::Lookup,
};
use zcrm_sim::Simulator;
use zcrm_test_kit::builder;

#[derive(Debug, Deserialize, Module)]
#[module("Leads")]
struct Lead {
    id: Id,
    #[serde(rename = "Last_Name")]
    last_name: String,
    #[serde(rename = "Email")]
    email: Option<String>,
}

#[derive(Serialize)]
struct NewLead {
    #[serde(rename = "Last_Name")]
    last_name: String,
    #[serde(rename = "Company")]
    company: &'static str,
    #[serde(rename = "Email", skip_serializing_if = "Option::is_none")]
    email: Option<String>,
}

async fn logged_in(sim: &Simulator) -> Client {
    let client = builder(sim).store(MemoryStore::new()).build().unwrap();
    client.login(GrantToken::new(sim.grant_token())).await.unwrap()
}

#[tokio::test]
async fn writes_and_reads_one_record() {
    let sim = Simulator::start().await.unwrap();
    let client = logged_in(&sim).await;
    let leads = client.records("Leads");
    let new = Record::new().with("Last_Name", "Boyle").with("Company", "Zylker");
    let new = new.with("Email", "pat@example.com");

    let done = leads.create(&new).await.unwrap();
    let lead = leads.get(&done.id).await.unwrap();
    assert_eq!(lead.id(), Some(done.id.clone()));

    let again = leads.upsert(&new).by("Email").trigger([]).await.unwrap();
    assert_eq!((again.id, again.action), (done.id.clone(), Some(Action::Updated)));

    let seen = done.modified_time.unwrap();
    let change = Record::new().with("City", "Chennai");
    leads.update(&done.id, &change).if_unmodified_since(seen).await.unwrap();
    leads.delete(&done.id).await.unwrap();
    let gone = leads.get(&done.id).await.unwrap_err();
    assert_eq!(gone.kind(), ErrorKind::NotFound);
}

#[tokio::test]
async fn writes_many_records_and_reads_lists() {
    let sim = Simulator::start().await.unwrap();
    let client = logged_in(&sim).await;
    let email = |n: u32| n.is_multiple_of(2).then(|| format!("{n}@example.com"));
    let rows = (0..250).map(|n| NewLead {
        last_name: format!("L{n}"),
        company: "Zylker",
        email: email(n),
    });
    let results = client.records("Leads").create_many(rows).concurrency(4).await.unwrap();
    assert_eq!((results.len(), results.failures().count()), (250, 0));

    let leads = client.records("Leads");
    let page = leads.list().fields(["Last_Name"]).sort_by("Modified_Time").await.unwrap();
    assert_eq!(page.items.len(), 200);
    let mut all = client.records_of::<Lead>().list().stream();
    let mut with_email = 0;
    while let Some(lead) = all.next().await {
        let lead = lead.unwrap();
        assert!(!lead.id.as_str().is_empty() && !lead.last_name.is_empty());
        with_email += u32::from(lead.email.is_some());
    }
    assert_eq!(with_email, 125);
    let mut pages = leads.list().fields(["id"]).converted(Include::Also).pages();
    let mut sizes = Vec::new();
    while let Some(page) = pages.next().await {
        sizes.push(page.unwrap().items.len());
    }
    assert_eq!(sizes, [200, 50]);
    let found = leads.search(field("Last_Name").eq("L7")).all().await;
    assert!(found.is_ok());
    let users = client.users().list().active().all().await.unwrap();
    assert_eq!(users.len(), 1);
}

#[tokio::test]
async fn reads_and_writes_the_data_of_a_record() {
    let sim = Simulator::start().await.unwrap();
    let client = logged_in(&sim).await;
    let lead = Record::new().with("Last_Name", "Boyle").with("Company", "Zylker");
    let lead = client.records("Leads").create(&lead).await.unwrap();
    let record = client.record("Leads", lead.id);
    record.notes().create("called back").await.unwrap();

    let folder = tempfile::tempdir().unwrap();
    let offer = folder.path().join("offer.pdf");
    std::fs::write(&offer, "%PDF-1.7").unwrap();
    let file = record.attachments().upload_file(&offer).await.unwrap();
    let copy = folder.path().join("copy.pdf");
    let saved = record.attachments().download(file.id).save_to(&copy).await.unwrap();
    assert_eq!((saved.bytes, std::fs::read(&copy).unwrap()), (8, b"%PDF-1.7".to_vec()));

    record.tags().add(["hot"]).await.unwrap().all().unwrap();
    let deal = Record::new()
        .with("Deal_Name", "Website")
        .with("Stage", "Qualification")
        .with("Closing_Date", "2026-12-31");
    let converted = record.convert().deal(&deal).await.unwrap();
    assert!(converted.deal.is_some());
}

#[tokio::test]
async fn reads_metadata_and_calls_any_operation() {
    let sim = Simulator::start().await.unwrap();
    let client = logged_in(&sim).await;
    for field in client.module("Leads").fields().list().all().await.unwrap() {
        assert!(!format!("{:?} {:?}", field.api_name, field.data_type).is_empty());
    }
    let roles = client.call(&operations::ROLES_LIST).json::<Value>().await.unwrap();
    assert!(roles["roles"].is_array());
    let mistake = client.call(&operations::ROLES_LIST).param("pgae", "2").json::<Value>();
    assert_eq!(mistake.await.unwrap_err().kind(), ErrorKind::Input);
    let preview = client.records("Leads").get("1").preview().unwrap();
    assert_eq!(preview.uri(), "/crm/v8/Leads/1");
}

#[derive(Serialize)]
struct NewContact {
    #[serde(rename = "Last_Name")]
    last_name: &'static str,
    #[serde(rename = "Account_Name")]
    account: RecordReference,
}

#[tokio::test]
async fn sends_several_requests_in_one_call_and_counts_records() {
    let sim = Simulator::start().await.unwrap();
    let client = logged_in(&sim).await;
    let mut batch = client.composite().rollback_on_fail();
    let account = Record::new().with("Account_Name", "Zylker");
    let account = batch.add(client.records("Accounts").create(&account));
    let contact = NewContact { last_name: "Boyle", account: account.lookup() };
    let contact = batch.add(client.records("Contacts").create(&contact));
    let deal = Record::new()
        .with("Deal_Name", "Pumps")
        .with("Stage", "Qualification")
        .with("Closing_Date", "2026-12-31")
        .with("Account_Name", account.lookup());
    let deal = batch.add(client.records("Deals").create(&deal));

    let mut answers = batch.await.unwrap();
    let account = answers.take(account).unwrap();
    let contact = client.records("Contacts").get(answers.take(contact).unwrap().id).await.unwrap();
    let of: Lookup = contact.get("Account_Name").unwrap().unwrap();
    assert_eq!(of.id, account.id);
    assert!(answers.take(deal).is_ok());

    assert_eq!(client.records("Contacts").count().await.unwrap(), 1);
    let boyles = client.records("Contacts").count().filter(field("Last_Name").eq("Kay"));
    assert_eq!(boyles.await.unwrap(), 0);
    let counts = client.record("Accounts", account.id).related_counts(["Contacts", "Deals"]);
    for list in counts.await.unwrap() {
        assert_eq!(list.count.unwrap(), 1, "{}", list.related_list);
    }
}

#[tokio::test]
async fn queries_records_in_coql() {
    #[derive(Debug, Deserialize)]
    struct Total {
        #[serde(rename = "City")]
        city: String,
        #[serde(rename = "SUM(Annual_Revenue)")]
        revenue: f64,
    }

    let sim = Simulator::start().await.unwrap();
    let client = logged_in(&sim).await;
    let leads = client.records("Leads");
    let rows = (0..30).map(|n| {
        Record::new()
            .with("Last_Name", format!("L{n}"))
            .with("Company", "Zylker")
            .with("City", if n % 3 == 0 { "Chennai" } else { "Pune" })
            .with("Annual_Revenue", n * 100)
    });
    leads.create_many(rows).await.unwrap().all().unwrap();

    let rich = field("City").eq("Pune").and(field("Annual_Revenue").gt(2_000));
    let query =
        leads.query().select(["Last_Name"]).filter(rich.clone()).order_by_desc("Annual_Revenue");
    let names: Vec<String> =
        query.all().await.unwrap().iter().map(|it| it.get("Last_Name").unwrap().unwrap()).collect();
    assert_eq!(names, ["L29", "L28", "L26", "L25", "L23", "L22"]);
    assert!(leads.query().select(["id"]).filter(rich).exists().await.unwrap());

    let text = "select Last_Name from Leads where (City = :city and Annual_Revenue >= :least)";
    let query = client.coql_of::<Lead>(text).bind("city", "Chennai").bind("least", 2_700);
    let found = query.all().await;
    assert_eq!(found.unwrap()[0].last_name, "L27");

    let totals =
        leads.query().select(["City"]).sum("Annual_Revenue").group_by(["City"]).rows_as::<Total>();
    let mut totals = totals.all().await.unwrap();
    totals.sort_by(|a, b| a.city.cmp(&b.city));
    let totals: Vec<(&str, f64)> = totals.iter().map(|it| (it.city.as_str(), it.revenue)).collect();
    assert_eq!(totals, [("Chennai", 13_500.0), ("Pune", 30_000.0)]);
}

#[tokio::test]
async fn reads_a_list_beyond_every_limit() {
    let sim = Simulator::builder().records("Contacts", 2_500).start().await.unwrap();
    let client = logged_in(&sim).await;
    let contacts = client.records("Contacts");
    let mut all = contacts.list().fields(["Last_Name"]).complete().stream();
    let mut ids = Vec::new();
    while let Some(contact) = all.next().await {
        ids.push(contact.unwrap().id().unwrap());
    }
    assert_eq!(ids.len(), 2_500);
    assert!(ids.is_sorted_by(|before, after| before < after));
}
