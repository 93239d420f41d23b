//! The folder and the file on the disk.

use std::{fs, path::PathBuf};

use zcrm_oauth::TokenStore as _;
use zcrm_store_file::FileStore;

use crate::{Fixture, key, token};

#[test]
fn accepts_a_folder_or_a_file_as_path() {
    let folder = FileStore::new("some/tokens");
    assert!(folder.path().is_absolute());
    assert!(folder.path().ends_with("some/tokens/zcrm_oauthtokens.txt"));
    let file = FileStore::new(PathBuf::from("some/tokens/zcrm_oauthtokens.txt"));
    assert_eq!(file.path(), folder.path());
}

#[tokio::test]
async fn reports_a_vanished_folder() {
    let fixture = Fixture::new();
    let folder = fixture.folder.path().join("mounted");
    let store = FileStore::new(&folder);
    store.save(&key("a"), &token("a")).await.unwrap();
    fs::rename(&folder, fixture.folder.path().join("elsewhere")).unwrap();
    for error in [
        store.load(&key("a")).await.unwrap_err(),
        store.save(&key("a"), &token("b")).await.unwrap_err(),
    ] {
        assert!(error.to_string().contains("the folder was removed"), "{error}");
    }
    fs::rename(fixture.folder.path().join("elsewhere"), &folder).unwrap();
    assert!(store.load(&key("a")).await.unwrap().is_some());
}

#[tokio::test]
async fn names_a_path_component_that_is_a_file() {
    let fixture = Fixture::new();
    fs::write(fixture.folder.path().join("file"), "").unwrap();
    let store = FileStore::new(fixture.folder.path().join("file"));
    for error in [
        store.load(&key("a")).await.unwrap_err(),
        store.save(&key("a"), &token("a")).await.unwrap_err(),
    ] {
        assert!(error.to_string().contains("a part of the path is a file"), "{error}");
    }
}

#[tokio::test]
async fn rejects_a_folder_in_place_of_the_file() {
    let fixture = Fixture::new();
    fs::create_dir(fixture.file()).unwrap();
    let error = fixture.store.load(&key("a")).await.unwrap_err();
    assert!(error.to_string().contains("cannot read the token file"), "{error}");
    assert!(fixture.store.save(&key("a"), &token("a")).await.is_err());
}

#[tokio::test]
async fn removes_only_drafts_of_killed_processes() {
    let fixture = Fixture::new();
    let stale = ".zcrm_oauthtokens.txt.abcDEF012345.new";
    let foreign =
        [".zcrm_oauthtokens.txt.new", ".zcrm_oauthtokens.txt.b.abcDEF012345.new", "x.new"];
    for name in [stale].iter().chain(&foreign) {
        fs::write(fixture.folder.path().join(name), "x").unwrap();
    }
    fixture.store.save(&key("a"), &token("a")).await.unwrap();
    let names = fixture.names();
    assert!(!names.iter().any(|name| name == stale), "{names:?}");
    for name in foreign {
        assert!(names.iter().any(|left| left == name), "{name} of {names:?}");
    }
}

#[cfg(unix)]
mod unix {
    use std::{
        fs,
        os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown, symlink},
        path::Path,
    };

    use zcrm_oauth::TokenStore as _;
    use zcrm_store_file::FileStore;

    use crate::{Fixture, key, token};

    fn mode(path: &Path) -> u32 {
        fs::symlink_metadata(path).unwrap().mode() & 0o7777
    }

    #[tokio::test]
    async fn creates_files_for_the_owner_only() {
        let fixture = Fixture::new();
        let folder = fixture.folder.path().join("a/b");
        let store = FileStore::new(&folder);
        store.save(&key("a"), &token("a")).await.unwrap();
        let lock = store.lock(&key("a"), std::time::Duration::ZERO).await.unwrap().unwrap();
        lock.release().await.unwrap();
        for made in [fixture.folder.path().join("a"), folder.clone()] {
            assert_eq!(mode(&made), 0o700, "{}", made.display());
        }
        let files: Vec<_> =
            fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
        assert_eq!(files.len(), 3, "{files:?}");
        for file in files {
            assert_eq!(mode(&file), 0o600, "{}", file.display());
        }
    }

    #[tokio::test]
    async fn keeps_the_mode_except_for_others() {
        let fixture = Fixture::new();
        fixture.store.save(&key("a"), &token("a")).await.unwrap();
        for (before, after) in [(0o640, 0o640), (0o600, 0o600), (0o660, 0o660), (0o664, 0o660)] {
            fs::set_permissions(fixture.file(), fs::Permissions::from_mode(before)).unwrap();
            fixture.store.save(&key("a"), &token("b")).await.unwrap();
            assert_eq!(mode(&fixture.file()), after, "{before:o}");
        }
        fs::set_permissions(fixture.file(), fs::Permissions::from_mode(0o644)).unwrap();
        assert!(fixture.store.load(&key("a")).await.unwrap().is_some());
        assert_eq!(mode(&fixture.file()), 0o640);
    }

    #[tokio::test]
    async fn keeps_owner_and_group_of_the_folder() {
        let fixture = Fixture::new();
        let folder = fixture.folder.path();
        if let Err(error) = chown(folder, Some(4321), Some(4322)) {
            println!("not tested: only an administrator can change the owner of a file: {error}");
            return;
        }
        fixture.store.save(&key("a"), &token("a")).await.unwrap();
        let lock = fixture.store.lock(&key("a"), std::time::Duration::ZERO).await.unwrap().unwrap();
        lock.release().await.unwrap();
        assert_eq!(fixture.names().len(), 3);
        for name in fixture.names() {
            let found = fs::metadata(folder.join(&name)).unwrap();
            assert_eq!((found.uid(), found.gid()), (4321, 4322), "{name}");
        }
        chown(fixture.file(), Some(5), Some(6)).unwrap();
        fixture.store.save(&key("a"), &token("b")).await.unwrap();
        let found = fs::metadata(fixture.file()).unwrap();
        assert_eq!((found.uid(), found.gid()), (5, 6));
    }

    #[tokio::test]
    async fn follows_and_keeps_a_symbolic_link() {
        let fixture = Fixture::new();
        let target = fixture.folder.path().join("data/real.txt");
        fs::create_dir(target.parent().unwrap()).unwrap();
        let other = FileStore::new(fixture.folder.path().join("data"));
        other.save(&key("a"), &token("a")).await.unwrap();
        fs::rename(other.path(), &target).unwrap();
        symlink("data/real.txt", fixture.file()).unwrap();

        fixture.store.save(&key("b"), &token("b")).await.unwrap();
        assert!(fs::symlink_metadata(fixture.file()).unwrap().is_symlink());
        assert!(fs::read_to_string(&target).unwrap().contains("access-b"));
        assert_eq!(fixture.store.keys().await.unwrap().len(), 2);
    }

    #[tokio::test]
    async fn rejects_a_dangling_symbolic_link() {
        let fixture = Fixture::new();
        symlink("nowhere", fixture.file()).unwrap();
        for error in [
            fixture.store.load(&key("a")).await.unwrap_err(),
            fixture.store.save(&key("a"), &token("a")).await.unwrap_err(),
        ] {
            assert!(
                error.to_string().contains("symbolic link to a path that does not exist"),
                "{error}"
            );
        }
        assert!(!fixture.folder.path().join("nowhere").exists());
    }

    #[tokio::test]
    async fn refuses_a_link_in_place_of_a_lock_file() {
        let fixture = Fixture::new();
        symlink("victim", fixture.folder.path().join(".zcrm_oauthtokens.txt.lock")).unwrap();
        let error = fixture.store.save(&key("a"), &token("a")).await.unwrap_err();
        assert!(error.to_string().contains("cannot use the lock file"), "{error}");
        assert!(!fixture.folder.path().join("victim").exists());
    }

    #[tokio::test]
    async fn rejects_a_pipe_without_blocking() {
        let fixture = Fixture::new();
        rustix::fs::mknodat(
            rustix::fs::CWD,
            fixture.file(),
            rustix::fs::FileType::Fifo,
            rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR,
            0,
        )
        .unwrap();
        let error = fixture.store.load(&key("a")).await.unwrap_err();
        assert!(error.to_string().contains("cannot read the token file"), "{error}");
    }
}
