//! Tokens that expire during long operations.

use zcrm_test_kit::World;

#[tokio::test]
async fn continues_a_stream_after_a_token_expired() {
    let world = World::with(|sim| sim.records("Contacts", 60), |it| it).await;
    let (sim, client) = (&world.sim, world.restarted().await);

    let mut stream = client.records("Contacts").list().fields(["id"]).per_page(20).stream();
    for _ in 0..5 {
        stream.next().await.unwrap().unwrap();
    }
    sim.expire_access_tokens();
    let rest = stream.collect_all().await;
    assert!(rest.interrupted.is_none(), "{:?}", rest.interrupted);
    assert_eq!(rest.records.len(), 55);
    assert_eq!(sim.journal().refreshes(), 1);
}

#[tokio::test]
async fn loses_no_record_if_a_token_expires_in_a_write() {
    let world = World::new().await;
    let (sim, client) = (&world.sim, world.restarted().await);

    let hold = sim.faults().on_path_prefix("/crm/").method("POST").skip(1).hold();
    let rows = (0..250).map(|n| zcrm::Record::new().with("Last_Name", n.to_string()));
    let rows = rows.map(|row| row.with("Company", "Zylker"));
    let write = client.records("Leads").create_many(rows);
    let write = tokio::spawn(write.send());
    hold.wait_arrived().await;
    sim.expire_access_tokens();
    hold.release();
    let outcomes = write.await.unwrap().unwrap();
    assert_eq!(outcomes.all().unwrap().len(), 250);
    assert_eq!(sim.record_count("Leads"), 250);
}
