//! The database server for the tests of the MySQL store: a given one, or one that this tool starts
//! and stops.

use std::ffi::OsString;
use std::io::Read as _;
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use xshell::{Shell, cmd};

use crate::needs;
use crate::shell::{Stopwatch, Workspace};

/// The environment variable with the URL of a server for the tests, so that none is started:
/// `mysql://user:password@host:port`. The tests create databases on it.
pub(crate) const URL: &str = "ZCRM_TEST_MYSQL_URL";

/// The maximum time until a new server answers.
const PATIENCE: Duration = Duration::from_secs(60);

/// A script that runs the server until its input is closed, which happens at any end of this tool,
/// and then removes its folder. It ignores interrupts from the keyboard, which this tool handles.
const KEEPER: &str = r#"
trap '' INT HUP
folder=$1
shift
"$@" </dev/null &
server=$!
cat >/dev/null
kill -TERM "$server" 2>/dev/null
wait "$server"
rm -rf "$folder"
"#;

/// A server that answers. If it was started here, it stops when this value is dropped.
#[derive(Debug)]
pub(crate) struct Server {
    url: String,
    program: PathBuf,
    /// `None` if the server was given.
    keeper: Option<Child>,
}

impl Server {
    /// Returns the given server, or starts one. In both cases the program must be installed,
    /// because some tests start and kill a separate server.
    ///
    /// # Errors
    /// If there is no program and none can be installed, or the new server does not answer.
    pub(crate) fn start(workspace: &Workspace) -> Result<Self> {
        needs::install(workspace, &[&needs::DATABASE])?;
        let named = std::env::var_os(needs::MYSQL_SERVER).map(PathBuf::from);
        let program = named
            .or_else(|| needs::program("mariadbd").or_else(|| needs::program("mysqld")))
            .context("neither mariadbd nor mysqld is found")?;
        if let Ok(url) = std::env::var(URL) {
            println!("the tests use the database server of {URL}");
            return Ok(Self { url, program, keeper: None });
        }
        // only this user can read the folder; the keeper removes it
        let folder = tempfile::Builder::new().prefix("zcrm-mysql-").tempdir()?;
        let (keeper, port) = launch(workspace, &program, folder.path())?;
        let _ = folder.keep();
        println!("a scratch server of {} answers on port {port}", program.display());
        let url = format!("mysql://root@127.0.0.1:{port}");
        Ok(Self { url, program, keeper: Some(keeper) })
    }

    /// Returns the variables that pass the server to a program.
    pub(crate) fn variables(server: Option<&Self>) -> Vec<(&'static str, OsString)> {
        let variables = |it: &Self| {
            [(URL, it.url.clone().into()), (needs::MYSQL_SERVER, it.program.clone().into())]
        };
        server.map(variables).into_iter().flatten().collect()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(keeper) = &mut self.keeper {
            // the keeper stops the server at the end of its input
            drop(keeper.stdin.take());
            let _ = keeper.wait();
        }
    }
}

/// Creates an empty database in the folder, and starts the server on it.
fn launch(workspace: &Workspace, program: &Path, folder: &Path) -> Result<(Child, u16)> {
    let data = folder.join("data");
    lay_out(workspace, program, &data)?;
    let log = folder.join("log");
    // another program may take the free port before the server uses it
    for _ in 0..3 {
        let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port();
        let mut command = Command::new("sh");
        command.arg("-c").arg(KEEPER).arg("keeper").arg(folder).arg(program);
        command.args(options(&workspace.sh, &data)).args([
            format!("--port={port}"),
            "--bind-address=127.0.0.1".into(),
            "--skip-name-resolve".into(),
            "--max-connections=500".into(),
            format!("--socket={}", folder.join("socket").display()),
            format!("--pid-file={}", folder.join("pid").display()),
            format!("--log-error={}", log.display()),
        ]);
        // a server clears its temporary folder at the start, which breaks other servers that share
        // it
        command.env("TMPDIR", folder);
        // the output before the server has opened its log
        let early = std::fs::File::create(&log)?;
        command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(early);
        let mut keeper = command.spawn().context("cannot start the server")?;
        if answers(port) {
            return Ok((keeper, port));
        }
        println!("{} does not answer: {}", program.display(), workspace.sh.read_file(&log)?);
        drop(keeper.stdin.take());
        let _ = keeper.wait();
        lay_out(workspace, program, &data)?;
    }
    bail!("the server {} does not answer", program.display())
}

/// Returns the options for the server and its initial set-up: no settings of users, this data, this
/// user.
fn options(sh: &Shell, data: &Path) -> Vec<String> {
    let mut options = vec!["--no-defaults".into(), format!("--datadir={}", data.display())];
    // the server only runs as root if that is explicit
    if let Ok(user) = cmd!(sh, "id -un").quiet().read() {
        options.push(format!("--user={user}"));
    }
    options
}

fn lay_out(workspace: &Workspace, program: &Path, data: &Path) -> Result<()> {
    let sh = &workspace.sh;
    let folder = data.parent().context("the data folder has no parent")?;
    sh.create_dir(folder)?;
    let options = options(sh, data);
    let beside = program.with_file_name("mariadb-install-db");
    let installer = Some(beside).filter(|it| it.is_file());
    let installer = installer.or_else(|| needs::program("mariadb-install-db"));
    let maria = program.file_name().is_some_and(|name| name == "mariadbd");
    let command = match installer.filter(|_| maria) {
        Some(installer) => cmd!(sh, "{installer} {options...}")
            .args(["--auth-root-authentication-method=normal", "--skip-test-db"]),
        None => cmd!(sh, "{program} {options...} --initialize-insecure"),
    };
    let output = command.env("TMPDIR", folder).quiet().ignore_status().output()?;
    let said = [output.stdout, output.stderr].concat();
    ensure!(output.status.success(), "no database: {}", String::from_utf8_lossy(&said));
    Ok(())
}

/// Waits for the greeting of a server.
#[expect(clippy::disallowed_methods, reason = "a tool may look at the clock of its machine")]
fn answers(port: u16) -> bool {
    let watch = Stopwatch::start();
    while watch.elapsed() < PATIENCE {
        if let Ok(mut stream) = TcpStream::connect((Ipv4Addr::LOCALHOST, port)) {
            let _ = stream.set_read_timeout(Some(Duration::from_secs(5)));
            // length, number, and the version of the protocol
            let mut greeting = [0; 5];
            if stream.read_exact(&mut greeting).is_ok() && greeting[4] == 10 {
                return true;
            }
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    false
}
