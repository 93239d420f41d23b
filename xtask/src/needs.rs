//! The programs that the tests need in addition to Rust: which tests need them, and how to install
//! them on Debian.

use std::path::{Path, PathBuf};

use anyhow::{Result, bail};
use xshell::{Shell, cmd};

use crate::shell::Workspace;

/// A program that some of the tests or checks need.
pub(crate) struct Need {
    /// The program, and the tests that need it.
    what: &'static str,
    /// The members of the workspace whose tests need it.
    members: &'static [&'static str],
    is_there: fn(&Shell) -> bool,
    /// The Debian packages that contain it.
    packages: &'static [&'static str],
    /// Instructions for systems without these packages.
    otherwise: &'static str,
}

/// The environment variable that names another browser driver than the installed one.
const CHROMEDRIVER: &str = "ZCRM_TEST_CHROMEDRIVER";

/// The environment variable that names the program of another database server than the installed
/// one.
pub(crate) const MYSQL_SERVER: &str = "ZCRM_TEST_MYSQL_SERVER";

/// The members whose tests use a database server.
pub(crate) const NEED_MYSQL: &[&str] = &["zcrm-store-mysql", "zcrm-checks"];

/// The database server of the tests.
pub(crate) const DATABASE: Need = Need {
    what: "a database server (tests of the MySQL store)",
    members: NEED_MYSQL,
    is_there: |_| {
        let maria = ["mariadbd", "mariadb-install-db", "my_print_defaults"];
        std::env::var_os(MYSQL_SERVER).is_some()
            || program("mysqld").is_some()
            || maria.iter().all(|name| program(name).is_some())
    },
    // the second package contains my_print_defaults, which mariadb-install-db starts
    packages: &["mariadb-server-core", "mariadb-client-core"],
    otherwise: "install MySQL, so that `mysqld` is found, or name the server's program in \
                ZCRM_TEST_MYSQL_SERVER",
};

/// The program that counts instructions.
pub(crate) const VALGRIND: Need = Need {
    what: "valgrind (benchmarks, which count instructions)",
    members: &["zcrm-bench"],
    is_there: |_| program("valgrind").is_some(),
    packages: &["valgrind"],
    otherwise: "install valgrind, so that it is found",
};

/// The programs that the test suite needs.
const NEEDS: &[Need] = &[
    DATABASE,
    Need {
        what: "Ruby (tests of the token file that Ruby programs share)",
        members: &["zcrm-store-file"],
        is_there: |sh| cmd!(sh, "ruby --version").quiet().read().is_ok(),
        packages: &["ruby"],
        otherwise: "install Ruby, so that `ruby` is found",
    },
    Need {
        what: "Ruby with the gem mysql2 (tests of the token table that Ruby programs share)",
        members: &["zcrm-store-mysql"],
        is_there: |sh| cmd!(sh, "ruby -rmysql2 -e 1").quiet().ignore_stderr().read().is_ok(),
        packages: &["ruby", "ruby-mysql2"],
        otherwise: "install Ruby and `gem install mysql2`",
    },
    Need {
        what: "a browser and its driver (tests of the login)",
        members: &["zcrm-checks"],
        is_there: |_| std::env::var_os(CHROMEDRIVER).is_some() || program("chromedriver").is_some(),
        packages: &["chromium-driver"],
        otherwise: "install Chromium and chromedriver, or name the driver in \
                    ZCRM_TEST_CHROMEDRIVER",
    },
];

/// Installs the programs that the tests of `members` need, or those of all members if none is
/// named.
///
/// # Errors
/// Returns an error if a program is missing and cannot be installed. It names all of them, with
/// instructions.
pub(crate) fn prepare(workspace: &Workspace, members: &[&str]) -> Result<()> {
    let wanted = |need: &&Need| {
        members.is_empty() || need.members.iter().any(|member| members.contains(member))
    };
    install(workspace, &NEEDS.iter().filter(wanted).collect::<Vec<_>>())
}

/// Installs these programs if they are missing.
///
/// # Errors
/// As [`prepare`].
pub(crate) fn install(workspace: &Workspace, needs: &[&Need]) -> Result<()> {
    let sh = &workspace.sh;
    let missing = || needs.iter().copied().filter(|need| !(need.is_there)(sh)).collect::<Vec<_>>();
    let packages: Vec<&str> = missing().iter().flat_map(|need| need.packages).copied().collect();
    if packages.is_empty() {
        return Ok(());
    }
    apt(sh, &packages)?;
    let still = missing();
    if still.is_empty() { Ok(()) } else { bail!(report(&still)) }
}

/// Describes all missing programs, with instructions.
fn report(missing: &[&Need]) -> String {
    let mut text = "a program is missing, so this cannot run:".to_owned();
    for Need { what, packages, otherwise, .. } in missing {
        let packages = packages.join(" ");
        text += &format!("\n  - {what}: on Debian `apt-get install {packages}`; else {otherwise}");
    }
    text + "\nThe tests of other crates do not need it, for example `cargo xtask test -- -p zcrm-core`"
}

/// Returns the path of a program; servers are often only in the search path of root.
pub(crate) fn program(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let more = ["/usr/sbin", "/usr/local/sbin", "/usr/local/bin"].map(PathBuf::from);
    let mut folders = std::env::split_paths(&path).chain(more);
    folders.find_map(|folder| Some(folder.join(name)).filter(|program| program.is_file()))
}

/// Installs packages if that needs no input of the user: on Debian, as root or with a `sudo` that
/// needs no password. Elsewhere this does nothing.
fn apt(sh: &Shell, packages: &[&str]) -> Result<()> {
    let sudo: &[&str] = match cmd!(sh, "id -u").quiet().read() {
        Ok(id) if id == "0" => &[],
        _ => &["sudo", "-n"],
    };
    if !Path::new("/etc/debian_version").exists()
        || cmd!(sh, "env {sudo...} apt-get --version").quiet().ignore_stderr().read().is_err()
    {
        return Ok(());
    }
    let apt = ["env", "DEBIAN_FRONTEND=noninteractive", "apt-get"];
    cmd!(sh, "env {sudo...} {apt...} update -qq").run()?;
    Ok(cmd!(sh, "env {sudo...} {apt...} install -y -qq --no-install-recommends {packages...}")
        .run()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reports_all_missing_programs_together() {
        let text = report(&NEEDS.iter().collect::<Vec<_>>());
        for need in NEEDS {
            assert!(text.contains(need.what) && text.contains(need.otherwise), "{text}");
        }
        assert!(text.contains("apt-get install mariadb-server-core mariadb-client-core"), "{text}");
        assert!(program("cargo").is_some() && program("zcrm-no-such-program").is_none());
    }
}
