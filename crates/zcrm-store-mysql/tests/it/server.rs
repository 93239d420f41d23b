//! A separate database server for a test that kills it.

use std::{
    io::Read as _,
    net::{Ipv4Addr, TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use tempfile::TempDir;

/// A database server, which is killed when this is dropped.
pub(crate) struct Server {
    program: PathBuf,
    folder: TempDir,
    port: u16,
    extra: Vec<String>,
    process: Option<Child>,
}

impl Server {
    /// Starts a server with additional options.
    pub(crate) fn start(extra: &[&str]) -> Self {
        let program = program();
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("data");
        let maria = program.ends_with("mariadbd");
        let mut command = if maria {
            let mut command = Command::new("mariadb-install-db");
            command.args(options(&data));
            command.args(["--auth-root-authentication-method=normal", "--skip-test-db"]);
            command
        } else {
            let mut command = Command::new(&program);
            command.args(options(&data)).arg("--initialize-insecure");
            command
        };
        // a separate temporary folder, because a starting server clears it
        let output = command.env("TMPDIR", folder.path()).output().unwrap();
        let said = [output.stdout, output.stderr].concat();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&said));
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        drop(listener);
        let extra = extra.iter().map(|&option| option.to_owned()).collect();
        let mut server = Self { program, folder, port, extra, process: None };
        server.restart();
        server
    }

    pub(crate) fn url(&self) -> String {
        format!("mysql://root@127.0.0.1:{}", self.port)
    }

    pub(crate) fn socket(&self) -> PathBuf {
        self.folder.path().join("socket")
    }

    /// Kills the server, as a power cut would.
    pub(crate) fn kill(&mut self) {
        if let Some(mut process) = self.process.take() {
            process.kill().unwrap();
            process.wait().unwrap();
        }
    }

    /// Restarts the server on its data, and waits until it answers.
    pub(crate) fn restart(&mut self) {
        let at = |name: &str| self.folder.path().join(name).display().to_string();
        let process = Command::new(&self.program)
            .args(options(&self.folder.path().join("data")))
            .args([
                format!("--port={}", self.port),
                "--bind-address=127.0.0.1".into(),
                "--max-connections=300".into(),
                format!("--socket={}", at("socket")),
                format!("--pid-file={}", at("pid")),
                format!("--log-error={}", at("log")),
            ])
            // MySQL creates `root` only for `localhost`, which has no address without name
            // resolution
            .args(self.program.ends_with("mariadbd").then_some("--skip-name-resolve"))
            .args(&self.extra)
            .env("TMPDIR", self.folder.path())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        self.process = Some(process);
        loop {
            let ended = self.process.as_mut().and_then(|process| process.try_wait().unwrap());
            assert!(ended.is_none(), "{}", std::fs::read_to_string(at("log")).unwrap());
            if let Ok(mut stream) = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port))
                && stream.read_exact(&mut [0; 5]).is_ok()
            {
                return;
            }
            std::thread::yield_now();
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.kill();
    }
}

fn options(data: &Path) -> Vec<String> {
    let user = Command::new("id").arg("-un").output().unwrap().stdout;
    let user = String::from_utf8(user).unwrap();
    vec![
        "--no-defaults".into(),
        format!("--datadir={}", data.display()),
        format!("--user={}", user.trim()),
    ]
}

fn program() -> PathBuf {
    if let Some(named) = std::env::var_os("ZCRM_TEST_MYSQL_SERVER") {
        return named.into();
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path)
        .chain(["/usr/sbin", "/usr/local/sbin"].map(PathBuf::from))
        .flat_map(|folder| ["mariadbd", "mysqld"].map(|name| folder.join(name)))
        .find(|program| program.is_file())
        .unwrap_or_else(|| {
            panic!("this test needs `mariadbd` or `mysqld`, which `cargo xtask test` installs")
        })
}
