//! Faults of uploads, jobs and results of bulk writes.

use zcrm_api::{
    Api,
    bulk::{BulkOutcome, BulkPosition, BulkRowStatus, BulkWriteHandle, BulkWriteJobs},
};
use zcrm_core::{Error, ErrorKind, Outcome, Record};

use super::writes::{empty, lead};

fn rows(count: usize) -> impl Iterator<Item = Record> + Send + 'static {
    (0..count).map(|number| lead(number).with("Company", "Zylker"))
}

async fn write(api: &Api) -> Result<BulkWriteJobs, Error> {
    api.records("Leads").bulk_write().create().rows(rows(250)).rows_per_job(100).await
}

/// The outcomes of the first job, and its error.
async fn first(api: &Api) -> (Vec<BulkOutcome>, Option<Error>) {
    let jobs = write(api).await.unwrap();
    let result = jobs.jobs()[0].wait().deadline(std::time::Duration::from_secs(600)).await;
    let mut outcomes = match result {
        Ok(result) => result.outcomes(),
        Err(error) => return (Vec::new(), Some(error)),
    };
    let mut read = Vec::new();
    while let Some(outcome) = outcomes.next().await {
        match outcome {
            Ok(outcome) => read.push(outcome),
            Err(error) => {
                assert!(outcomes.next().await.is_none());
                return (read, Some(error));
            }
        }
    }
    (read, None)
}

#[tokio::test]
async fn reports_the_faults_of_jobs_and_results() {
    let world = empty().await;
    let api = world.api().await;
    let faults = || world.sim.bulk_faults().writes();
    for (fault, read, kind, part) in [
        (Box::new(|| faults().fail()) as Box<dyn Fn()>, 0, ErrorKind::Api, "without a result"),
        (Box::new(|| faults().fail_after_without_result(40)), 0, ErrorKind::Api, "40 added"),
        (Box::new(|| faults().no_result()), 0, ErrorKind::Decode, "unknown which records"),
        (Box::new(|| faults().stick()), 0, ErrorKind::Timeout, "bulk write has not ended"),
        (Box::new(|| faults().lose()), 0, ErrorKind::NotFound, "read the records"),
        (Box::new(|| faults().expire_result()), 0, ErrorKind::NotFound, "seven days"),
        (Box::new(|| faults().cut_result()), 0, ErrorKind::Decode, "not a complete ZIP archive"),
        (Box::new(|| faults().corrupt_result()), 0, ErrorKind::Decode, "damaged"),
        (Box::new(|| faults().extra_file()), 0, ErrorKind::Decode, "2 files, but 1 were sent"),
        (Box::new(|| faults().no_file()), 0, ErrorKind::Decode, "0 files, but 1 were sent"),
        (Box::new(|| faults().bomb(1 << 24)), 0, ErrorKind::Decode, "bulk write"),
        (Box::new(|| faults().extra_column()), 99, ErrorKind::Decode, "row of 7 columns"),
        (Box::new(|| faults().other_rows()), 0, ErrorKind::Decode, "names another record"),
        (Box::new(|| faults().reverse_rows()), 0, ErrorKind::Decode, "names another record"),
        (Box::new(|| faults().missing_rows(3)), 97, ErrorKind::Decode, "97 rows, but 100 were"),
    ] {
        fault();
        let (outcomes, error) = first(&api).await;
        let error = error.unwrap();
        assert_eq!(error.kind(), kind, "{part}: {error}");
        assert!(error.to_string().contains(part), "{part}: {error}");
        assert!(outcomes.len() >= read, "{part}: {}", outcomes.len());
        if kind == ErrorKind::Decode {
            assert_eq!(BulkPosition::of(&error).unwrap().part, 1, "{error}");
        }
        if kind == ErrorKind::Timeout {
            assert_eq!(BulkWriteHandle::of(&error).unwrap().records(), 0..100);
        }
        assert_ne!(error.outcome(), Outcome::NotSent, "{error}");
    }
    let (outcomes, error) = first(&api).await;
    assert!(outcomes.len() == 100 && error.is_none(), "{error:?}");
}

#[tokio::test]
async fn reports_the_rows_that_a_failed_job_wrote() {
    let world = empty().await;
    let api = world.api().await;
    world.sim.bulk_faults().writes().fail_after(40);
    let outcomes = write(&api).await.unwrap().outcomes().collect().await.unwrap();
    assert_eq!(outcomes.len(), 250);
    for outcome in &outcomes {
        let half = (40..100).contains(&outcome.index);
        assert_eq!(outcome.is_written(), !half, "{outcome:?}");
        assert_eq!(outcome.status == BulkRowStatus::UNPROCESSED, half);
    }
    assert_eq!(world.sim.record_count("Leads"), 190);
}

#[tokio::test]
async fn continues_with_the_next_job_after_a_lost_result() {
    let world = empty().await;
    let api = world.api().await;
    world.sim.bulk_faults().writes().expire_result();
    let mut outcomes = write(&api).await.unwrap().outcomes();
    let error = outcomes.next().await.unwrap().unwrap_err();
    assert_eq!(BulkPosition::of(&error).unwrap().part, 1);
    let rest = outcomes.collect().await.unwrap();
    assert_eq!(rest.len(), 150);
    assert_eq!(rest[0].index, 100);
}

const CREATE: &str = "/crm/bulk/{version}/write";

#[tokio::test]
async fn never_sends_a_create_twice_after_a_lost_answer() {
    let world = empty().await;
    let api = world.api().await;
    world.sim.faults().on_operation(CREATE).after_executing().reset();
    let lost = write(&api).await.unwrap_err();
    assert_eq!(lost.outcome(), Outcome::Unknown);
    let shown = lost.to_string();
    assert!(shown.contains("job of part 1 (records from 0 to 99; the job may exist"), "{shown}");
    assert_eq!(world.calls("POST", "/write"), 1);

    world.sim.faults().on_operation(CREATE).skip(1).after_executing().reset();
    let jobs = write(&api).await.unwrap();
    assert_eq!((jobs.jobs().len(), jobs.records()), (1, 250));
    assert_eq!(jobs.failure().unwrap().outcome(), Outcome::Unknown);
    assert_eq!(world.calls("POST", "/write"), 3);
    let mut outcomes = jobs.outcomes();
    for _ in 0..100 {
        assert!(outcomes.next().await.unwrap().unwrap().is_written());
    }
    let last = outcomes.next().await.unwrap().unwrap_err();
    assert!(last.to_string().contains("records from 100 to 199"), "{last}");
    assert!(outcomes.next().await.is_none());
}

#[tokio::test]
async fn repeats_an_interrupted_upload_and_creates_no_job_after_a_refused_one() {
    let world = empty().await;
    let api = world.api().await;
    let uploads = || world.sim.faults().on_operation("/crm/{version}/upload");
    uploads().skip(1).after_executing().reset();
    let jobs = write(&api).await.unwrap();
    assert_eq!(jobs.outcomes().collect().await.unwrap().len(), 250);
    assert_eq!(world.calls("POST", "/upload"), 4);
    for (status, code) in
        [(413, "FILE_TOO_LARGE"), (400, "INVALID_DATA"), (400, "INVALID_FILE_FORMAT")]
    {
        let before = world.calls("POST", "/write");
        uploads().skip(2).zoho_error(status, code);
        let refused = write(&api).await.unwrap_err();
        assert_eq!(refused.code().unwrap().as_str(), code);
        assert!(refused.to_string().contains("the upload of part 3"), "{refused}");
        assert_eq!(world.calls("POST", "/write"), before);
    }
}
