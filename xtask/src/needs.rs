//! The programs that the tests need beside Rust: which tests need them, and which packages of Debian
//! bring them.

use std::process::{Command, Stdio};

use crate::debian;
use crate::shell::{Error, Workspace};

/// Something that must be installed before some of the tests or checks can run.
pub(crate) struct Need {
    /// What is missing, and for which tests.
    what: &'static str,
    /// The members of the workspace whose tests need it.
    members: &'static [&'static str],
    is_there: fn() -> bool,
    /// The packages of Debian that bring it.
    packages: &'static [&'static str],
    /// What to do where these packages cannot be had.
    otherwise: &'static str,
}

/// Names another driver of a browser than the one that is installed.
const CHROMEDRIVER: &str = "ZCRM_TEST_CHROMEDRIVER";

/// Names another database server's program than the one that is installed.
pub(crate) const MYSQL_SERVER: &str = "ZCRM_TEST_MYSQL_SERVER";

/// The members whose tests talk to a database server.
pub(crate) const NEED_MYSQL: &[&str] = &["zcrm-store-mysql", "zcrm-checks"];

/// A database server of the tests.
pub(crate) const DATABASE: Need = Need {
    what: "a database server (tests of the MySQL store)",
    members: NEED_MYSQL,
    is_there: has_database,
    // the second one brings my_print_defaults, which mariadb-install-db starts
    packages: &["mariadb-server-core", "mariadb-client-core"],
    otherwise: "install MySQL, so that `mysqld` is found, or name the server's program in \
                ZCRM_TEST_MYSQL_SERVER",
};

/// What counts instructions.
pub(crate) const VALGRIND: Need = Need {
    what: "valgrind (benchmarks, which count instructions)",
    members: &["zcrm-bench"],
    is_there: || debian::program(&["valgrind"]).is_some(),
    packages: &["valgrind"],
    otherwise: "install valgrind, so that it is found",
};

/// What the test suite needs.
const NEEDS: &[Need] = &[
    DATABASE,
    Need {
        what: "Ruby (tests of the token file that Ruby programs share)",
        members: &["zcrm-store-file"],
        is_there: || says(Command::new("ruby").arg("--version")),
        packages: &["ruby"],
        otherwise: "install Ruby, so that `ruby` is found",
    },
    Need {
        what: "Ruby with the gem mysql2 (tests of the token table that Ruby programs share)",
        members: &["zcrm-store-mysql"],
        is_there: || says(Command::new("ruby").args(["-e", "require 'mysql2'"])),
        packages: &["ruby", "ruby-mysql2"],
        otherwise: "install Ruby and `gem install mysql2`",
    },
    Need {
        what: "a browser and its driver (tests of the login)",
        members: &["zcrm-checks"],
        is_there: || {
            std::env::var_os(CHROMEDRIVER).is_some() || debian::program(&["chromedriver"]).is_some()
        },
        packages: &["chromium-driver"],
        otherwise: "install Chromium and chromedriver, or name the driver in \
                    ZCRM_TEST_CHROMEDRIVER",
    },
];

/// Installs what the tests of `members` need, or of the whole workspace where none is named.
///
/// # Errors
/// Where something is missing and cannot be installed: names all of it, and what to do.
pub(crate) fn prepare(workspace: &Workspace, members: &[&str]) -> Result<(), Error> {
    let wanted = |need: &&Need| {
        members.is_empty() || need.members.iter().any(|member| members.contains(member))
    };
    install(workspace, &NEEDS.iter().filter(wanted).collect::<Vec<_>>())
}

/// Installs these where they are missing.
///
/// # Errors
/// As those of [`prepare`].
pub(crate) fn install(workspace: &Workspace, needs: &[&Need]) -> Result<(), Error> {
    let missing = || needs.iter().filter(|need| !(need.is_there)()).collect::<Vec<_>>();
    let first = missing();
    if first.is_empty() {
        return Ok(());
    }
    let mut packages: Vec<&str> = first.iter().flat_map(|need| need.packages).copied().collect();
    packages.sort_unstable();
    packages.dedup();
    debian::install(workspace, &packages)?;
    let still = missing();
    if still.is_empty() { Ok(()) } else { Err(Error::failed(report(&still))) }
}

/// All that is missing, and what to do about it.
fn report(missing: &[&&Need]) -> String {
    let mut text = "a program is missing, so this cannot run:".to_owned();
    for Need { what, packages, otherwise, .. } in missing {
        let packages = packages.join(" ");
        text += &format!("\n  - {what}: on Debian `apt-get install {packages}`; else {otherwise}");
    }
    text + "\nThe tests of other crates do not need it, for example `cargo xtask test -- -p zcrm-core`"
}

fn has_database() -> bool {
    if std::env::var_os(MYSQL_SERVER).is_some() || debian::program(&["mysqld"]).is_some() {
        return true;
    }
    ["mariadbd", "mariadb-install-db", "my_print_defaults"]
        .iter()
        .all(|name| debian::program(&[name]).is_some())
}

/// Whether this program starts and ends well.
fn says(command: &mut Command) -> bool {
    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reports_everything_that_is_missing_at_once() {
        let text = report(&NEEDS.iter().collect::<Vec<_>>().iter().collect::<Vec<_>>());
        for need in NEEDS {
            assert!(text.contains(need.what) && text.contains(need.otherwise), "{text}");
        }
        assert!(text.contains("apt-get install mariadb-server-core mariadb-client-core"), "{text}");
    }

    #[test]
    fn knows_a_program_that_does_not_start() {
        assert!(says(Command::new("cargo").arg("--version")));
        assert!(!says(&mut Command::new("zcrm-no-such-program")));
        assert!(!says(Command::new("cargo").arg("--no-such-flag")));
    }
}
