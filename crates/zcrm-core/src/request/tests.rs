//! Tests of the requests that a builder builds.

use proptest::prelude::*;

use super::*;
use crate::{CallMeta, ErrorKind};

const GET: Operation = Operation::get("/{module}/{id}").id("records.get").query(&["fields"]);
const INSERT: Operation = Operation::post("/{module}").id("records.create");

fn refused(builder: RequestBuilder) -> String {
    let error = builder.build().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Input);
    error.to_string()
}

#[test]
fn names_the_first_error_when_a_request_is_built() {
    let get = || GET.request(ApiVersion::V8).path("module", "Leads");
    assert!(refused(get()).contains("`id`"));
    assert!(refused(get().path("record", "1")).contains("`record`"));
    for dots in ["", ".", ".."] {
        assert!(refused(get().path("id", dots)).contains("`id`"));
    }
    assert!(refused(get().path_id("id", &"a/b".into())).contains("a/b"));
    let whole = || get().path("id", "1");
    assert!(refused(whole().query("feilds", "x")).contains("`feilds`"));
    assert!(refused(whole().query("fields", "x").query("fields", "y")).contains("twice"));
    assert!(refused(whole().json(&1)).contains("no body"));
    for name in ["authorization", "Host", "content-length", "Transfer-Encoding", "proxy-x"] {
        let said = refused(whole().header(name, "3"));
        assert!(said.contains(&name.to_lowercase()), "{said}");
    }
    assert!(refused(whole().header("x-a", "a\nb")).contains("x-a"));
    let post = INSERT.request(ApiVersion::V8).path("module", "Leads");
    assert!(refused(post).contains("needs a body"));
}

#[test]
fn sends_one_content_type_and_keeps_that_of_an_upload() {
    const CREATE: Operation = Operation::post("/x").body(BodyShape::Json);
    const UPLOAD: Operation = Operation::post("/x").body(BodyShape::Multipart("file"));
    let create = CREATE.request(ApiVersion::V8).json_bytes("{}");
    let request = create.header("Content-Type", "application/vnd.x+json").build().unwrap();
    let kinds: Vec<_> = request.headers().get_all("content-type").iter().collect();
    assert_eq!(kinds, ["application/vnd.x+json"]);
    let upload = UPLOAD.request(ApiVersion::V8).file("a", "text/csv", "");
    assert!(refused(upload.header("content-type", "text/csv")).contains("content-type"));
}

#[test]
fn refuses_a_version_without_the_operation() {
    const COMPOSITE: Operation = Operation::get("/x").since(ApiVersion::V3);
    let error = refused(COMPOSITE.request(ApiVersion::V2_1));
    assert!(error.contains("v3") && error.contains("v2.1"), "{error}");
}

#[test]
fn adds_an_unknown_parameter_unchecked() {
    let request = GET
        .request(ApiVersion::V2)
        .path("module", "Leads")
        .path("id", "1")
        .query_unchecked("new", "1")
        .build()
        .unwrap();
    assert_eq!(request.uri(), "/crm/v2/Leads/1?new=1");
    assert_eq!(request.extensions().get::<CallMeta>().unwrap().operation(), "records.get");
}

proptest! {
    #[test]
    fn encodes_values_so_that_they_decode_unchanged(path in "\\PC{1,20}", value in "\\PC{0,40}") {
        prop_assume!(path != "." && path != "..");
        let request = GET
            .request(ApiVersion::V8)
            .path("module", &path)
            .path("id", "1")
            .query("fields", &value)
            .build()
            .unwrap();
        let decode = |text: &str| {
            percent_encoding::percent_decode_str(text).decode_utf8().unwrap().into_owned()
        };
        let segments: Vec<&str> = request.uri().path().split('/').collect();
        prop_assert_eq!(segments.len(), 5);
        prop_assert_eq!(decode(segments[3]), path);
        let query = request.uri().query().unwrap();
        prop_assert!(!query.contains(['&', '+', '#']));
        prop_assert_eq!(decode(query.strip_prefix("fields=").unwrap()), value);
    }
}
