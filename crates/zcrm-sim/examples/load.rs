//! Measures how fast the simulator starts and answers: `cargo run --release -p
//! zcrm-sim --example load`; with a word after `--`, only the calls whose names contain it are measured. Clients and
//! simulator share the machine's cores.
#![allow(
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a benchmark prints and measures time"
)]

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use http_body_util::{BodyExt, Full};
use hyper::body::Bytes;
use hyper::client::conn::http1;
use hyper::{Method, Request};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use zcrm_sim::Simulator;

const RECORDS: usize = 100_000;
const CLIENTS: usize = 16;
const SPAN: Duration = Duration::from_secs(3);

/// Searches: `{n}` is a number that a record of the store has, `{}` the same in six digits.
const SEARCHES: [(&str, &str); 6] = [
    ("a search, email", "email=email.{n}@contacts.example.com"),
    ("a search, equals", "criteria=(Department:equals:Department%20{})"),
    ("a search, starts_with", "criteria=(Department:starts_with:department%20{})"),
    ("a search, contains", "criteria=(Department:contains:{})"),
    (
        "a search, greater_than of many",
        "criteria=(Created_Time:greater_than:2020-01-01T00:00:00%2B00:00)",
    ),
    ("a search, a rare word", "word={}"),
];

const COUNTS: [(&str, &str); 3] = [
    ("the count of all", ""),
    ("a count of ten, starts_with", "criteria=(Department:starts_with:department%2001234)"),
    ("a count of half of them", "criteria=(Email_Opt_Out:equals:true)"),
];

type Failure = Box<dyn std::error::Error + Send + Sync>;

#[derive(Clone)]
struct Target {
    api: String,
    token: String,
}

impl Target {
    async fn connect(&self) -> Result<http1::SendRequest<Full<Bytes>>, Failure> {
        let tcp = TcpStream::connect(self.api.replace("http://", "")).await?;
        tcp.set_nodelay(true)?;
        let (sender, connection) = http1::handshake(TokioIo::new(tcp)).await?;
        tokio::spawn(connection);
        Ok(sender)
    }

    fn request(
        &self,
        method: Method,
        path: &str,
        body: &str,
    ) -> Result<Request<Full<Bytes>>, Failure> {
        let host = self.api.replace("http://", "");
        Ok(Request::builder()
            .method(method)
            .uri(path)
            .header("host", host)
            .header("authorization", format!("Zoho-oauthtoken {}", self.token))
            .body(Full::new(Bytes::from(body.to_owned())))?)
    }
}

async fn send(
    sender: &mut http1::SendRequest<Full<Bytes>>,
    request: Request<Full<Bytes>>,
) -> Result<(u16, Bytes), Failure> {
    let response = sender.send_request(request).await?;
    let status = response.status().as_u16();
    Ok((status, response.into_body().collect().await?.to_bytes()))
}

/// Logs in to the accounts server.
async fn token(sim: &Simulator) -> Result<String, Failure> {
    let login = Target { api: sim.accounts_url(), token: String::new() };
    let form = format!(
        "/oauth/v2/token?grant_type=authorization_code&client_id={}&client_secret={}&code={}",
        sim.client_id(),
        sim.client_secret(),
        sim.grant_token()
    );
    let request = login.request(Method::POST, &form, "")?;
    let (_, body) = send(&mut login.connect().await?, request).await?;
    let answer: serde_json::Value = serde_json::from_slice(&body)?;
    let token = answer.get("access_token").and_then(|token| token.as_str());
    Ok(token.ok_or("no access token")?.to_owned())
}

/// Sends the calls that `next` returns from all clients, for a fixed time.
async fn measure(
    name: &str,
    target: &Target,
    next: impl Fn(u64) -> (Method, String, String) + Send + Sync + 'static,
) -> Result<(), Failure> {
    if std::env::args().nth(1).is_some_and(|word| !name.contains(&word)) {
        return Ok(());
    }
    let next = Arc::new(next);
    let number = Arc::new(AtomicU64::new(0));
    let begun = Instant::now();
    let mut clients = JoinSet::new();
    for _ in 0..CLIENTS {
        let (target, next, number) = (target.clone(), Arc::clone(&next), Arc::clone(&number));
        clients.spawn(async move {
            let mut sender = target.connect().await?;
            let mut answered = 0_u64;
            while begun.elapsed() < SPAN {
                let (method, path, body) = next(number.fetch_add(1, Ordering::Relaxed));
                let (status, body) =
                    send(&mut sender, target.request(method, &path, &body)?).await?;
                if status >= 400 {
                    return Err(format!("{status}: {}", String::from_utf8_lossy(&body)).into());
                }
                answered += 1;
            }
            Ok::<_, Failure>(answered)
        });
    }
    let mut answered = 0;
    while let Some(done) = clients.join_next().await {
        answered += done??;
    }
    let each = answered as f64 / begun.elapsed().as_secs_f64();
    println!("{name:34}{each:10.0} a second");
    Ok(())
}

/// Returns the resident memory in MiB, if the system reports it.
fn memory() -> f64 {
    let text = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    let pages: f64 = text.split(' ').nth(1).and_then(|pages| pages.parse().ok()).unwrap_or(0.0);
    pages / 256.0
}

#[tokio::main(worker_threads = 2)]
async fn main() -> Result<(), Failure> {
    let begun = Instant::now();
    let first = Simulator::start().await?;
    println!("{:34}{:10.2} ms", "start, with TLS", begun.elapsed().as_secs_f64() * 1e3);
    let begun = Instant::now();
    let mut many = Vec::new();
    for _ in 0..200 {
        many.push(Simulator::start().await?);
    }
    let all = begun.elapsed().as_secs_f64();
    println!("{:34}{:10.2} ms each, {all:.2} s together", "200 more, one after another", all * 5.0);
    println!("{:34}{:10.2} MiB each", "their memory", memory() / 201.0);
    drop((first, many));

    let begun = Instant::now();
    let before = memory();
    let sim = Simulator::builder().seed(1).plain_http().journal_limit(100_000).start().await?;
    let ids = Arc::new(sim.add_records("Contacts", RECORDS)?);
    println!(
        "{:34}{:10.2} s, {:.0} MiB",
        "100,000 records",
        begun.elapsed().as_secs_f64(),
        memory() - before
    );
    let target = Target { api: sim.api_url(), token: token(&sim).await? };
    let pick = Arc::clone(&ids);
    let id = move |number: u64| {
        let place = usize::try_from(number.wrapping_mul(7_919)).unwrap_or_default() % pick.len();
        pick.get(place).cloned().unwrap_or_default()
    };
    let (one, changed) = (id.clone(), id);
    measure("a record by its id", &target, move |number| {
        (Method::GET, format!("/crm/v8/Contacts/{}?fields=Email", one(number)), String::new())
    })
    .await?;
    measure("a page of ten", &target, |number| {
        let path = format!(
            "/crm/v8/Contacts?fields=Email,Last_Name&per_page=10&page={}",
            number % 200 + 1
        );
        (Method::GET, path, String::new())
    })
    .await?;
    measure("an update of one", &target, move |number| {
        let body =
            format!(r#"{{"data":[{{"id":"{}","Last_Name":"N{number}"}}]}}"#, changed(number));
        (Method::PUT, String::from("/crm/v8/Contacts"), body)
    })
    .await?;
    measure("an insert of one", &target, |number| {
        let body = format!(r#"{{"data":[{{"Last_Name":"I{number}"}}]}}"#);
        (Method::POST, String::from("/crm/v8/Contacts"), body)
    })
    .await?;
    measure("the modules", &target, |_| {
        (Method::GET, String::from("/crm/v8/settings/modules"), String::new())
    })
    .await?;
    for (name, criteria) in SEARCHES {
        measure(name, &target, move |number| {
            let number = number * 7_919 % 90_000 + 10;
            let text = criteria.replace("{n}", &number.to_string());
            let text = text.replace("{}", &format!("{number:06}"));
            let path = format!("/crm/v8/Contacts/search?{text}&fields=Email&per_page=10");
            (Method::GET, path, String::new())
        })
        .await?;
    }
    for (name, query) in COUNTS {
        measure(name, &target, move |_| {
            (Method::GET, format!("/crm/v8/Contacts/actions/count?{query}"), String::new())
        })
        .await?;
    }
    measure("a search for what was written", &target, |number| {
        let path =
            format!("/crm/v8/Contacts/search?criteria=(Last_Name:equals:I{number})&per_page=1");
        (Method::GET, path, String::new())
    })
    .await?;
    let busy = memory();
    tokio::time::sleep(Duration::from_secs(5)).await;
    println!("{:34}{:10.2} MiB in five seconds", "growth when idle", memory() - busy);
    sim.stop().await;
    Ok(())
}
