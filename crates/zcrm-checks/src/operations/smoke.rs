//! A smoke run of every public method that sends a request, and of every read of the table.

use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, de::DeserializeOwned};
use zcrm_api::{Api, Call, changes::ChangeMark, field, list::ItemStream, operations::ALL};
use zcrm_core::{ApiVersion, Base, BodyShape, Error, Id, Operation, PriceRange, Record};
use zcrm_http::{Authorization, Connector, Stack, StaticAuthorizer};
use zcrm_sim::{BulkReadSettings, BulkWriteSettings, ChangeOptions, Journal, Simulator};

use super::{
    extensions::extensions,
    record_actions::{blueprint, record_actions},
    recorder::{Exchange, Recorder},
    traverse::traverse,
};
use zcrm_core::BoxError;

/// The exchanges of a smoke run.
#[derive(Debug)]
#[non_exhaustive]
pub struct SmokeRun {
    /// Every request, with the public method that sent it.
    pub exchanges: Vec<Exchange>,
    /// The requests that reached the simulator.
    pub journal: Journal,
    /// The version of the API.
    pub version: ApiVersion,
}

/// Calls every public method against a simulator, then the operations with prepared data, then
/// every read of the table.
///
/// # Errors
/// Returns an error if the simulator cannot be reached, or a public method fails.
pub async fn smoke(version: ApiVersion) -> Result<SmokeRun, BoxError> {
    let (sim, api, recorder) = connect(version).await?;
    sim.clear_journal();
    surfaces(&api, &recorder).await?;
    extensions(&api, &recorder).await?;
    record_actions(&api, &recorder).await?;
    recorder.now("");
    traverse(&api, version).await?;
    for operation in ALL.iter().filter(|operation| operation.method() == http::Method::GET) {
        read(&api, operation).await;
    }
    let smoke = SmokeRun { exchanges: recorder.seen(), journal: sim.journal(), version };
    sim.stop().await;
    Ok(smoke)
}

/// Starts a simulator, and returns a client of it whose exchanges are recorded.
pub(super) async fn connect(version: ApiVersion) -> Result<(Simulator, Api, Recorder), BoxError> {
    let builder = Simulator::builder().plain_http().records("Leads", 5).blueprint(blueprint());
    let builder = builder.changes(ChangeOptions::default().job_time(Duration::ZERO));
    let builder = builder.bulk_read(BulkReadSettings::new().job_time(Duration::ZERO));
    let writes = BulkWriteSettings::new().job_time(Duration::ZERO);
    let sim = builder.bulk_write(writes).start().await?;
    let stack = Stack::new(Connector::builder().build()?);
    let token = access_token(&sim, &stack).await?;
    let files = || sim.content_url().parse();
    let authorization = Authorization::zoho(&token, sim.api_url().parse()?)?;
    let authorization = authorization.with_content(files()?).with_download(files()?);
    let recorder = Recorder::default();
    let transport = recorder.around(stack.build());
    let api =
        Api::new(transport, version).authorized_by(Arc::new(StaticAuthorizer::new(authorization)));
    Ok((sim, api, recorder))
}

/// Calls each public method once. Add new methods here, so that `operations` shows what they send.
async fn surfaces(api: &Api, recorder: &Recorder) -> Result<(), Error> {
    let leads = api.records("Leads");
    let row = |name: &str| Record::new().with("Last_Name", name).with("Company", "Zylker");
    let with_id = |id: &Id| Record::new().with("id", id.as_str()).with("Last_Name", "Changed");

    recorder.now("Records::create_many");
    let made = leads.create_many([row("A"), row("B"), row("C")]).send().await?.all()?;
    let ids: Vec<Id> = made.into_iter().map(|row| row.id).collect();
    let [first, second, third] = ids.as_slice() else {
        return Err(Error::input("the simulator did not write three records"));
    };
    recorder.now("Records::create");
    leads.create(&row("D")).await?;
    recorder.now("Records::list");
    leads.list().fields(["Last_Name"]).send().await?;
    recorder.now("List::stream");
    whole(leads.list().fields(["Last_Name"]).per_page(2).stream()).await?;
    recorder.now("List::all_fields");
    let _ = leads.list().all_fields().send().await;
    recorder.now("Records::get");
    leads.get(first.clone()).send().await?;
    recorder.now("Records::search");
    leads.search(field("Last_Name").eq("A")).send().await?;
    let stream = leads.search(field("Company").eq("Zylker")).stream();
    recorder.now("Records::search: List::stream");
    whole(stream).await?;
    recorder.now("Records::search_word");
    leads.search_word("Zylker").send().await?;
    recorder.now("Records::search_email");
    leads.search_email("f@example.com").send().await?;
    recorder.now("Records::search_phone");
    leads.search_phone("123").send().await?;
    queries(api, recorder).await?;
    recorder.now("RecordHandle::get");
    let lead = leads.record(first.clone());
    let read = lead.get().send().await?;
    recorder.now("GetRecord::if_modified_since");
    if let Some(since) = read.timestamp("Modified_Time")? {
        lead.get().if_modified_since(since).await?;
    }
    recorder.now("Records::update_many");
    leads.update_many([with_id(first), with_id(second)]).send().await?.all()?;
    recorder.now("Records::update");
    leads.update(first.clone(), &row("E")).await?;
    recorder.now("RecordHandle::update");
    lead.update(&Record::new().with("City", "Chennai")).send().await?;
    recorder.now("Records::mass_update");
    leads.mass_update(&ids, "City", "Pune").send().await?.all()?;
    recorder.now("Records::upsert_many");
    let found = row("F").with("Email", "f@example.com");
    leads.upsert_many([found]).by("Email").send().await?.all()?;
    recorder.now("Records::delete_many");
    leads.delete_many([first.clone(), second.clone()]).send().await?.all()?;
    recorder.now("Records::delete");
    leads.delete(third.clone()).await?;
    recorder.now("RecordHandle::delete");
    let gone = leads.create(&row("G")).await?.id;
    leads.record(gone).delete().send().await?;
    recorder.now("RecordHandle::convert");
    let lead = leads.create(&row("H")).await?.id;
    leads.record(lead).convert().overwrite(true).send().await?;
    recorder.now("Records::deleted");
    leads.deleted().recycle_bin().send().await?;
    recorder.now("Records::deleted: List::stream");
    whole(leads.deleted().stream()).await?;
    rows(api, recorder).await?;
    counts(api, recorder).await?;
    composite(api, recorder).await
}

/// Counts records, and from v8 on related records.
async fn counts(api: &Api, recorder: &Recorder) -> Result<(), Error> {
    if api.version() >= ApiVersion::V2_1 {
        recorder.now("Records::count");
        api.records("Leads").count().filter(field("Last_Name").eq("A")).await?;
    }
    if api.version() >= ApiVersion::V8 {
        recorder.now("");
        let account = Record::new().with("Account_Name", "Zylker");
        let account = api.records("Accounts").create(&account).await?.id;
        recorder.now("RecordHandle::related_counts");
        api.record("Accounts", account).related_counts(["Contacts"]).await?;
    }
    Ok(())
}

/// Sends a composite request of two writes and a read.
async fn composite(api: &Api, recorder: &Recorder) -> Result<(), Error> {
    if api.version() < ApiVersion::V3 {
        return Ok(());
    }
    recorder.now("Api::composite");
    let mut batch = api.composite().rollback_on_fail();
    let account = Record::new().with("Account_Name", "Zylker");
    let account = batch.add(api.records("Accounts").create(&account));
    let contact = Record::new().with("Last_Name", "Boyle").with("Account_Name", account.lookup());
    let contact = batch.add(api.records("Contacts").create(&contact));
    let leads = batch.add(api.records("Leads").list().fields(["Last_Name"]));
    let mut answers = batch.await?;
    answers.take(account)?;
    answers.take(contact)?;
    answers.take(leads).map(drop)
}

/// Calls each method that sends a query once.
async fn queries(api: &Api, recorder: &Recorder) -> Result<(), Error> {
    let leads = api.records("Leads");
    let query = || leads.query().select(["Last_Name"]).filter(field("Company").eq("Zylker"));
    recorder.now("Records::query");
    query().send().await?;
    recorder.now("Records::query: List::stream");
    whole(query().per_page(2).stream()).await?;
    recorder.now("Request::exists");
    query().exists().await?;
    recorder.now("Request::total");
    if api.version() > ApiVersion::V2 {
        query().total().await?;
    }
    query().total().by_reading_ids(3).await?;
    recorder.now("Request::complete");
    whole(leads.list().fields(["Last_Name"]).complete().stream()).await?;
    recorder.now("Records::changes_since");
    let round = leads.changes_since(ChangeMark::beginning()).fields(["Last_Name"]).await?;
    leads.changes_since(round.mark).fields(["Last_Name"]).await?;
    recorder.now("Records::reconcile");
    let mut differences = leads.reconcile([(Id::from(7), None)]);
    while let Some(difference) = differences.next().await {
        drop(difference?);
    }
    recorder.now("Api::coql");
    api.coql("select Last_Name from Leads where Company = :name")
        .bind("name", "Zylker")
        .send()
        .await?;
    Ok(())
}

/// Calls each method that changes rows once.
async fn rows(api: &Api, recorder: &Recorder) -> Result<(), Error> {
    recorder.now("");
    let book = Record::new().with("Price_Book_Name", "Resellers");
    let id = api.records("Price_Books").create(&book).await?.id;
    let ranges = api.record("Price_Books", id).rows("Pricing_Details");
    recorder.now("Rows::create_many");
    ranges.create_many([PriceRange::new(1, 9, 5)]).await?;
    recorder.now("Rows::get");
    let rows = ranges.get().await?;
    recorder.now("Rows::delete_many");
    ranges.delete_many(rows.iter().filter_map(Record::id)).await?;
    recorder.now("Rows::replace_all");
    ranges.replace_all([PriceRange::new(1, 99, 10)]).await?;
    Ok(())
}

/// Reads a stream to its end.
async fn whole<T: DeserializeOwned + Send + 'static>(stream: ItemStream<T>) -> Result<(), Error> {
    match stream.collect_all().await.interrupted {
        Some(error) => Err(error),
        None => Ok(()),
    }
}

/// Begins a call of the table with a value for each placeholder of the path.
pub(super) fn with_path(api: &Api, operation: &'static Operation) -> Call {
    let mut call = api.call(operation);
    for segment in operation.template().split('/') {
        if let Some(name) = segment.strip_prefix('{').and_then(|name| name.strip_suffix('}')) {
            call =
                call.path(name, if matches!(name, "module" | "api_name") { "Leads" } else { "1" });
        }
    }
    call
}

/// Calls a read of the table with values that a simulator can know.
async fn read(api: &Api, operation: &'static Operation) {
    let mut call = with_path(api, operation);
    for (name, value) in [("module", "Leads"), ("fields", "Last_Name"), ("type", "all")] {
        if operation.query_names().contains(&name) {
            call = call.param(name, value);
        }
    }
    // the recorder keeps the answer, which is checked later
    let _ = call.send().await;
}

/// Logs in at a simulator, and returns an access token.
pub(crate) async fn access_token(
    sim: &Simulator,
    stack: &Stack<Connector>,
) -> Result<String, BoxError> {
    const TOKEN: Operation =
        Operation::post("/oauth/v2/token").base(Base::Root).body(BodyShape::Form);
    #[derive(Deserialize)]
    struct Answer {
        access_token: String,
    }
    let form = [
        ("grant_type", "authorization_code"),
        ("client_id", &sim.client_id()),
        ("client_secret", &sim.client_secret()),
        ("redirect_uri", &sim.redirect_uri()),
        ("code", &sim.grant_token()),
    ];
    let mut request = TOKEN.request(ApiVersion::V2).form(&form).build_as()?;
    *request.uri_mut() = format!("{}/oauth/v2/token", sim.accounts_url()).parse()?;
    let transport = stack.build_for_accounts(Duration::from_secs(20));
    let answer: Answer = zcrm_http::send(&transport, request).await?.json()?;
    Ok(answer.access_token)
}
