//! Child processes of a measurement: the server, and clients that do one thing each.

use std::{
    io::{BufRead as _, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use crate::BoxError;

/// The address of a server, and the certificate to trust.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ServerAddress {
    /// Scheme, host and port.
    pub origin: String,
    /// The certificate's PEM text.
    pub pem: String,
}

impl ServerAddress {
    /// Reads the address from arguments: the port, and the file of the certificate.
    ///
    /// # Errors
    /// Returns an error if the file cannot be read.
    pub fn new(port: &str, pem: &Path) -> Result<Self, BoxError> {
        let origin = format!("https://127.0.0.1:{port}");
        Ok(Self { origin, pem: std::fs::read_to_string(pem)? })
    }
}

/// A server in a separate process, which ends when this value is dropped.
#[derive(Debug)]
pub struct Server {
    process: Child,
    folder: tempfile::TempDir,
    one: String,
    two: String,
}

impl Server {
    /// Starts the server by the command `serve` of `program`. `archive` is the result of every
    /// bulk read.
    ///
    /// # Errors
    /// Returns an error if the server does not start.
    pub fn start(program: &Path, archive: Option<&Path>) -> Result<Self, BoxError> {
        let folder = tempfile::tempdir()?;
        let mut process = Command::new(program)
            .arg("serve")
            .arg(folder.path().join("pem"))
            .args(archive)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let mut line = String::new();
        let out = process.stdout.as_mut().ok_or("the server has no output")?;
        BufReader::new(out).read_line(&mut line)?;
        let (one, two) = line.trim().split_once(' ').ok_or("the server did not start")?;
        let (one, two) = (one.to_owned(), two.to_owned());
        Ok(Self { process, folder, one, two })
    }

    /// Returns the port for HTTP/1.1.
    #[must_use]
    pub fn http1(&self) -> &str {
        &self.one
    }

    /// Returns the port for HTTP/2.
    #[must_use]
    pub fn http2(&self) -> &str {
        &self.two
    }

    /// Returns the path of its certificate.
    #[must_use]
    pub fn pem(&self) -> PathBuf {
        self.folder.path().join("pem")
    }

    /// Returns a temporary folder that is deleted with the server.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // the server stops at the end of its input
        drop(self.process.stdin.take());
        let _ = self.process.wait();
    }
}
