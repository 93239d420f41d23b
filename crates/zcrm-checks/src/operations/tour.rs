//! A tour of every public method that sends a request, and of every read of the table.

use std::sync::Arc;

use async_trait::async_trait;
use serde::Deserialize;
use zcrm_api::{Api, Criteria, operations::ALL};
use zcrm_core::{ApiVersion, Base, BodyShape, BoxError, Endpoint, Error, Id, Record};
use zcrm_http::{Authorization, Authorizer, Connector, ReqBody, Stack};
use zcrm_sim::{Journal, Simulator};

use super::{Exchange, Recorder, walk::walk};
use crate::Failure;

/// What the tour saw.
#[derive(Debug)]
#[non_exhaustive]
pub struct Tour {
    /// Every request, with the public method that it was made for.
    pub exchanges: Vec<Exchange>,
    /// What arrived at the simulator.
    pub journal: Journal,
    /// The version of the API.
    pub version: ApiVersion,
}

#[derive(Debug)]
struct Fixed(Authorization);

#[async_trait]
impl Authorizer for Fixed {
    async fn authorize(&self) -> Result<Authorization, BoxError> {
        Ok(self.0.clone())
    }

    async fn reject(&self, _: &Authorization) {}
}

/// Calls every public method against a simulator, walks through the operations that it has, then
/// calls every read of the table.
///
/// # Errors
/// Where the simulator cannot be reached, or a public method fails.
pub async fn tour(version: ApiVersion) -> Result<Tour, Failure> {
    let sim = Simulator::builder().plain_http().records("Leads", 5).start().await?;
    let stack = Stack::new(Connector::builder().build()?);
    let token = access_token(&sim, &stack).await?;
    let authorization = Authorization::zoho(&token, sim.api_url().parse()?)?;
    let recorder = Recorder::default();
    let transport = recorder.around(stack.build());
    let api = Api::new(transport, version).authorized_by(Arc::new(Fixed(authorization)));
    sim.clear_journal();
    surfaces(&api, &recorder).await?;
    recorder.now("");
    walk(&api, version).await?;
    for endpoint in ALL.iter().filter(|endpoint| endpoint.method() == http::Method::GET) {
        read(&api, endpoint).await;
    }
    let tour = Tour { exchanges: recorder.seen(), journal: sim.journal(), version };
    sim.stop().await;
    Ok(tour)
}

/// One call of each public method. A new one belongs here: `operations` then tells what it sends.
async fn surfaces(api: &Api, recorder: &Recorder) -> Result<(), Error> {
    let leads = api.records("Leads");
    let row = |name: &str| Record::new().with("Last_Name", name).with("Company", "Zylker");
    let with_id = |id: &Id| Record::new().with("id", id.as_str()).with("Last_Name", "Changed");
    let missing = || Error::input("the simulator gave no id");

    recorder.now("Records::create");
    let made = leads.create([row("A"), row("B"), row("C")]).send().await?.all()?;
    let ids: Vec<Id> = made.into_iter().filter_map(|row| row.id).collect();
    let [first, second, third] = ids.as_slice() else { return Err(missing()) };
    recorder.now("Records::create_one");
    leads.create_one(&row("D")).await?;
    recorder.now("Records::list");
    leads.list().fields(["Last_Name"]).send().await?;
    recorder.now("ListRecords::stream");
    let all = leads.list().fields(["Last_Name"]).per_page(2).stream().collect_all().await;
    if let Some(error) = all.interrupted {
        return Err(error);
    }
    recorder.now("ListRecords::all_fields");
    let _ = leads.list().all_fields().send().await;
    recorder.now("Records::get");
    leads.get(first.clone()).send().await?;
    recorder.now("Records::search");
    leads.search(Criteria::equals("Last_Name", "A")).send().await?;
    recorder.now("Records::update");
    leads.update([with_id(first), with_id(second)]).send().await?.all()?;
    recorder.now("Records::update_one");
    leads.update_one(first.clone(), &row("E")).await?;
    recorder.now("Records::upsert");
    let found = row("F").with("Email", "f@example.com");
    leads.upsert([found]).duplicate_check(["Email"]).send().await?.all()?;
    recorder.now("Records::delete");
    leads.delete([first.clone(), second.clone()]).send().await?.all()?;
    recorder.now("Records::delete_one");
    leads.delete_one(third.clone()).await?;
    Ok(())
}

/// Calls a read of the table with values that a simulator can know.
async fn read(api: &Api, endpoint: &'static Endpoint) {
    let mut call = api.call(endpoint);
    for segment in endpoint.template().split('/') {
        if let Some(name) = segment.strip_prefix('{').and_then(|name| name.strip_suffix('}')) {
            call =
                call.path(name, if matches!(name, "module" | "api_name") { "Leads" } else { "1" });
        }
    }
    for (name, value) in [("module", "Leads"), ("fields", "Last_Name"), ("type", "all")] {
        if endpoint.query_names().contains(&name) {
            call = call.query(name, value);
        }
    }
    // what it answers is looked at in the record
    let _ = call.send().await;
}

async fn access_token(sim: &Simulator, stack: &Stack<Connector>) -> Result<String, Failure> {
    const TOKEN: Endpoint =
        Endpoint::post("/oauth/v2/token").base(Base::Root).body(BodyShape::Form);
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
    let mut request = TOKEN.request(ApiVersion::V2).form(&form).build()?.map(ReqBody::from);
    *request.uri_mut() = format!("{}/oauth/v2/token", sim.accounts_url()).parse()?;
    let transport = stack.build_for_accounts(std::time::Duration::from_secs(20));
    let answer: Answer = zcrm_http::send(&transport, request).await?.json()?;
    Ok(answer.access_token)
}
