//! File systems that are full or read-only, and a mounted file. Only an administrator may mount;
//! without this permission the tests print that and pass.

use std::{
    fs,
    io::Write as _,
    path::{Path, PathBuf},
    process::Command,
};

use zcrm_oauth::TokenStore as _;
use zcrm_store_file::FileStore;

use crate::{Fixture, key, shown, token};

/// A mounted file system, which is unmounted when this is dropped.
struct Mounted(PathBuf);

impl Mounted {
    /// Runs `mount` with the arguments and the folder. Returns `None` if this process may not
    /// mount.
    fn new(arguments: &[&str], place: &Path) -> Option<Self> {
        let mounted = Command::new("mount").args(arguments).arg(place).output();
        let mounted = mounted.is_ok_and(|output| output.status.success());
        if !mounted {
            println!("not tested: only an administrator can mount");
        }
        mounted.then(|| Self(place.to_owned()))
    }
}

impl Drop for Mounted {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(&self.0).status();
    }
}

#[tokio::test]
async fn advises_to_mount_the_folder_of_a_mounted_file() {
    let fixture = Fixture::new();
    let outside = FileStore::new(fixture.folder.path().join("outside"));
    outside.save(&key("a"), &token("old")).await.unwrap();
    fs::write(fixture.file(), "").unwrap();
    let Some(_mounted) =
        Mounted::new(&["--bind", outside.path().to_str().unwrap()], &fixture.file())
    else {
        return;
    };
    assert!(fixture.store.load(&key("a")).await.unwrap().is_some());
    let error = fixture.store.save(&key("a"), &token("new")).await.unwrap_err();
    assert!(error.to_string().contains("mount its folder instead"), "{error}");
    let left = fixture.store.load(&key("a")).await.unwrap().unwrap();
    assert_eq!(shown(&left), shown(&token("old")));
    assert!(!fixture.names().iter().any(|name| name.ends_with(".new")), "{:?}", fixture.names());
}

#[tokio::test]
async fn keeps_the_old_tokens_on_a_full_or_read_only_disk() {
    let fixture = Fixture::new();
    let place = fixture.folder.path().join("disk");
    fs::create_dir(&place).unwrap();
    let Some(_mounted) = Mounted::new(&["-t", "tmpfs", "-o", "size=64k", "tmpfs"], &place) else {
        return;
    };
    let store = FileStore::new(&place);
    store.save(&key("a"), &token("old")).await.unwrap();
    let names = || fs::read_dir(&place).unwrap().count();
    let before = names();
    let mut filler = fs::File::create(place.join("filler")).unwrap();
    while filler.write_all(&[0; 512]).is_ok() {}
    let error = store.save(&key("a"), &token("new")).await.unwrap_err();
    assert!(error.to_string().contains("no space left"), "{error}");
    let left = store.load(&key("a")).await.unwrap().unwrap();
    assert_eq!(shown(&left), shown(&token("old")));
    drop(filler);
    fs::remove_file(place.join("filler")).unwrap();
    assert_eq!(names(), before, "no drafts remain");

    let remounted = Command::new("mount").args(["-o", "remount,ro"]).arg(&place).status().unwrap();
    assert!(remounted.success());
    let error = store.save(&key("a"), &token("new")).await.unwrap_err();
    assert!(error.to_string().contains("the file system is read-only"), "{error}");
    let left = store.load(&key("a")).await.unwrap().unwrap();
    assert_eq!(shown(&left), shown(&token("old")));
}
