//! Many clients, many simulators.

use serde_json::json;
use tokio::task::JoinSet;
use zcrm_sim::Simulator;

use crate::client::Http;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hundred_clients_leave_an_exact_journal() {
    let sim = Simulator::start().await.unwrap();
    let token = Http::logged_in(&sim).await.token;
    sim.clear_journal();
    let mut clients = JoinSet::new();
    for number in 0..100 {
        let mut http = Http::new(&sim);
        http.token = token.clone();
        clients.spawn(async move {
            let body = json!({ "data": [{ "Last_Name": format!("L{number}") }, {}] });
            assert_eq!(http.post("/crm/v8/Leads", &body).await.status, 207);
            assert_eq!(http.get("/crm/v8/Leads?fields=Last_Name").await.status, 200);
            assert_eq!(http.get("/crm/v8/Nowhere").await.status, 400);
        });
    }
    while let Some(done) = clients.join_next().await {
        done.unwrap();
    }
    let journal = sim.journal();
    assert_eq!((journal.requests(), journal.api_requests()), (300, 300));
    assert_eq!((journal.written(), sim.record_count("Leads")), (100, 100));
    assert_eq!(journal.count(|e| e.status == Some(207) && e.method == "POST"), 100);
    assert_eq!(journal.count(|e| e.code.as_deref() == Some("INVALID_MODULE")), 100);
    let numbers: Vec<u64> = journal.into_iter().map(|entry| entry.seq).collect();
    assert!(numbers.windows(2).all(|pair| pair[0] + 1 == pair[1]));
}

#[tokio::test]
async fn runs_two_hundred_simulators_in_parallel() {
    let mut sims = Vec::new();
    for _ in 0..200 {
        sims.push(Simulator::start().await.unwrap());
    }
    let http = Http::logged_in(&sims[0]).await;
    let mut other = Http::new(&sims[199]);
    other.token = http.token.clone();
    assert_eq!(http.get("/crm/v8/Leads?fields=id").await.status, 204);
    assert_eq!(other.get("/crm/v8/Leads?fields=id").await.code(), "INVALID_TOKEN");
}
