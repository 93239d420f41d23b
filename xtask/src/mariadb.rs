//! The database server that the tests of the MySQL store talk to: a given one, or one of our own
//! that lives as long as the tests.

use std::fmt::Write as _;
use std::io::Read as _;
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use crate::debian;
use crate::needs;
use crate::shell::{self, Error, Stopwatch, Workspace};

/// Where this names a server, the tests use it, and none is started. It must be one that may be
/// filled with databases of the tests: `mysql://user:password@host:port`.
pub(crate) const URL: &str = "ZCRM_TEST_MYSQL_URL";

/// How long a new server may take until it answers.
const PATIENCE: Duration = Duration::from_secs(60);

/// Keeps the server for as long as its input is open, so that it ends with this tool however that
/// ends, and removes its folder then. An interrupt from the keyboard is left to this tool.
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

/// Whether tests with these arguments need the server: unless they name other packages alone.
pub(crate) fn is_needed(extra: &[String]) -> bool {
    let packages = packages(extra);
    packages.is_empty() || packages.iter().any(|package| needs::NEED_MYSQL.contains(package))
}

/// The packages that arguments of the test runner name.
pub(crate) fn packages(extra: &[String]) -> Vec<&str> {
    let own = extra.iter().take_while(|argument| *argument != "--");
    let mut packages = Vec::new();
    let mut named = false;
    for argument in own {
        let joined = argument.strip_prefix("--package=").or_else(|| argument.strip_prefix("-p="));
        if std::mem::take(&mut named) {
            packages.push(argument.as_str());
        } else if let Some(package) = joined {
            packages.push(package);
        } else {
            named = argument == "-p" || argument == "--package";
        }
    }
    packages
}

/// A server that answers. One that was started ends when this is dropped.
#[derive(Debug)]
pub(crate) struct Server {
    url: String,
    program: PathBuf,
    /// `None` where the server was given.
    keeper: Option<Child>,
}

impl Server {
    /// The given server, or a new one. Either way its program must be there, as some tests start
    /// and kill a server of their own.
    ///
    /// # Errors
    /// Where there is no program and none can be installed, or the new server does not answer.
    pub(crate) fn start(workspace: &Workspace) -> Result<Self, Error> {
        needs::install(workspace, &[&needs::DATABASE])?;
        let named = std::env::var_os(needs::MYSQL_SERVER).map(PathBuf::from);
        let program = named
            .or_else(|| debian::program(&["mariadbd", "mysqld"]))
            .ok_or_else(|| Error::failed("neither mariadbd nor mysqld is found"))?;
        if let Ok(url) = std::env::var(URL) {
            println!("the tests use the database server of {URL}");
            return Ok(Self { url, program, keeper: None });
        }
        let folder = own_folder()?;
        let started = launch(&program, &folder);
        if started.is_err() {
            let _ = std::fs::remove_dir_all(&folder);
        }
        let (keeper, port) = started?;
        println!("a scratch server of {} answers on port {port}", program.display());
        let url = format!("mysql://root@127.0.0.1:{port}");
        Ok(Self { url, program, keeper: Some(keeper) })
    }

    /// Tells a program about the server.
    pub(crate) fn tell(&self, command: &mut Command) {
        command.env(URL, &self.url).env(needs::MYSQL_SERVER, &self.program);
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(keeper) = &mut self.keeper {
            // the end of its input is what it waits for
            drop(keeper.stdin.take());
            let _ = keeper.wait();
        }
    }
}

/// A new folder that only this user can look into.
fn own_folder() -> Result<PathBuf, Error> {
    for at in 0..100 {
        let name = format!("zcrm-mysql-{}-{at}", std::process::id());
        let folder = std::env::temp_dir().join(name);
        let mut builder = std::fs::DirBuilder::new();
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        match builder.create(&folder) {
            Ok(()) => return Ok(folder),
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
            Err(error) => {
                let place = folder.display();
                return Err(Error::failed(format!("cannot make the folder {place}: {error}")));
            }
        }
    }
    Err(Error::failed("cannot make a folder for the database server"))
}

/// Lays out an empty database in the folder, and starts the server on it.
fn launch(program: &Path, folder: &Path) -> Result<(Child, u16), Error> {
    let data = folder.join("data");
    lay_out(program, &data)?;
    let log = folder.join("log");
    let mut last = String::new();
    // between looking for a free port and using it, another program may take it
    for _ in 0..3 {
        let port = free_port()?;
        let mut command = Command::new("sh");
        command.arg("-c").arg(KEEPER).arg("keeper").arg(folder).arg(program);
        command.args(options(&data)).args([
            format!("--port={port}"),
            "--bind-address=127.0.0.1".into(),
            "--skip-name-resolve".into(),
            "--max-connections=500".into(),
            format!("--socket={}", folder.join("socket").display()),
            format!("--pid-file={}", folder.join("pid").display()),
            format!("--log-error={}", log.display()),
        ]);
        // what it says before it has opened its log
        let early = std::fs::File::create(&log)
            .map_err(|error| Error::failed(format!("cannot write a log: {error}")))?;
        // a server that starts clears its temporary folder, and so breaks others that share it
        command.env("TMPDIR", folder);
        command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(early);
        let mut keeper = command
            .spawn()
            .map_err(|error| Error::failed(format!("cannot start the server: {error}")))?;
        if answers(port, PATIENCE) {
            return Ok((keeper, port));
        }
        last = std::fs::read_to_string(&log).unwrap_or_default();
        drop(keeper.stdin.take());
        let _ = keeper.wait();
        std::fs::create_dir_all(folder)
            .map_err(|error| Error::failed(format!("cannot make a folder: {error}")))?;
        lay_out(program, &data)?;
    }
    let mut text = format!("the server {} does not answer; it said:", program.display());
    for line in last.lines().rev().take(15).collect::<Vec<_>>().into_iter().rev() {
        let _ = write!(text, "\n    {line}");
    }
    Err(Error::failed(text))
}

/// What both the server and its first set-up are told: nobody's settings, this data, this user.
fn options(data: &Path) -> Vec<String> {
    let mut options = vec!["--no-defaults".into(), format!("--datadir={}", data.display())];
    // root must say that it means it
    if let Ok(user) = shell::output(Command::new("id").arg("-un")) {
        options.push(format!("--user={}", user.trim()));
    }
    options
}

fn lay_out(program: &Path, data: &Path) -> Result<(), Error> {
    let beside = |name: &str| {
        let folder = program.parent().map(|folder| folder.join(name));
        folder.filter(|path| path.is_file()).or_else(|| debian::program(&[name]))
    };
    let maria = program.file_name().is_some_and(|name| name == "mariadbd");
    let mut command = match beside("mariadb-install-db").filter(|_| maria) {
        Some(installer) => {
            let mut command = Command::new(installer);
            command
                .args(options(data))
                .args(["--auth-root-authentication-method=normal", "--skip-test-db"]);
            command
        }
        None => {
            let mut command = Command::new(program);
            command.args(options(data)).arg("--initialize-insecure");
            command
        }
    };
    if let Some(folder) = data.parent() {
        command.env("TMPDIR", folder);
    }
    shell::output(&mut command).map(drop)
}

fn free_port() -> Result<u16, Error> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
        .and_then(|listener| listener.local_addr())
        .map(|address| address.port())
        .map_err(|error| Error::failed(format!("no free port: {error}")))
}

/// Waits for the greeting that a server begins with.
#[expect(clippy::disallowed_methods, reason = "a tool may look at the clock of its machine")]
fn answers(port: u16, patience: Duration) -> bool {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let watch = Stopwatch::start();
    while watch.elapsed() < patience {
        if let Ok(mut stream) = TcpStream::connect(address) {
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

#[cfg(test)]
mod tests {
    use super::is_needed;

    #[test]
    fn a_server_is_started_unless_the_tests_of_others_alone_are_asked_for() {
        let needed = |extra: &[&str]| {
            is_needed(&extra.iter().map(|&argument| argument.to_owned()).collect::<Vec<_>>())
        };
        assert!(needed(&[]));
        assert!(needed(&["some_test"]));
        assert!(needed(&["-p", "zcrm-core", "-p", "zcrm-store-mysql"]));
        assert!(needed(&["--", "-p", "zcrm-core"]));
        assert!(!needed(&["-p", "zcrm-core"]));
        assert!(!needed(&["--package=zcrm-core", "some_test"]));
    }
}
