//! Tests of power cuts. Killing a process cannot prove an fsync, because the kernel's memory
//! outlives the process. So each state that a power cut could leave is constructed and must load.

use std::{path::PathBuf, sync::Arc};

use super::{
    delete, load,
    model::{Model, Omit},
    save,
};
use crate::{disk::Attributes, token_file::TokenFile};

const FILE: &str = "/data/zcrm_oauthtokens.txt";

fn open(disk: &Model, path: &str) -> TokenFile {
    TokenFile::new(PathBuf::from(path), Arc::new(disk.clone()))
}

/// The expected token after a cut: `before` or `after` during the change, and `after` once it has
/// returned.
struct Expected<'a> {
    user: &'a str,
    before: Option<&'a str>,
    after: Option<&'a str>,
}

/// Cuts the power after each step. Returns the states that are wrong.
fn cuts(disk: &Model, path: &str, expected: &Expected<'_>, others: &[(&str, &str)]) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut states = 0;
    for done in 0..=disk.steps() {
        for tree in disk.after_a_cut(done) {
            states += 1;
            let file = open(&Model::of(tree), path);
            match load(&file, expected.user) {
                Ok(found) if found.as_deref() == expected.after => {}
                Ok(found) if found.as_deref() == expected.before && done < disk.steps() => {}
                found => wrong.push(format!("after step {done}: {found:?}")),
            }
            for (user, access) in others {
                match load(&file, user) {
                    Ok(Some(found)) if found == *access => {}
                    found => wrong.push(format!("after step {done}, {user}: {found:?}")),
                }
            }
        }
    }
    assert!(states > disk.steps(), "the simulation makes more than one state");
    wrong
}

/// Changes a file with two users and cuts the power.
fn change(omit: Omit, change: impl Fn(&TokenFile), expected: &Expected<'_>) -> Vec<String> {
    let disk = Model::new("/data");
    let file = open(&disk, FILE);
    save(&file, "a", "old").unwrap();
    save(&file, "b", "other").unwrap();
    disk.settle(omit);
    change(&file);
    cuts(&disk, FILE, expected, &[("b", "other")])
}

fn replace(omit: Omit) -> Vec<String> {
    let expected = Expected { user: "a", before: Some("old"), after: Some("new") };
    change(omit, |file| save(file, "a", "new").unwrap(), &expected)
}

/// Saves the first token in a new folder inside a new folder, and cuts the power.
fn first(omit: Omit) -> Vec<String> {
    let disk = Model::new("/data");
    disk.settle(omit);
    let path = "/data/a/b/zcrm_oauthtokens.txt";
    save(&open(&disk, path), "a", "new").unwrap();
    cuts(&disk, path, &Expected { user: "a", before: None, after: Some("new") }, &[])
}

#[test]
fn saves_the_old_or_the_new_token_at_a_power_cut() {
    assert_eq!(replace(Omit::Nothing), [""; 0]);
}

#[test]
fn saves_no_or_the_new_token_at_a_power_cut() {
    assert_eq!(first(Omit::Nothing), [""; 0]);
}

#[test]
fn keeps_other_users_at_a_power_cut() {
    let expected = Expected { user: "c", before: None, after: Some("new") };
    let wrong = change(Omit::Nothing, |file| save(file, "c", "new").unwrap(), &expected);
    assert_eq!(wrong, [""; 0]);
}

#[test]
fn deletes_complete_tokens_at_a_power_cut() {
    let expected = Expected { user: "a", before: Some("old"), after: None };
    let wrong = change(Omit::Nothing, |file| assert!(delete(file, "a").unwrap()), &expected);
    assert_eq!(wrong, [""; 0]);
}

#[test]
fn detects_a_missing_sync_of_the_file() {
    for wrong in [replace(Omit::SyncFile), first(Omit::SyncFile)] {
        assert!(wrong.iter().any(|it| it.contains("is empty")), "{wrong:?}");
        assert!(wrong.iter().any(|it| it.contains("is cut off")), "{wrong:?}");
    }
}

#[test]
fn detects_a_missing_sync_of_the_folder() {
    let wrong = replace(Omit::SyncFolder);
    assert!(!wrong.is_empty() && wrong.iter().all(|it| it.contains("old")), "{wrong:?}");
    assert!(!first(Omit::SyncFolder).is_empty());
}

#[test]
fn detects_a_missing_sync_above_a_new_folder() {
    let wrong = first(Omit::SyncAbove);
    assert!(!wrong.is_empty() && wrong.iter().all(|it| it.contains("Ok(None)")), "{wrong:?}");
}

#[test]
fn keeps_owner_group_and_mode_of_a_replaced_file() {
    let disk = Model::new("/data");
    let file = open(&disk, FILE);
    save(&file, "a", "first").unwrap();
    assert!(disk.adopted().is_empty(), "a new file adopts no attributes");
    save(&file, "a", "second").unwrap();
    assert_eq!(disk.adopted(), [Attributes { owner: 1, group: 2, mode: 0o640 }]);
}
