//! A headless Chromium, driven over WebDriver.

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::TcpStream,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use fantoccini::{Client, ClientBuilder};
use serde_json::json;

/// The environment variable that names another driver than the installed one.
const PROGRAM: &str = "ZCRM_TEST_CHROMEDRIVER";

/// The driver, which is stopped together with its browsers when this value is dropped.
pub(crate) struct Chromium {
    driver: Child,
    port: u16,
}

impl Chromium {
    pub(crate) fn start() -> Self {
        let mut driver = Command::new(program())
            .arg("--port=0")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(driver.stdout.take().unwrap()).lines();
        let port = lines
            .by_ref()
            .find_map(|line| {
                let line = line.unwrap();
                let (_, port) = line.split_once("started successfully on port ")?;
                port.trim_end_matches('.').parse().ok()
            })
            .expect("the driver prints its port");
        // read the later output too, so that the pipe does not fill up
        std::thread::spawn(move || lines.for_each(drop));
        Self { driver, port }
    }

    /// Opens a browser with a separate profile.
    pub(crate) async fn browser(&self) -> Client {
        let mut arguments = vec!["--headless=new", "--disable-gpu", "--disable-dev-shm-usage"];
        if is_root() {
            // Chromium's sandbox does not work as root; the browser opens only our own pages
            arguments.push("--no-sandbox");
        }
        let mut options = json!({ "args": arguments });
        if let Some(browser) = std::env::var_os("ZCRM_TEST_CHROMIUM") {
            options["binary"] = json!(browser.to_string_lossy());
        }
        let capabilities = json!({ "goog:chromeOptions": options });
        ClientBuilder::new(hyper_util::client::legacy::connect::HttpConnector::new())
            .capabilities(capabilities.as_object().unwrap().clone())
            .connect(&format!("http://127.0.0.1:{}", self.port))
            .await
            .unwrap()
    }
}

impl Drop for Chromium {
    fn drop(&mut self) {
        // request the shutdown, so that the driver also stops the browsers of a failed test
        let asked = TcpStream::connect(("127.0.0.1", self.port)).and_then(|mut stream| {
            stream.write_all(b"GET /shutdown HTTP/1.1\r\nHost: localhost\r\n\r\n")?;
            stream.read(&mut [0; 16])
        });
        if asked.is_err() {
            let _ = self.driver.kill();
        }
        let _ = self.driver.wait();
    }
}

fn is_root() -> bool {
    Path::new("/proc/self").metadata().is_ok_and(|own| {
        #[cfg(unix)]
        return std::os::unix::fs::MetadataExt::uid(&own) == 0;
        #[cfg(not(unix))]
        return false;
    })
}

fn program() -> PathBuf {
    if let Some(named) = std::env::var_os(PROGRAM) {
        return named.into();
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path)
        .map(|folder| folder.join("chromedriver"))
        .find(|program| program.is_file())
        .expect("no chromedriver is installed; `cargo xtask test` installs one")
}
