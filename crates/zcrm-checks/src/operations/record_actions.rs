//! Calls each public method of the surfaces that only v8 is tested with: the recycle bin, and the
//! actions on records.

use zcrm_api::{
    Api, BinRecord, Share, SharePermission, field,
    metadata::CustomView,
    operations::TERRITORIES_LIST,
    organisation::{Currency, User},
};
use zcrm_core::{ApiVersion, Error, Id, Lookup, Record};
use zcrm_sim::{BlueprintSpec, TransitionSpec};

use super::recorder::Recorder;

/// Returns the blueprint whose transition is executed.
pub(super) fn blueprint() -> BlueprintSpec {
    let call = TransitionSpec::new("Call", "Contacted").from(["Not Contacted"]).mandatory("Phone");
    BlueprintSpec::new("Calls", "Leads", "Lead_Status").transition(call)
}

/// Calls every method, and deletes the records that it wrote.
pub(super) async fn record_actions(api: &Api, recorder: &Recorder) -> Result<(), Error> {
    if api.version() < ApiVersion::V8 {
        return Ok(());
    }
    recorder.now("");
    let row = Record::new().with("Last_Name", "Boyle").with("Company", "Zylker");
    let row = row.with("Lead_Status", "Not Contacted");
    let lead = api.records("Leads").create(&row).await?.id;
    locks(api, recorder, &lead).await?;
    shares(api, recorder, &lead).await?;
    recorder.now("RecordBlueprint::get");
    let blueprint = api.record("Leads", &lead).blueprint();
    let state = blueprint.get().await?;
    let transition = state.transitions.into_iter().find_map(|transition| transition.id);
    let transition = transition.ok_or_else(|| Error::input("the lead has no transition"))?;
    recorder.now("RecordBlueprint::run");
    blueprint.run(transition, &Record::new().with("Phone", "1").with("Notes", "called")).await?;
    recorder.now("RecordHandle::timeline");
    api.record("Leads", &lead).timeline().oldest_first().all().await?;
    recycle_bin(api, recorder, &lead).await?;
    jobs(api, recorder).await?;
    views(api, recorder).await?;
    files_and_territories(api, recorder).await?;
    currencies(api, recorder).await
}

async fn locks(api: &Api, recorder: &Recorder, lead: &Id) -> Result<(), Error> {
    let locks = api.record("Leads", lead).locks();
    recorder.now("RecordLocks::create");
    let lock = locks.create("the contract is signed").await?.id;
    recorder.now("RecordLocks::list");
    locks.list().all().await?;
    recorder.now("RecordLocks::get");
    locks.get(&lock).await?;
    recorder.now("RecordLocks::update");
    locks.update(&lock, "the contract is paid").await?;
    recorder.now("RecordLocks::delete");
    locks.delete(&lock).await.map(drop)
}

async fn shares(api: &Api, recorder: &Recorder, lead: &Id) -> Result<(), Error> {
    recorder.now("");
    let roles = api.roles().list().all().await?;
    let role = roles.last().and_then(|role| role.id.clone());
    let role = role.ok_or_else(|| Error::input("the simulator has no role"))?;
    let profiles = api.profiles().list().all().await?;
    let profile = profiles.last().and_then(|profile| profile.id.clone());
    let profile = profile.ok_or_else(|| Error::input("the simulator has no profile"))?;
    let user = User::new("Hooke", "robert@example.com").with_first_name("Robert");
    let user = user.with_role(Lookup::to(&role)).with_profile(Lookup::to(&profile));
    let user = api.users().create(&user).await?.id;
    let shares = api.record("Leads", lead).shares();
    recorder.now("RecordShares::add");
    let with_user = Share::with_user(&user, SharePermission::READ_WRITE);
    shares.add([with_user]).notify_on_completion(false).await?;
    recorder.now("RecordShares::list");
    shares.list().all().await?;
    recorder.now("RecordShares::replace");
    shares.replace([Share::with_role(&role, SharePermission::READ_ONLY)]).await?;
    recorder.now("RecordShares::revoke");
    shares.revoke().await?;
    recorder.now("");
    api.users().delete(&user).await.map(drop)
}

async fn recycle_bin(api: &Api, recorder: &Recorder, lead: &Id) -> Result<(), Error> {
    let (bin, leads) = (api.recycle_bin(), api.records("Leads"));
    recorder.now("");
    leads.delete(lead).await?;
    recorder.now("RecycleBin::list");
    let of_leads = field("module").eq("Leads");
    let found = bin.list().filter(of_leads.clone()).sort_by_desc("deleted_time").all().await?;
    let known = |one: &BinRecord| one.id.as_ref() == Some(lead);
    if !found.iter().any(known) {
        return Err(Error::input("the recycle bin does not list the deleted lead"));
    }
    recorder.now("RecycleBin::get");
    bin.get(lead).await?;
    recorder.now("RecycleBin::count");
    bin.count().await?;
    recorder.now("RecycleBin::restore");
    bin.restore(lead).await?;
    recorder.now("");
    leads.delete(lead).await?;
    recorder.now("RecycleBin::restore_many");
    bin.restore_many([lead]).await?.all()?;
    recorder.now("");
    leads.delete(lead).await?;
    recorder.now("RecycleBin::restore_where");
    bin.restore_where(field("display_name").eq("unknown")).await?;
    recorder.now("RecycleBin::delete");
    bin.delete(lead).await?;
    recorder.now("RecycleBin::restore_all");
    bin.restore_all().await?;
    recorder.now("");
    let row = Record::new().with("Last_Name", "Boyle").with("Company", "Zylker");
    let gone = leads.create(&row).await?.id;
    leads.delete(&gone).await?;
    recorder.now("RecycleBin::delete_many");
    bin.delete_many([&gone]).await?.all()?;
    recorder.now("RecycleBin::empty");
    bin.empty().await
}

async fn jobs(api: &Api, recorder: &Recorder) -> Result<(), Error> {
    recorder.now("");
    let contacts = api.records("Contacts");
    let row = |name: &str| Record::new().with("Last_Name", name);
    let made = contacts.create_many([row("A"), row("B"), row("C")]).await?.all()?;
    let ids: Vec<Id> = made.into_iter().map(|made| made.id).collect();
    let [first, second, ..] = ids.as_slice() else {
        return Err(Error::input("the simulator did not write three contacts"));
    };
    recorder.now("RecordHandle::merge");
    contacts.record(first).merge([second]).take("Email", second).await?;
    recorder.now("");
    let views = api.module("Contacts").custom_views().list().all().await?;
    let view = views.into_iter().next().and_then(|view| view.id);
    let view = view.ok_or_else(|| Error::input("the simulator has no view of contacts"))?;
    let me = api.users().current().await?.id;
    let me = me.ok_or_else(|| Error::input("the simulator has no current user"))?;
    recorder.now("Records::mass_update_view");
    let job = contacts.mass_update_view(&view, &Record::new().with("Mailing_City", "Pune")).await?;
    recorder.now("RecordJob::status");
    job.status().await?;
    recorder.now("RecordJob::wait");
    job.wait().await?;
    recorder.now("Records::mass_change_owner_of_view");
    contacts.mass_change_owner_of_view(&view, &me).await?.wait().await?;
    recorder.now("Records::mass_delete_view");
    contacts.mass_delete_view(&view).await?.wait().await?;
    recorder.now("Records::mass_convert");
    let lead = Record::new().with("Last_Name", "Boyle").with("Company", "Zylker");
    let lead = api.records("Leads").create(&lead).await?.id;
    api.records("Leads").mass_convert([lead]).await?.wait().await.map(drop)
}

async fn views(api: &Api, recorder: &Recorder) -> Result<(), Error> {
    let views = api.module("Leads").custom_views();
    let view = |name: &str| CustomView::new(name, ["Last_Name", "City"]);
    recorder.now("CustomViews::create");
    let of_pune = view("Of Pune").with_condition(&field("City").eq("Pune"));
    let one = views.create(&of_pune).await?.id;
    recorder.now("CustomViews::create_many");
    let two = views.create_many([view("All of them")]).await?.one()?.id;
    recorder.now("CustomViews::update");
    views.update(&one, &CustomView::default().with_name("Of Goa")).await?;
    recorder.now("CustomViews::update_many");
    let change = CustomView::default().with("id", &two).with_name("Others");
    views.update_many([change]).await?.all()?;
    recorder.now("CustomViews::delete");
    views.delete(one).await?;
    recorder.now("CustomViews::delete_many");
    views.delete_many([two]).await?.all().map(drop)
}

async fn files_and_territories(api: &Api, recorder: &Recorder) -> Result<(), Error> {
    let files = api.files();
    recorder.now("Files::upload");
    let file = files.upload("a.txt", "text/plain", "hello").await?.id;
    recorder.now("Files::upload_inline_image");
    files.upload_inline_image("a.png", "image/png", "png").await?;
    recorder.now("Files::download");
    files.download(file).await?;
    recorder.now("");
    let row = Record::new().with("Last_Name", "Boyle").with("Company", "Zylker");
    let lead = api.records("Leads").create(&row).await?.id;
    let territories = api.call(&TERRITORIES_LIST).list::<Record>().await?.items;
    let territory = territories.into_iter().find_map(|one| one.ok()?.id());
    let territory = territory.ok_or_else(|| Error::input("the simulator has no territory"))?;
    let own = api.record("Leads", lead).territories();
    recorder.now("RecordTerritories::add");
    own.add([&territory]).await?;
    recorder.now("RecordTerritories::remove");
    own.remove([&territory]).await.map(drop)
}

async fn currencies(api: &Api, recorder: &Recorder) -> Result<(), Error> {
    let currencies = api.currencies();
    recorder.now("Currencies::available");
    currencies.available().all().await?;
    recorder.now("Currencies::create");
    let franc = currencies.create(&Currency::new("CHF", "CHF", "0.88")).await?.id;
    recorder.now("Currencies::create_many");
    currencies.create_many([Currency::new("GBP", "GBP", "0.75")]).await?.all()?;
    recorder.now("Currencies::list");
    let all = currencies.list().all().await?;
    let base = all.into_iter().find(|one| one.is_base == Some(true)).and_then(|one| one.id);
    let base = base.ok_or_else(|| Error::input("the simulator has no base currency"))?;
    recorder.now("Currencies::get");
    currencies.get(&franc).await?;
    recorder.now("Currencies::update");
    let change = Currency::default().with_exchange_rate("0.9");
    currencies.update(&franc, &change).await?;
    recorder.now("Currencies::update_many");
    currencies.update_many([change.with_id(&franc)]).await?.all()?;
    recorder.now("Currencies::update_base");
    currencies.update_base(&base, &Currency::default().with_symbol("US$")).await?;
    recorder.now("Currencies::enable");
    // the simulator's organisation has several currencies from the beginning
    let _ = currencies.enable(&Currency::new("USD", "$", "1")).await;
    Ok(())
}
