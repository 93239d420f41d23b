//! Calls each public method outside the record module once: related data, metadata and the
//! organisation.

use zcrm_api::{
    Api, Note, field,
    metadata::ModuleHandle,
    notifications::{Channel, Event},
    operations::TERRITORIES_LIST,
    organisation::{
        OrgTax, OrgTaxes, Profile, Role, TaxPreference, User, UserKind, Variable, VariableKind,
    },
    records::SortOrder,
};
use zcrm_core::{ApiVersion, Error, Id, Lookup, Record, Tag};

use super::recorder::Recorder;

/// Calls every method, and deletes the data that it wrote.
pub(super) async fn extensions(api: &Api, recorder: &Recorder) -> Result<(), Error> {
    recorder.now("");
    let row = Record::new().with("Last_Name", "Boyle").with("Company", "Zylker");
    let lead = api.records("Leads").create(&row).await?.id;
    metadata(&api.module("Leads"), recorder).await?;
    recorder.now("Modules::list");
    api.modules().list().all().await?;
    tags(api, recorder, &lead).await?;
    notes(api, recorder, &lead).await?;
    files(api, recorder, &lead).await?;
    related(api, recorder, &lead).await?;
    notifications(api, recorder).await?;
    bulk(api, recorder).await?;
    recorder.now("RecordHandle::convert");
    let deal = Record::new().with("Deal_Name", "Pumps").with("Stage", "Qualification");
    api.record("Leads", &lead).convert().deal(&deal).send().await?;
    organisation(api, recorder).await?;
    users(api, recorder).await
}

/// Returns the first item of a list.
fn first<T>(list: Vec<T>) -> Result<T, Error> {
    list.into_iter().next().ok_or_else(|| Error::input("the simulator returned an empty list"))
}

/// Returns an id, which the simulator must have returned.
fn returned(id: Option<Id>) -> Result<Id, Error> {
    id.ok_or_else(|| Error::input("the simulator returned no id"))
}

async fn bulk(api: &Api, recorder: &Recorder) -> Result<(), Error> {
    let leads = api.records("Leads");
    recorder.now("Records::bulk_read");
    let job = leads.bulk_read().fields(["Last_Name"]).await?;
    recorder.now("BulkJob::status");
    job.status().await?;
    recorder.now("BulkJob::wait");
    let result = job.wait().await?;
    recorder.now("BulkResult::zip");
    result.zip().bytes().await?;
    recorder.now("BulkResult::stream");
    result.stream().collect().await?;
    recorder.now("Records::export");
    let mut rows = leads.export().fields(["Last_Name"]).stream();
    while let Some(row) = rows.next().await {
        row?;
    }
    recorder.now("Records::bulk_write");
    let rows = [Record::new().with("Last_Name", "A"), Record::new().with("Last_Name", "B")];
    let jobs = leads.bulk_write().create().rows(rows);
    let Some(job) = jobs.await?.jobs().first().cloned() else {
        return Err(Error::input("the bulk write created no job"));
    };
    recorder.now("BulkWriteJob::status");
    job.status().await?;
    recorder.now("BulkWriteJob::wait");
    let result = job.wait().await?;
    recorder.now("BulkWriteResult::outcomes");
    result.outcomes().collect().await?;
    recorder.now("Records::import");
    let row = Record::new().with("Last_Name", "C");
    leads.import([row.clone()]).create().await?;
    leads.import([row]).create().break_even(0).await?;
    Ok(())
}

async fn metadata(leads: &ModuleHandle, recorder: &Recorder) -> Result<(), Error> {
    recorder.now("ModuleHandle::get");
    leads.get().send().await?;
    recorder.now("Fields::list");
    let field = first(leads.fields().list().all().await?)?;
    recorder.now("Fields::get");
    leads.fields().get(returned(field.id)?).send().await?;
    recorder.now("Layouts::list");
    let layout = first(leads.layouts().list().all().await?)?;
    recorder.now("Layouts::get");
    leads.layouts().get(returned(layout.id)?).send().await?;
    recorder.now("RelatedLists::list");
    let list = first(leads.related_lists().list().all().await?)?;
    recorder.now("RelatedLists::get");
    leads.related_lists().get(returned(list.id)?).send().await?;
    let views = leads.custom_views();
    recorder.now("CustomViews::list");
    let view = first(views.list().all().await?)?;
    recorder.now("CustomViews::categories");
    views.categories().await?;
    recorder.now("CustomViews::get");
    views.get(returned(view.id.clone())?).send().await?;
    recorder.now("CustomViews::sort");
    views.sort(returned(view.id)?, "Last_Name", SortOrder::Ascending).send().await?;
    Ok(())
}

async fn notifications(api: &Api, recorder: &Recorder) -> Result<(), Error> {
    let notifications = api.notifications();
    let channel = Channel::to("https://app.example/zoho").on("Leads", [Event::Create, Event::Edit]);
    recorder.now("Notifications::watch");
    let watched = notifications.watch(&channel).await?;
    recorder.now("Notifications::watch_many");
    notifications.watch_many([&channel]).await?.all()?;
    recorder.now("Notifications::list");
    notifications.list().all().await?;
    recorder.now("Notifications::update");
    notifications.update(&Channel::existing(&watched.id).on("Deals", [Event::All])).await?;
    recorder.now("Notifications::remove_events");
    notifications.remove_events(&watched.id, "Leads", [Event::Create]).await?;
    recorder.now("Notifications::replace");
    notifications.replace(&channel).await?;
    recorder.now("Notifications::delete");
    notifications.delete(&watched.id).await?;
    recorder.now("Notifications::delete_many");
    notifications.watch(&channel).await?;
    notifications.delete_many([&watched.id]).await?.all()?;
    Ok(())
}

async fn tags(api: &Api, recorder: &Recorder, lead: &Id) -> Result<(), Error> {
    let tags = api.module("Leads").tags();
    recorder.now("Tags::create");
    let made = tags.create_many([Tag::named("Hot"), Tag::named("Cold")]).send().await?.all()?;
    let ids = made.into_iter().map(|made| made.id).collect::<Vec<_>>();
    let [hot, cold] = ids.as_slice() else { return Err(Error::input("expected two created tags")) };
    recorder.now("Tags::list");
    tags.list().all().await?;
    recorder.now("Tags::update");
    tags.update_many([Tag::named("Hotter").with_id(hot)]).send().await?.all()?;
    recorder.now("Tags::update_one");
    tags.update(hot, &Tag::named("Hot")).send().await?;
    recorder.now("Tags::add_to");
    tags.add_to([lead], ["Hot"]).send().await?.all()?;
    recorder.now("Tags::remove_from");
    tags.remove_from([lead], ["Hot"]).send().await?.all()?;
    let own = api.record("Leads", lead).tags();
    recorder.now("RecordTags::add");
    own.add(["Hot"]).over_write(true).send().await?.all()?;
    recorder.now("RecordTags::remove");
    own.remove(["Hot"]).send().await?.all()?;
    recorder.now("Tags::count_records");
    tags.count_records(hot).await?;
    recorder.now("Tags::merge");
    tags.merge(hot, cold).send().await?;
    recorder.now("Tags::delete_one");
    tags.delete(hot).send().await?;
    Ok(())
}

async fn notes(api: &Api, recorder: &Recorder, lead: &Id) -> Result<(), Error> {
    let own = api.record("Leads", lead).notes();
    recorder.now("RecordNotes::create");
    let note = own.create_many([Note::new("one").with_title("T")]).send().await?.all()?;
    let note = first(note)?.id;
    recorder.now("RecordNotes::list");
    own.list().all().await?;
    recorder.now("RecordNotes::update_one");
    own.update(&note, &Note::default().with_title("U")).send().await?;
    recorder.now("RecordNotes::delete_one");
    own.delete(&note).send().await?;
    let notes = api.notes();
    recorder.now("Notes::create");
    let made = ["one", "two"].map(|text| Note::new(text).with_title(text).on("Leads", lead));
    let made = notes.create_many(made).send().await?.all()?;
    let ids = made.into_iter().map(|made| made.id).collect::<Vec<_>>();
    let [one, two] = ids.as_slice() else { return Err(Error::input("expected two created notes")) };
    recorder.now("Notes::list");
    notes.list().sort_by_desc("Modified_Time").all().await?;
    recorder.now("Notes::get");
    notes.get(one).send().await?;
    recorder.now("Notes::update");
    notes.update_many([Note::default().with_id(one).with_title("V")]).send().await?.all()?;
    recorder.now("Notes::update_one");
    notes.update(one, &Note::default().with_title("W")).send().await?;
    recorder.now("Notes::delete");
    notes.delete_many([one]).send().await?.all()?;
    recorder.now("Notes::delete_one");
    notes.delete(two).send().await?;
    Ok(())
}

async fn files(api: &Api, recorder: &Recorder, lead: &Id) -> Result<(), Error> {
    let files = api.record("Leads", lead).attachments();
    recorder.now("Attachments::upload");
    let file = files.upload("a.txt", "text/plain", "hello").send().await?.id;
    recorder.now("Attachments::link");
    let link = files.link("https://example.com/a").send().await?.id;
    recorder.now("Attachments::list");
    files.list().all().await?;
    recorder.now("Attachments::download");
    files.download(&file).await?;
    recorder.now("Attachments::delete_one");
    files.delete(&file).send().await?;
    recorder.now("Attachments::delete");
    files.delete_many([&link]).send().await?.all()?;
    let photo = api.record("Leads", lead).photo();
    recorder.now("Photo::upload");
    photo.upload("p.png", "image/png", "png").await?;
    recorder.now("Photo::download");
    photo.download().await?;
    recorder.now("Photo::delete");
    photo.delete().await
}

async fn related(api: &Api, recorder: &Recorder, lead: &Id) -> Result<(), Error> {
    recorder.now("");
    let campaign = Record::new().with("Campaign_Name", "Spring");
    let campaign = api.records("Campaigns").create(&campaign).await?.id;
    let campaigns = api.record("Leads", lead).related("Campaigns");
    recorder.now("Related::add");
    campaigns.add(&campaign).send().await?;
    recorder.now("Related::add_many");
    campaigns.add_many([Record::new().with("id", campaign.as_str())]).send().await?.all()?;
    recorder.now("Related::list");
    campaigns.list().fields(["Campaign_Name"]).all().await?;
    recorder.now("Related::get");
    campaigns.get(&campaign).param("fields", "Campaign_Name").send().await?;
    recorder.now("Related::remove_one");
    campaigns.remove(&campaign).send().await?;
    recorder.now("Related::add");
    campaigns.add(&campaign).send().await?;
    recorder.now("Related::remove");
    campaigns.remove_many([&campaign]).send().await?.all()?;
    Ok(())
}

async fn organisation(api: &Api, recorder: &Recorder) -> Result<(), Error> {
    recorder.now("OrganizationHandle::get");
    api.org().get().send().await?;
    // operations that the simulator lacks are sent too
    recorder.now("OrganizationHandle::upload_photo");
    let _ = api.org().upload_photo("o.png", "image/png", "png").await;
    recorder.now("OrganizationHandle::photo");
    let _ = api.org().photo().await;
    recorder.now("OrganizationHandle::delete_photo");
    let _ = api.org().delete_photo().await;

    let taxes = api.taxes();
    recorder.now("Taxes::create");
    let made = ["Duty", "Fee"].map(|name| OrgTax::named(name).with_value("5"));
    taxes.create_many(made).send().await?.all()?;
    recorder.now("Taxes::list");
    let all = taxes.list().all().await?;
    let ids =
        all.iter().rev().map(|tax| returned(tax.id.clone())).collect::<Result<Vec<_>, _>>()?;
    let [one, two, ..] = ids.as_slice() else {
        return Err(Error::input("expected two created taxes"));
    };
    recorder.now("Taxes::get");
    taxes.get(one).send().await?;
    recorder.now("Taxes::update");
    taxes.update_many([OrgTax::default().with_id(one).with_value("6")]).send().await?.all()?;
    recorder.now("Taxes::delete");
    taxes.delete_many([one]).send().await?.all()?;
    recorder.now("Taxes::delete_one");
    taxes.delete(two).send().await?;
    recorder.now("Taxes::settings");
    taxes.settings().send().await?;
    if api.version() > ApiVersion::V2 {
        recorder.now("Taxes::save");
        let preference = TaxPreference::default().with_auto_populate_tax(false);
        taxes.save(&OrgTaxes::default().with_preference(preference)).send().await?;
    }

    recorder.now("VariableGroups::list");
    let group = returned(first(api.variable_groups().list().all().await?)?.id)?;
    recorder.now("VariableGroups::get");
    let group = api.variable_groups().get(group).send().await?.api_name;
    let variables = api.variables();
    recorder.now("Variables::create");
    let made = ["Max", "Min"].map(|name| {
        let variable = Variable::named(name, name, VariableKind::TEXT);
        variable.with_group(group.as_str()).with_value("5")
    });
    let made = variables.create_many(made).send().await?.all()?;
    let ids = made.into_iter().map(|made| made.id).collect::<Vec<_>>();
    let [one, two] = ids.as_slice() else {
        return Err(Error::input(
            "two variables were created, and the answer does not contain two ids",
        ));
    };
    recorder.now("Variables::list");
    variables.list().all().await?;
    recorder.now("Variables::get");
    variables.get(one).in_group(group.as_str()).send().await?;
    recorder.now("Variables::update");
    variables
        .update_many([Variable::default().with_id(one).with_value("6")])
        .send()
        .await?
        .all()?;
    recorder.now("Variables::update_one");
    variables.update(one, &Variable::default().with_value("7")).send().await?;
    recorder.now("Variables::delete_one");
    variables.delete(one).send().await?;
    recorder.now("Variables::delete");
    variables.delete_many([two]).send().await?.all()?;
    Ok(())
}

async fn users(api: &Api, recorder: &Recorder) -> Result<(), Error> {
    recorder.now("Roles::list");
    let roles = api.roles().list().all().await?;
    let role = returned(roles.last().and_then(|role| role.id.clone()))?;
    recorder.now("Roles::get");
    api.roles().get(&role).send().await?;
    recorder.now("Profiles::list");
    let profiles = api.profiles().list().all().await?;
    let profile = returned(profiles.last().and_then(|profile| profile.id.clone()))?;
    recorder.now("Profiles::get");
    api.profiles().get(&profile).send().await?;
    // operations that the simulator lacks are sent too
    recorder.now("Roles::create");
    let _ = api.roles().create(&Role::named("Trainee", &role)).send().await;
    recorder.now("Roles::update");
    let _ = api.roles().update(&role, &Role::default().with_description("new")).send().await;
    recorder.now("Roles::delete");
    let _ = api.roles().delete(&role, &role).send().await;
    recorder.now("Profiles::create_from");
    let _ = api.profiles().create_from(&profile, &Profile::named("Copy")).send().await;
    recorder.now("Profiles::update");
    let change = Profile::default().with_description("new");
    let _ = api.profiles().update(&profile, &change).send().await;
    recorder.now("Profiles::delete");
    let _ = api.profiles().delete(&profile, &profile).await;

    let users = api.users();
    recorder.now("Users::create");
    let user = User::new("Dorn", "cy@example.com")
        .with_first_name("Cy")
        .with_role(Lookup::to(&role))
        .with_profile(Lookup::to(&profile));
    let user = users.create(&user).send().await?.id;
    recorder.now("Users::current");
    users.current().send().await?;
    recorder.now("Users::list");
    users.list().all().await?;
    recorder.now("Users::get");
    users.get(&user).send().await?;
    recorder.now("Users::search");
    users.search(field("last_name").eq("Dorn")).all().await?;
    recorder.now("Users::count");
    users.count(UserKind::ALL).await?;
    recorder.now("Users::update");
    users.update_many([User::default().with_id(&user).with_phone("1")]).send().await?.all()?;
    recorder.now("Users::update_one");
    users.update(&user, &User::default().with_phone("2")).send().await?;
    recorder.now("");
    let territories = api.call(&TERRITORIES_LIST).list::<Record>().await?.items;
    let territory = first(territories)?.map_err(Error::from_record)?.id();
    let (territory, own) = (returned(territory)?, users.user(&user));
    recorder.now("UserHandle::add_territories");
    own.add_territories([&territory]).send().await?.all()?;
    recorder.now("UserHandle::territories");
    own.territories().all().await?;
    recorder.now("UserHandle::territory");
    own.territory(&territory).send().await?;
    recorder.now("UserHandle::remove_territories");
    own.remove_territories([&territory]).send().await?.all()?;
    recorder.now("Users::delete_one");
    users.delete(&user).send().await?;
    Ok(())
}
