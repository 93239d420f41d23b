//! Part files in folders that other users can write to.

use std::{
    fs,
    io::Read as _,
    os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown, symlink},
    path::{Path, PathBuf},
    process::Command,
};

use tempfile::TempDir;
use zcrm_api::SaveFile;
use zcrm_core::{Error, ErrorKind, Outcome};
use zcrm_test_kit::server::sample;

const LARGE: usize = 100_000;

/// The names of the traps that another user may have put in place of the part.
const TRAPS: [&str; 6] = ["open to all", "hard link", "link", "pipe", "of another user", "folder"];

/// Creates a shared folder with a trap in place of the part. Returns `None` if this user cannot
/// create it.
fn set(trap: &str, place: &str) -> Option<TempDir> {
    let folder = tempfile::tempdir().unwrap();
    let (part, precious) = (folder.path().join(place), folder.path().join("precious"));
    fs::write(&precious, "keep").unwrap();
    fs::set_permissions(&precious, fs::Permissions::from_mode(0o600)).unwrap();
    match trap {
        "open to all" => {
            fs::write(&part, "prepared").unwrap();
            fs::set_permissions(&part, fs::Permissions::from_mode(0o666)).unwrap();
        }
        "hard link" => fs::hard_link(&precious, &part).unwrap(),
        "link" => symlink(&precious, &part).unwrap(),
        "pipe" => assert!(Command::new("mkfifo").arg(&part).status().unwrap().success()),
        "folder" => fs::create_dir(&part).unwrap(),
        _ => {
            fs::write(&part, "prepared").unwrap();
            fs::set_permissions(&part, fs::Permissions::from_mode(0o600)).unwrap();
            chown(&part, Some(65_534), None).ok()?;
        }
    }
    Some(folder)
}

fn to(folder: &Path) -> (PathBuf, SaveFile) {
    let path = folder.join("a");
    (path.clone(), SaveFile::to(path).resume_later("7"))
}

#[tokio::test]
async fn writes_no_data_to_another_users_part_file() {
    for trap in TRAPS {
        let Some(folder) = set(trap, ".a.zcrm-part") else { continue };
        let prepared = match trap {
            "open to all" | "hard link" | "of another user" => {
                Some(fs::File::open(folder.path().join(".a.zcrm-part")).unwrap())
            }
            _ => None,
        };
        let (path, to) = to(folder.path());
        let (server, ranges) = crate::resume::whole(LARGE).await;
        crate::resume::save(&server, to).await.expect(trap);
        assert!(fs::read(&path).unwrap() == sample(LARGE), "{trap}");
        let found = fs::symlink_metadata(&path).unwrap();
        assert!(found.is_file() && found.nlink() == 1, "{trap}");
        assert_eq!(found.mode() & 0o777, 0o600, "{trap}");
        assert_eq!(fs::read_to_string(folder.path().join("precious")).unwrap(), "keep", "{trap}");
        if let Some(mut prepared) = prepared {
            let mut text = String::new();
            prepared.read_to_string(&mut text).unwrap();
            assert!(["prepared", "keep"].contains(&&*text), "{trap}");
        }
        assert_eq!(ranges.lock().unwrap()[0].0, "", "{trap}");
    }
}

#[tokio::test]
async fn ignores_another_users_note() {
    for trap in ["open to all", "hard link", "link", "pipe", "of another user"] {
        let Some(folder) = set(trap, ".a.zcrm-part.json") else { continue };
        // an own part, and a note about it
        let part = folder.path().join(".a.zcrm-part");
        fs::write(&part, "forged").unwrap();
        fs::set_permissions(&part, fs::Permissions::from_mode(0o600)).unwrap();
        let note = r#"{"source":"7","validator":{"Tag":"\"1\""},"total":100000,"bytes":6}"#;
        if trap == "open to all" || trap == "of another user" {
            fs::write(folder.path().join(".a.zcrm-part.json"), note).unwrap();
        } else if trap != "pipe" {
            fs::write(folder.path().join("precious"), note).unwrap();
        }
        let (path, to) = to(folder.path());
        let (server, ranges) = crate::resume::whole(LARGE).await;
        crate::resume::save(&server, to).await.expect(trap);
        assert!(fs::read(&path).unwrap() == sample(LARGE), "{trap}");
        assert_eq!(ranges.lock().unwrap()[0].0, "", "{trap}");
    }
}

#[tokio::test]
async fn changes_nothing_on_disk_before_a_response() {
    let look = |folder: &Path| {
        let mut all: Vec<_> = fs::read_dir(folder)
            .unwrap()
            .map(|entry| {
                let entry = entry.unwrap();
                let found = fs::symlink_metadata(entry.path()).unwrap();
                (entry.file_name(), found.ino(), found.len(), found.mtime_nsec(), found.mode())
            })
            .collect();
        all.sort();
        all
    };
    for trap in TRAPS.into_iter().chain(["nothing", "an own part"]) {
        let folder = match trap {
            "nothing" => tempfile::tempdir().unwrap(),
            "an own part" => {
                let folder = tempfile::tempdir().unwrap();
                let part = folder.path().join(".a.zcrm-part");
                fs::write(&part, "for another source").unwrap();
                fs::set_permissions(&part, fs::Permissions::from_mode(0o600)).unwrap();
                folder
            }
            trap => match set(trap, ".a.zcrm-part") {
                Some(folder) => folder,
                None => continue,
            },
        };
        let before = look(folder.path());
        let path = folder.path().join("a");
        for to in [SaveFile::to(&path).resume_later("7"), SaveFile::to(&path)] {
            // the call fails before it is sent
            let error = to.fetch(|_| async { Err(Error::input("refused")) }).await.unwrap_err();
            assert_eq!((error.kind(), error.outcome()), (ErrorKind::Input, Outcome::NotSent));
            assert_eq!(look(folder.path()), before, "{trap}");
        }
    }
}

#[tokio::test]
async fn refuses_to_replace_a_folder_pipe_or_device() {
    let folder = tempfile::tempdir().unwrap();
    let (pipe, sub) = (folder.path().join("pipe"), folder.path().join("sub"));
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    fs::create_dir(&sub).unwrap();
    for path in [pipe, sub, "/dev/null".into(), folder.path().join("..")] {
        let (server, _) = crate::resume::whole(LARGE).await;
        let error = crate::resume::save(&server, SaveFile::to(&path)).await.unwrap_err();
        assert_eq!((error.kind(), error.outcome()), (ErrorKind::Input, Outcome::NotSent));
        assert_eq!(server.requests(), 0, "{}", path.display());
        assert!(!fs::symlink_metadata(&path).unwrap().is_file());
    }
}

#[tokio::test]
async fn saves_a_file_whose_note_was_removed() {
    let folder = tempfile::tempdir().unwrap();
    let (path, to) = to(folder.path());
    let note = folder.path().join(".a.zcrm-part.json");
    let to = to.on_progress(move |_| drop(fs::remove_file(&note)));
    let (server, _) = crate::resume::whole(LARGE).await;
    crate::resume::save(&server, to).await.unwrap();
    assert!(fs::read(&path).unwrap() == sample(LARGE));
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
}
