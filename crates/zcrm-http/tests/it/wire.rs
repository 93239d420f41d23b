//! Over real sockets: protocols, TLS, and connections that fail.

use std::{net::TcpListener, sync::Arc, time::Duration};

use http::{Request, Version};
use zcrm_core::{ErrorKind, ManualClock, Outcome};
use zcrm_http::{Connector, ReqBody, Stack, Transport, layer::RetryPolicy, send};
use zcrm_sim::{Host, Simulator};
use zcrm_test_kit::{
    Call, ScriptedAuthorizer, attempts, by, call, connector, insert, read, update, user,
    whole_text, zcrm,
};

/// The whole stack with waits that cost no time.
fn stack(connector: Connector) -> Transport {
    let clock = Arc::new(ManualClock::jumping());
    Stack::new(connector).retry(RetryPolicy::new(clock)).build()
}

/// A simulator, a logged-in user, and a transport whose connection may be warm already.
async fn connected(http1: bool, warm: bool) -> (Simulator, Arc<ScriptedAuthorizer>, Transport) {
    let builder = Simulator::builder().records("Leads", 3);
    let builder = if http1 { builder.http1_only() } else { builder };
    let sim = builder.start().await.unwrap();
    let tokens = user(&sim).await;
    let transport = stack(connector(&sim));
    if warm {
        assert_eq!(call(transport.clone(), by(read(), &tokens)).await.unwrap().status(), 200);
        sim.clear_journal();
    }
    (sim, tokens, transport)
}

fn at(url: &str) -> Call {
    let mut request = read();
    *request.uri_mut() = format!("{url}/crm/v8/Leads").parse().unwrap();
    request
}

#[tokio::test]
async fn http2_is_spoken_where_it_is_offered_and_http1_elsewhere() {
    for (http1, version) in [(false, Version::HTTP_2), (true, Version::HTTP_11)] {
        let (sim, tokens, transport) = connected(http1, false).await;
        let response = call(transport, by(read(), &tokens)).await.unwrap();
        assert_eq!((response.status().as_u16(), response.version()), (200, version));
        assert_eq!(response.body().peer().unwrap().host(), "127.0.0.1");
        assert_eq!(attempts(&response), 1);
        assert_eq!(sim.journal().requests(), 1);
    }
}

#[tokio::test]
async fn returns_host_status_and_body_in_the_reply() {
    let (_sim, tokens, transport) = connected(false, false).await;
    let reply = send(&transport, by(read(), &tokens)).await.unwrap();
    let page = reply.page::<zcrm_core::Record>("data").unwrap();
    assert_eq!(page.items.len(), 3);
    let refused = send(&transport, by(insert_of("Nothings"), &tokens)).await.unwrap();
    let error = refused.outcomes("data", 1).unwrap_err();
    assert_eq!((error.host(), error.attempts()), (Some("127.0.0.1"), 1));
    assert_eq!(error.operation(), Some("records.create"));
}

fn insert_of(module: &str) -> Call {
    let mut request = insert();
    *request.uri_mut() = format!("/crm/v8/{module}").parse().unwrap();
    request
}

#[tokio::test]
async fn refuses_to_send_a_request_without_call_meta() {
    let (sim, _, transport) = connected(false, false).await;
    let error = send(&transport, Request::new(ReqBody::empty())).await.unwrap_err();
    assert_eq!((error.kind(), error.outcome()), (ErrorKind::Input, Outcome::NotSent));
    assert_eq!(sim.journal().requests(), 0);
}

#[tokio::test]
async fn allows_plain_http_to_a_loopback_address() {
    let sim = Simulator::builder().plain_http().records("Leads", 1).start().await.unwrap();
    let tokens = user(&sim).await;
    let transport = stack(connector(&sim));
    assert_eq!(call(transport, by(read(), &tokens)).await.unwrap().status(), 200);
}

#[tokio::test]
async fn refuses_plain_http_to_any_other_address() {
    // nothing could connect there either: the refusal must come first
    for url in ["http://www.zohoapis.com", "http://192.0.2.1:80", "http://localhost.example.com"] {
        let error = zcrm(call(stack(Connector::builder().build().unwrap()), at(url)).await);
        assert_eq!((error.kind(), error.outcome()), (ErrorKind::Config, Outcome::NotSent), "{url}");
        assert!(error.to_string().contains("loopback"), "{error}");
        assert_eq!(error.attempts(), 1);
    }
}

#[tokio::test]
async fn refuses_a_request_without_a_host() {
    let error = zcrm(call(stack(Connector::builder().build().unwrap()), read()).await);
    assert_eq!((error.kind(), error.outcome()), (ErrorKind::Input, Outcome::NotSent));
    assert_eq!(error.operation(), Some("records.list"));
}

#[tokio::test]
async fn sends_nothing_to_a_server_with_an_unknown_authority() {
    let sim = Simulator::start().await.unwrap();
    for request in [at(&sim.api_url()), absolute_insert(&sim)] {
        let transport = stack(Connector::builder().build().unwrap());
        let error = zcrm(call(transport, request).await);
        assert_eq!((error.kind(), error.outcome()), (ErrorKind::Connect, Outcome::NotSent));
        assert_eq!((error.host(), error.attempts()), (Some("127.0.0.1"), 4));
        let chain = whole_text(&error).to_lowercase();
        assert!(chain.contains("unknownissuer") || chain.contains("certificate"), "{chain}");
    }
    assert_eq!(sim.journal().requests(), 0);
}

fn absolute_insert(sim: &Simulator) -> Call {
    let mut request = insert();
    *request.uri_mut() = format!("{}/crm/v8/Leads", sim.api_url()).parse().unwrap();
    request
}

#[tokio::test]
async fn reports_refused_connections_and_unknown_names_as_not_sent() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let closed = format!("https://{}", listener.local_addr().unwrap());
    drop(listener);
    for url in [closed.as_str(), "https://nonexistent.invalid"] {
        for request in [read(), insert()] {
            let mut request = request;
            *request.uri_mut() = format!("{url}/crm/v8/Leads").parse().unwrap();
            let error = zcrm(call(stack(Connector::builder().build().unwrap()), request).await);
            let seen = (error.kind(), error.outcome(), error.attempts());
            assert_eq!(seen, (ErrorKind::Connect, Outcome::NotSent, 4), "{url}");
            assert!(url.contains(error.host().unwrap()));
        }
    }
}

#[tokio::test]
async fn retries_a_read_after_a_reset_connection() {
    for (http1, warm) in [(false, false), (false, true), (true, false), (true, true)] {
        for executed in [false, true] {
            let (sim, tokens, transport) = connected(http1, warm).await;
            let fault = sim.faults().on_host(Host::Api);
            if executed {
                fault.after_executing().reset();
            } else {
                fault.reset();
            }
            let response = call(transport, by(read(), &tokens)).await.unwrap();
            assert_eq!(response.status(), 200);
            assert_eq!(attempts(&response), 2);
            let journal = sim.journal();
            assert_eq!(journal.requests(), 2);
            assert_eq!(journal.count(|e| e.executed), 1 + usize::from(executed));
        }
    }
}

#[tokio::test]
async fn never_retries_an_insert_after_a_reset_connection() {
    for (http1, warm) in [(false, false), (false, true), (true, false), (true, true)] {
        for executed in [false, true] {
            let (sim, tokens, transport) = connected(http1, warm).await;
            let fault = sim.faults().on_host(Host::Api);
            if executed {
                fault.after_executing().reset();
            } else {
                fault.reset();
            }
            let error = zcrm(call(transport.clone(), by(insert(), &tokens)).await);
            assert_eq!((error.kind(), error.outcome()), (ErrorKind::Transport, Outcome::Unknown));
            assert_eq!(error.attempts(), 1);
            assert!(error.to_string().contains("may have been executed"), "{error}");
            let journal = sim.journal();
            assert_eq!((journal.requests(), journal.written()), (1, usize::from(executed)));
            assert_eq!(sim.record_count("Leads"), 3 + usize::from(executed));
            // the next call gets a new connection
            assert_eq!(call(transport, by(insert(), &tokens)).await.unwrap().status(), 201);
        }
    }
}

#[tokio::test]
async fn keeps_the_unknown_outcome_if_the_retry_cannot_connect() {
    let (sim, tokens, transport) = connected(false, true).await;
    let hold = sim.faults().method("PUT").after_executing().hold();
    sim.faults().method("PUT").reset();
    let calling = tokio::spawn(call(transport, by(update(), &tokens)));
    hold.wait_arrived().await;
    // the server goes away while it owes the answer: its ports refuse the second attempt
    sim.stop().await;
    drop(hold);
    let error = zcrm(calling.await.unwrap());
    assert_eq!((error.kind(), error.outcome()), (ErrorKind::Connect, Outcome::Unknown), "{error}");
    assert_eq!(error.attempts(), 4);
}

#[tokio::test]
async fn retries_a_cut_answer_only_for_a_read() {
    for http1 in [false, true] {
        let (sim, tokens, transport) = connected(http1, true).await;
        sim.faults().cut_body();
        let response = call(transport.clone(), by(read(), &tokens)).await.unwrap();
        assert_eq!(attempts(&response), 2);
        sim.faults().cut_body();
        sim.clear_journal();
        let error = zcrm(call(transport, by(insert(), &tokens)).await);
        assert_eq!((error.kind(), error.outcome()), (ErrorKind::Transport, Outcome::Unknown));
        assert_eq!(error.status().unwrap(), 201);
        assert_eq!((sim.journal().requests(), sim.journal().written()), (1, 1));
    }
}

#[tokio::test]
async fn retries_an_insert_after_a_429() {
    let (sim, tokens, transport) = connected(false, true).await;
    sim.faults().header("retry-after", "3").zoho_error(429, "TOO_MANY_REQUESTS");
    let response = call(transport.clone(), by(insert(), &tokens)).await.unwrap();
    assert_eq!(response.status(), 201);
    assert_eq!((sim.journal().requests(), sim.journal().written()), (2, 1));
    sim.clear_journal();
    sim.faults().after_executing().status(504);
    assert_eq!(call(transport, by(insert(), &tokens)).await.unwrap().status(), 504);
    assert_eq!((sim.journal().requests(), sim.journal().written()), (1, 1));
}

#[tokio::test]
async fn executes_an_insert_once_after_a_refused_token() {
    let sim = Simulator::start().await.unwrap();
    let fresh = user(&sim).await;
    let origin = sim.api_url().parse().unwrap();
    let old = zcrm_http::Authorization::zoho("1000.old", origin).unwrap();
    let fresh = zcrm_http::Authorizer::cached(&*fresh).unwrap();
    let tokens = ScriptedAuthorizer::new([Ok(old.clone()), Ok(fresh)]);
    let transport = stack(connector(&sim));
    let response = call(transport, by(insert(), &tokens)).await.unwrap();
    assert_eq!(response.status(), 201);
    assert_eq!(tokens.rejected(), [old]);
    let journal = sim.journal();
    assert_eq!((journal.requests(), journal.written()), (2, 1));
}

#[tokio::test]
async fn calls_share_one_http2_connection_under_the_gate() {
    let (sim, tokens, transport) = connected(false, true).await;
    let hold = sim.faults().times(30).hold();
    let calls: Vec<_> =
        (0..30).map(|_| tokio::spawn(call(transport.clone(), by(read(), &tokens)))).collect();
    hold.wait_arrivals(10).await;
    assert_eq!(hold.arrived(), 10, "the default gate");
    hold.release();
    for call in calls {
        assert_eq!(call.await.unwrap().unwrap().status(), 200);
    }
    assert_eq!(sim.journal().requests(), 30);
}

#[tokio::test]
async fn names_the_timeout_of_a_connection() {
    let socket = tokio::net::TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let listener = socket.listen(1).unwrap();
    let address = listener.local_addr().unwrap();
    // no connection is accepted, so the queue fills up and further connections hang
    let mut queue = Vec::new();
    while queue.len() < 16 {
        let hangs = std::net::TcpStream::connect_timeout(&address, Duration::from_millis(100));
        let Ok(connected) = hangs else { break };
        queue.push(connected);
    }
    assert!(queue.len() < 16, "the queue never fills up here");
    let connector =
        Connector::builder().connect_timeout(Duration::from_millis(50)).build().unwrap();
    let error = zcrm(call(stack(connector), at(&format!("http://{address}"))).await);
    assert_eq!((error.kind(), error.outcome()), (ErrorKind::Connect, Outcome::NotSent));
    assert!(error.to_string().contains("connect timeout"), "{error}");
}
