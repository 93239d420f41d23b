//! Files that a killed export left in its folder.

use std::{
    collections::BTreeSet,
    fs::{self, File, Permissions},
    os::unix::fs::PermissionsExt as _,
    path::Path,
};

use super::{
    export::{saved, unique},
    world::World,
};

/// Creates a file with this mode.
fn create(folder: &Path, name: &str, mode: u32) -> File {
    let file = File::create(folder.join(name)).unwrap();
    file.set_permissions(Permissions::from_mode(mode)).unwrap();
    file
}

fn names(folder: &Path) -> BTreeSet<String> {
    let entries = fs::read_dir(folder).unwrap();
    entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

#[tokio::test]
async fn removes_only_the_files_that_a_killed_export_left() {
    let world = World::leads().await;
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let left = [
        ".Leads-00001.csv.zcrm-aB3xY9.part",
        ".Leads-00007.jsonl.zcrm-aB3xY9.part",
        ".Leads.zcrm-checkpoint.new",
    ];
    for name in left {
        drop(create(folder, name, 0o600));
    }
    let kept = [
        ".Contacts-00001.csv.zcrm-aB3xY9.part",
        ".Leads-1.csv.zcrm-aB3xY9.part",
        ".Leads-00001.csv.zcrm-part",
        ".zcrm-aB3xY9.part",
        "Leads-00001.csv.zcrm-aB3xY9.part",
        ".Leads.csv.part",
    ];
    for name in kept {
        drop(create(folder, name, 0o600));
    }
    // others may have written it
    drop(create(folder, ".Leads-00002.csv.zcrm-aB3xY9.part", 0o644));
    let being_written = create(folder, ".Leads-00003.csv.zcrm-aB3xY9.part", 0o600);
    being_written.lock().unwrap();

    let export = world.api().await.records("Leads").export().fields(["Last_Name"]);
    export.save_in(folder).await.unwrap();
    assert_eq!(saved(folder).len(), 250);
    let found = names(folder);
    for name in left {
        assert!(!found.contains(name), "{name}");
    }
    let saved = ["Leads-00001.csv", "Leads-00002.csv", "Leads-00003.csv"];
    let own = [".Leads.zcrm-checkpoint", ".Leads.zcrm-checkpoint.lock"];
    let others = [".Leads-00002.csv.zcrm-aB3xY9.part", ".Leads-00003.csv.zcrm-aB3xY9.part"];
    let expected = kept.into_iter().chain(saved).chain(own).chain(others).map(str::to_owned);
    assert_eq!(found, expected.collect());
}

#[tokio::test]
async fn replaces_the_file_of_a_job_that_was_created_again() {
    let world = World::leads().await;
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let api = world.api().await;
    let save = || api.records("Leads").export().fields(["Last_Name"]).save_in(folder);
    world.sim.bulk_faults().skip(1).lose();
    world.sim.faults().on_operation("/crm/bulk/{version}/read/{id}/result").status(403);
    assert!(save().await.unwrap_err().is_forbidden());
    // the file of the second job, which is lost: another job may have other records
    fs::write(folder.join("Leads-00002.csv"), "Id,Last_Name\n1,Boyle\n").unwrap();
    let report = save().await.unwrap();
    assert_eq!((report.records, report.repeated_jobs), (250, 1));
    let ids = saved(folder);
    assert_eq!((ids.len(), unique(&ids)), (250, 250));
}
