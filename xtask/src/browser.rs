//! The browser that the test of the login drives.

use crate::debian;
use crate::mariadb;
use crate::shell::{Error, Workspace};

/// Names another driver than the one that is installed.
const PROGRAM: &str = "ZCRM_TEST_CHROMEDRIVER";

/// The member whose tests need it.
const NEEDED_BY: &str = "zcrm-tests";

/// The package of Debian with the driver, which brings the browser.
const PACKAGE: &str = "chromium-driver";

/// Sees to it that tests with these arguments find a browser, if they need one.
pub(crate) fn prepare(workspace: &Workspace, extra: &[String]) -> Result<(), Error> {
    let packages = mariadb::packages(extra);
    let needed = packages.is_empty() || packages.contains(&NEEDED_BY);
    let found = || debian::program(&["chromedriver"]).is_some();
    if !needed || std::env::var_os(PROGRAM).is_some() || found() {
        return Ok(());
    }
    if debian::install(workspace, PACKAGE)? && found() {
        return Ok(());
    }
    Err(Error::failed(format!(
        "the tests of the login need a browser: install Chromium and its driver (on Debian \
         `apt-get install {PACKAGE}`), or name the driver in {PROGRAM}; `cargo xtask test -- -p \
         zcrm-core` and the like need none"
    )))
}
