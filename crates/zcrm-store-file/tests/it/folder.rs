//! The folder and the file on the disk.

use std::{fs, path::PathBuf};

use zcrm_oauth::TokenStore as _;
use zcrm_store_file::FileStore;

use crate::{Bench, key, token};

#[test]
fn the_path_is_a_folder_or_the_file_itself() {
    let folder = FileStore::new("some/tokens");
    assert!(folder.path().is_absolute());
    assert!(folder.path().ends_with("some/tokens/zcrm_oauthtokens.txt"));
    let file = FileStore::new(PathBuf::from("some/tokens/zcrm_oauthtokens.txt"));
    assert_eq!(file.path(), folder.path());
}

#[tokio::test]
async fn a_folder_that_vanished_is_an_error_and_not_an_absent_token() {
    let bench = Bench::new();
    let folder = bench.folder.path().join("mounted");
    let store = FileStore::new(&folder);
    store.save(&key("a"), &token("a")).await.unwrap();
    fs::rename(&folder, bench.folder.path().join("elsewhere")).unwrap();
    for error in [
        store.load(&key("a")).await.unwrap_err(),
        store.save(&key("a"), &token("b")).await.unwrap_err(),
    ] {
        assert!(error.to_string().contains("it is gone"), "{error}");
    }
    fs::rename(bench.folder.path().join("elsewhere"), &folder).unwrap();
    assert!(store.load(&key("a")).await.unwrap().is_some());
}

#[tokio::test]
async fn a_part_of_the_path_that_is_a_file_is_named() {
    let bench = Bench::new();
    fs::write(bench.folder.path().join("file"), "").unwrap();
    let store = FileStore::new(bench.folder.path().join("file"));
    for error in [
        store.load(&key("a")).await.unwrap_err(),
        store.save(&key("a"), &token("a")).await.unwrap_err(),
    ] {
        assert!(error.to_string().contains("a part of the path is a file"), "{error}");
    }
}

#[tokio::test]
async fn a_folder_in_place_of_the_file_is_an_error() {
    let bench = Bench::new();
    fs::create_dir(bench.file()).unwrap();
    let error = bench.store.load(&key("a")).await.unwrap_err();
    assert!(error.to_string().contains("cannot read the token file"), "{error}");
    assert!(bench.store.save(&key("a"), &token("a")).await.is_err());
}

#[tokio::test]
async fn drafts_of_killed_processes_are_removed_and_nothing_else() {
    let bench = Bench::new();
    let stale = ".zcrm_oauthtokens.txt.abcDEF012345.new";
    let foreign =
        [".zcrm_oauthtokens.txt.new", ".zcrm_oauthtokens.txt.b.abcDEF012345.new", "x.new"];
    for name in [stale].iter().chain(&foreign) {
        fs::write(bench.folder.path().join(name), "x").unwrap();
    }
    bench.store.save(&key("a"), &token("a")).await.unwrap();
    let names = bench.names();
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

    use crate::{Bench, key, token};

    fn mode(path: &Path) -> u32 {
        fs::symlink_metadata(path).unwrap().mode() & 0o7777
    }

    #[tokio::test]
    async fn what_is_made_is_for_the_owner_alone() {
        let bench = Bench::new();
        let folder = bench.folder.path().join("a/b");
        let store = FileStore::new(&folder);
        store.save(&key("a"), &token("a")).await.unwrap();
        let lock = store.lock(&key("a"), std::time::Duration::ZERO).await.unwrap().unwrap();
        lock.release().await.unwrap();
        for made in [bench.folder.path().join("a"), folder.clone()] {
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
    async fn the_mode_of_a_file_is_kept_but_not_for_everybody() {
        let bench = Bench::new();
        bench.store.save(&key("a"), &token("a")).await.unwrap();
        for (before, after) in [(0o640, 0o640), (0o600, 0o600), (0o660, 0o660), (0o664, 0o660)] {
            fs::set_permissions(bench.file(), fs::Permissions::from_mode(before)).unwrap();
            bench.store.save(&key("a"), &token("b")).await.unwrap();
            assert_eq!(mode(&bench.file()), after, "{before:o}");
        }
        fs::set_permissions(bench.file(), fs::Permissions::from_mode(0o644)).unwrap();
        assert!(bench.store.load(&key("a")).await.unwrap().is_some());
        assert_eq!(mode(&bench.file()), 0o640);
    }

    #[tokio::test]
    async fn owner_and_group_are_kept_and_an_administrator_leaves_nothing_of_their_own() {
        let bench = Bench::new();
        let folder = bench.folder.path();
        if let Err(error) = chown(folder, Some(4321), Some(4322)) {
            println!("not tested, for only an administrator can give files away: {error}");
            return;
        }
        bench.store.save(&key("a"), &token("a")).await.unwrap();
        let lock = bench.store.lock(&key("a"), std::time::Duration::ZERO).await.unwrap().unwrap();
        lock.release().await.unwrap();
        assert_eq!(bench.names().len(), 3);
        for name in bench.names() {
            let found = fs::metadata(folder.join(&name)).unwrap();
            assert_eq!((found.uid(), found.gid()), (4321, 4322), "{name}");
        }
        chown(bench.file(), Some(5), Some(6)).unwrap();
        bench.store.save(&key("a"), &token("b")).await.unwrap();
        let found = fs::metadata(bench.file()).unwrap();
        assert_eq!((found.uid(), found.gid()), (5, 6));
    }

    #[tokio::test]
    async fn a_symbolic_link_is_resolved_and_stays() {
        let bench = Bench::new();
        let target = bench.folder.path().join("data/real.txt");
        fs::create_dir(target.parent().unwrap()).unwrap();
        let other = FileStore::new(bench.folder.path().join("data"));
        other.save(&key("a"), &token("a")).await.unwrap();
        fs::rename(other.path(), &target).unwrap();
        symlink("data/real.txt", bench.file()).unwrap();

        bench.store.save(&key("b"), &token("b")).await.unwrap();
        assert!(fs::symlink_metadata(bench.file()).unwrap().is_symlink());
        assert!(fs::read_to_string(&target).unwrap().contains("access-b"));
        assert_eq!(bench.store.keys().await.unwrap().len(), 2);
    }

    #[tokio::test]
    async fn a_symbolic_link_to_nothing_is_no_place_to_write_to() {
        let bench = Bench::new();
        symlink("nowhere", bench.file()).unwrap();
        for error in [
            bench.store.load(&key("a")).await.unwrap_err(),
            bench.store.save(&key("a"), &token("a")).await.unwrap_err(),
        ] {
            assert!(error.to_string().contains("symbolic link that leads nowhere"), "{error}");
        }
        assert!(!bench.folder.path().join("nowhere").exists());
    }

    #[tokio::test]
    async fn a_link_in_place_of_a_lock_file_is_not_followed() {
        let bench = Bench::new();
        symlink("victim", bench.folder.path().join(".zcrm_oauthtokens.txt.lock")).unwrap();
        let error = bench.store.save(&key("a"), &token("a")).await.unwrap_err();
        assert!(error.to_string().contains("cannot use the lock file"), "{error}");
        assert!(!bench.folder.path().join("victim").exists());
    }

    #[tokio::test]
    async fn a_pipe_in_place_of_the_file_keeps_nobody_waiting() {
        let bench = Bench::new();
        rustix::fs::mknodat(
            rustix::fs::CWD,
            bench.file(),
            rustix::fs::FileType::Fifo,
            rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR,
            0,
        )
        .unwrap();
        let error = bench.store.load(&key("a")).await.unwrap_err();
        assert!(error.to_string().contains("cannot read the token file"), "{error}");
    }
}
