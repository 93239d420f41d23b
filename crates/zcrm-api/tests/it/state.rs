//! Round trips of notes, files, related records, tags, metadata and settings at the simulator, in
//! v2 and v8.

use zcrm_api::{
    Note, field,
    metadata::DataType,
    organisation::{OrgTax, User, UserKind, Variable, VariableKind},
    records::SortOrder,
};
use zcrm_core::{ErrorKind, Id, Lookup, Record, Tag};

use crate::fixture::{Fixture, on_both_versions};

async fn lead(fixture: &Fixture, name: &str) -> Id {
    let row = Record::new().with("Last_Name", name).with("Company", "Zylker");
    fixture.api.records("Leads").create(&row).await.unwrap().id
}

on_both_versions! {
    async fn creates_reads_and_deletes_notes_of_a_record(version) {
        let fixture = Fixture::new(version).await;
        let lead = lead(&fixture, "Boyle").await;
        let notes = fixture.api.record("Leads", &lead).notes();
        let made = notes.create_many([Note::new("one").with_title("T"), Note::new("two")]);
        let made = made.send().await.unwrap().all().unwrap();
        let first = made[0].id.clone();
        let own = Note::new("three").on("Leads", &lead);
        let third = fixture.api.notes().create_many([own]).send().await.unwrap().all().unwrap();
        let mut said = Vec::new();
        for note in notes.list().per_page(2).all().await.unwrap() {
            let parent = note.parent.unwrap();
            assert_eq!(parent.id, Some(lead.clone()));
            said.push(note.content.unwrap());
        }
        said.sort();
        assert_eq!(said, ["one", "three", "two"]);
        assert_eq!(fixture.api.notes().list().all().await.unwrap().len(), 3);

        notes.update(&first, &Note::default().with_content("other")).send().await.unwrap();
        let change = Note::default().with_id(third[0].id.clone()).with_title("New");
        fixture.api.notes().update_many([change]).send().await.unwrap().all().unwrap();
        let read = fixture.api.notes().get(&first).send().await.unwrap();
        assert_eq!(read.content.as_deref(), Some("other"));
        assert_eq!(read.title.as_deref(), Some("T"));
        assert_eq!(read.module(), Some("Leads"));

        let files = fixture.api.notes().attachments(&first);
        files.upload("a.txt", "text/plain", "hello").send().await.unwrap();
        assert_eq!(files.list().all().await.unwrap().len(), 1);

        notes.delete(&first).send().await.unwrap();
        let rest = made[1].id.clone();
        let rest = [rest, third[0].id.clone()];
        fixture.api.notes().delete_many(rest).send().await.unwrap().all().unwrap();
        assert!(notes.list().all().await.unwrap().is_empty());
        let gone = fixture.api.notes().get(&first).send().await.unwrap_err();
        assert_eq!(gone.kind(), ErrorKind::NotFound, "{gone}");
    }

    async fn downloads_attachments_as_uploaded(version) {
        let fixture = Fixture::new(version).await;
        let lead = lead(&fixture, "Boyle").await;
        let files = fixture.api.record("Leads", &lead).attachments();
        let content: Vec<u8> = (0..100_000_u32).map(|number| number.to_le_bytes()[0]).collect();
        let name = "offer \"ä\".pdf";
        let made = files.upload(name, "application/pdf", content.clone()).send().await.unwrap();
        let made = made.id;
        files.link("https://example.com/offer.pdf?a=b&c=d").send().await.unwrap();
        let all = files.list().all().await.unwrap();
        assert_eq!(all.len(), 2);
        let own = all.iter().find(|file| file.id == Some(made.clone())).unwrap();
        assert_eq!(own.bytes(), Some(100_000));
        let mut file = files.download(&made).await.unwrap();
        assert!(file.name().unwrap().ends_with(".pdf"), "{:?}", file.name());
        assert!(!file.safe_name().contains(['"', '/']));
        let mut whole = Vec::new();
        while let Some(piece) = file.next().await {
            whole.extend_from_slice(&piece.unwrap());
        }
        assert_eq!(whole, content);
        files.delete(&made).send().await.unwrap();
        assert_eq!(files.list().all().await.unwrap().len(), 1);
        let gone = files.download(&made).await.unwrap_err();
        assert!(gone.api().is_some() || gone.kind() == ErrorKind::NotFound, "{gone}");

        let photo = fixture.api.record("Leads", &lead).photo();
        assert!(photo.download().await.is_err());
        photo.upload("p.png", "image/png", "png").await.unwrap();
        let mut file = photo.download().await.unwrap();
        assert_eq!(file.next().await.unwrap().unwrap(), "png");
        photo.delete().await.unwrap();
        assert!(photo.download().await.is_err());
    }

    async fn adds_and_removes_related_records(version) {
        let fixture = Fixture::new(version).await;
        let lead = lead(&fixture, "Boyle").await;
        let campaigns = fixture.api.records("Campaigns");
        let mut ids = Vec::new();
        for name in ["Spring", "Autumn"] {
            let row = Record::new().with("Campaign_Name", name);
            ids.push(campaigns.create(&row).await.unwrap().id);
        }
        let related = fixture.api.record("Leads", &lead).related("Campaigns");
        related.add(&ids[0]).send().await.unwrap();
        let joined = Record::new().with("id", ids[1].as_str()).with("Member_Status", "Responded");
        related.add_many([joined]).send().await.unwrap().all().unwrap();
        let status = Record::new().with("Member_Status", "Invited");
        related.add_with(&ids[0], &status).send().await.unwrap();
        let read = || related.list().fields(["Campaign_Name", "Member_Status"]);
        let all = read().all().await.unwrap();
        let status = |id: &Id| {
            let one = all.iter().find(|it| it.id().as_ref() == Some(id)).unwrap();
            one.get::<String>("Member_Status").unwrap()
        };
        assert_eq!(status(&ids[0]).as_deref(), Some("Invited"));
        assert_eq!(status(&ids[1]).as_deref(), Some("Responded"));
        let one = related.get(&ids[0]).send().await.unwrap();
        assert_eq!(one.id(), Some(ids[0].clone()));
        related.remove(&ids[0]).send().await.unwrap();
        related.remove_many([&ids[1]]).send().await.unwrap().all().unwrap();
        assert!(read().all().await.unwrap().is_empty());
    }

    async fn creates_adds_counts_merges_and_deletes_tags(version) {
        let fixture = Fixture::new(version).await;
        let (one, two) = (lead(&fixture, "Boyle").await, lead(&fixture, "Casey").await);
        let tags = fixture.api.module("Leads").tags();
        let made = tags.create_many([Tag::named("Hot"), Tag::named("Cold")]).send().await.unwrap();
        let made: Vec<Id> = made.all().unwrap().into_iter().map(|made| made.id).collect();
        tags.add_to([&one, &two], ["Hot"]).send().await.unwrap().all().unwrap();
        fixture.api.record("Leads", &one).tags().add(["Cold"]).send().await.unwrap().all().unwrap();
        assert_eq!(tags.count_records(&made[0]).await.unwrap(), 2);
        let named = async |id: &Id| {
            let lead = fixture.api.records("Leads").get(id).send().await.unwrap();
            let names = lead.tags().unwrap().into_iter().map(|tag| tag.name().unwrap().unwrap());
            let mut names: Vec<String> = names.collect();
            names.sort();
            names
        };
        assert_eq!(named(&one).await, ["Cold", "Hot"]);
        let own = fixture.api.record("Leads", &one).tags();
        own.remove(["Hot"]).send().await.unwrap().all().unwrap();
        assert_eq!(named(&one).await, ["Cold"]);
        own.add(["Fair"]).over_write(true).send().await.unwrap().all().unwrap();
        assert_eq!(named(&one).await, ["Fair"]);
        tags.remove_from([&two], ["Hot"]).send().await.unwrap().all().unwrap();
        assert!(named(&two).await.is_empty());

        tags.update(&made[0], &Tag::named("Warm")).send().await.unwrap();
        let change = Tag::named("Cool").with_id(&made[1]);
        tags.update_many([change]).send().await.unwrap().all().unwrap();
        let names = async || {
            let all = tags.list().all().await.unwrap();
            let mut names: Vec<_> = all.iter().map(|tag| tag.name().unwrap().unwrap()).collect();
            names.sort();
            names
        };
        assert_eq!(names().await, ["Cool", "Fair", "Warm"]);
        tags.merge(&made[0], &made[1]).send().await.unwrap();
        assert_eq!(names().await.len(), 2);
        for tag in tags.list().all().await.unwrap() {
            tags.delete(tag.id().unwrap().unwrap()).send().await.unwrap();
        }
        assert!(names().await.is_empty());
    }

    async fn reads_metadata_and_sorts_a_view(version) {
        let fixture = Fixture::new(version).await;
        let modules = fixture.api.modules().list().all().await.unwrap();
        assert!(modules.iter().any(|it| it.api_name == "Leads"));
        let leads = fixture.api.module("Leads");
        let module = leads.get().send().await.unwrap();
        assert_eq!(module.singular_label.as_deref(), Some("Lead"));
        let fields = leads.fields().list().all().await.unwrap();
        let name = fields
            .iter()
            .find(|it| it.api_name == "Last_Name")
            .unwrap();
        assert_eq!(name.data_type, Some(DataType::TEXT));
        let one = leads.fields().get(name.id.clone().unwrap()).send().await.unwrap();
        assert_eq!(one.api_name, "Last_Name");
        let layouts = leads.layouts().list().all().await.unwrap();
        let layout = layouts[0].id.clone().unwrap();
        let layout = leads.layouts().get(layout).send().await.unwrap();
        let sections = layout.sections;
        assert!(sections.iter().any(|it| !it.fields.is_empty()));
        let lists = leads.related_lists().list().all().await.unwrap();
        let notes =
            lists.iter().find(|it| it.api_name == "Notes").unwrap();
        let notes = leads.related_lists().get(notes.id.clone().unwrap()).send().await.unwrap();
        assert_eq!(notes.api_name, "Notes");

        let views = leads.custom_views();
        let all = views.list().all().await.unwrap();
        assert!(!views.categories().await.unwrap().is_empty());
        let view = all[0].id.clone().unwrap();
        views.sort(&view, "Last_Name", SortOrder::Descending).send().await.unwrap();
        let read = views.get(&view).send().await.unwrap();
        assert_eq!(read.sort_by.clone().unwrap().api_name.as_deref(), Some("Last_Name"));
        assert_eq!(read.sort_order.as_deref(), Some("desc"));
        let back = read.sort_by.unwrap();
        views.sort(&view, back, SortOrder::Ascending).send().await.unwrap();
        let read = views.get(&view).send().await.unwrap();
        assert_eq!(read.sort_order.as_deref(), Some("asc"));
    }

    async fn creates_updates_finds_and_deletes_users(version) {
        let fixture = Fixture::new(version).await;
        let api = &fixture.api;
        let me = api.users().current().send().await.unwrap();
        assert!(me.email.is_some());
        let roles = api.roles().list().all().await.unwrap();
        let role = roles.last().unwrap().id.clone().unwrap();
        assert!(!api.roles().get(&role).send().await.unwrap().name.is_empty());
        let profiles = api.profiles().list().all().await.unwrap();
        let profile = profiles.last().unwrap().id.clone().unwrap();
        let read = api.profiles().get(&profile).send().await.unwrap();
        assert!(!read.permissions.is_empty());

        let user = User::new("Dorn", "cy@example.com")
            .with_first_name("Cy")
            .with_role(Lookup::to(&role))
            .with_profile(Lookup::to(&profile));
        let made = api.users().create(&user).send().await.unwrap().id;
        let read = api.users().get(&made).send().await.unwrap();
        assert_eq!(read.full_name.as_deref(), Some("Cy Dorn"));
        assert_eq!(read.role.unwrap().id.as_ref(), Some(&role));
        let change = User::default().with_phone("+91 44").with_role(Lookup::to(&role));
        api.users().update(&made, &change).send().await.unwrap();
        let read = api.users().get(&made).send().await.unwrap();
        assert_eq!(read.phone.as_deref(), Some("+91 44"));
        assert_eq!(read.last_name.as_deref(), Some("Dorn"));
        let everybody = api.users().list().all().await.unwrap();
        assert!(everybody.iter().any(|it| it.id == Some(made.clone())));
        let found = api.users().search(field("last_name").eq("Dorn"));
        assert_eq!(found.all().await.unwrap().len(), 1);
        for kind in [UserKind::ACTIVE, UserKind::ADMINS, UserKind::NOT_CONFIRMED] {
            api.users().list().of_kind(kind).all().await.unwrap();
        }
        assert!(api.users().count(UserKind::ALL).await.unwrap() >= 2);
        api.users().delete(&made).send().await.unwrap();
        let deleted = api.users().list().deleted().all().await.unwrap();
        assert!(deleted.iter().any(|it| it.id == Some(made.clone())));
    }

    async fn stores_taxes_and_variables(version) {
        let fixture = Fixture::new(version).await;
        let api = &fixture.api;
        assert!(api.org().get().send().await.unwrap().company_name.is_some());
        let taxes = api.taxes();
        let before = taxes.list().all().await.unwrap().len();
        let made = taxes.create_many([OrgTax::named("Duty").with_value("12.50"), OrgTax::named("Fee")
            .with_value("1")]);
        made.send().await.unwrap().all().unwrap();
        // from v3 on there is one result for both, without their ids
        let all = taxes.list().all().await.unwrap();
        let named = |name: &str| {
            let tax = all.iter().find(|tax| tax.name == name).unwrap();
            tax.id.clone().unwrap()
        };
        let made: Vec<Id> = ["Duty", "Fee"].map(named).into();
        let change = OrgTax::default().with_id(&made[0]).with_value("13");
        taxes.update_many([change]).send().await.unwrap().all().unwrap();
        let duty = taxes.get(&made[0]).send().await.unwrap();
        assert_eq!(duty.name, "Duty");
        assert_eq!(duty.value.unwrap().to_f64(), 13.0);
        taxes.delete(&made[0]).send().await.unwrap();
        taxes.delete_many([&made[1]]).send().await.unwrap().all().unwrap();
        assert_eq!(taxes.list().all().await.unwrap().len(), before);

        let groups = api.variable_groups().list().all().await.unwrap();
        let group = groups[0].api_name.clone();
        let named = api.variable_groups().by_name(&group).send().await.unwrap();
        assert_eq!(named.id, groups[0].id);
        let variables = api.variables();
        let rate = Variable::named("Rate", "rate", VariableKind::TEXT)
            .with_group(group.as_str())
            .with_value("1.25");
        let made = variables.create_many([rate]).send().await.unwrap().all().unwrap();
        let made = made.into_iter().map(|made| made.id).next().unwrap();
        let value = async || {
            let read = variables.get(&made).in_group(group.as_str()).send().await.unwrap();
            assert_eq!(read.group.unwrap().api_name.as_deref(), Some(group.as_str()));
            read.value.unwrap()
        };
        assert_eq!(value().await, "1.25".into());
        variables.update(&made, &Variable::default().with_value("2")).send().await.unwrap();
        assert_eq!(value().await, "2".into());
        let change = Variable::default().with_id(&made).with_value("3");
        variables.update_many([change]).send().await.unwrap().all().unwrap();
        assert_eq!(value().await, "3".into());
        let named = variables.by_name("rate").in_group(group.as_str()).send().await.unwrap();
        assert_eq!(named.id, Some(made.clone()));
        assert_eq!(variables.list().in_group(group.as_str()).all().await.unwrap().len(), 1);
        variables.delete(&made).send().await.unwrap();
        assert!(variables.list().all().await.unwrap().is_empty());
    }
}
