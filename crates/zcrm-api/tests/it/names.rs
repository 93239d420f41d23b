//! Names that are known only at run time: of modules, related lists and path parameters.

use std::borrow::Cow;

use zcrm_api::{Api, operations::NOTES_LIST_OF_RECORD};
use zcrm_core::{ApiVersion, ErrorKind, ModuleName};

use crate::canned::replying;

/// Creates an API for previews.
fn idle() -> Api {
    replying(ApiVersion::V8, 204, &[], "")
}

/// Returns the URIs of all requests that take a name, with names borrowed from the caller.
fn uris_of(api: &Api, module: &str, list: &str) -> Vec<String> {
    let records = api.records(module).get("1").preview().unwrap();
    let record = api.record(module, "1").get().preview().unwrap();
    let metadata = api.module(module).get().preview().unwrap();
    let listed = api.modules().get(module).preview().unwrap();
    let related = api.record(module, "1").related(list).list().fields(["id"]).preview().unwrap();
    let call = api.call(&NOTES_LIST_OF_RECORD).param("fields", "id");
    let call =
        call.path(&format!("{}ule", "mod"), module).path_id(&["record", "id"].join("_"), "1");
    let call = call.preview().unwrap();
    [records, record, metadata, listed, related, call]
        .map(|request| request.uri().to_string())
        .into()
}

#[test]
fn accepts_borrowed_names() {
    let (module, list) = (["Le", "ads"].concat(), ["Camp", "aigns"].concat());
    assert_eq!(
        uris_of(&idle(), &module, &list),
        [
            "/crm/v8/Leads/1",
            "/crm/v8/Leads/1",
            "/crm/v8/settings/modules/Leads",
            "/crm/v8/settings/modules/Leads",
            "/crm/v8/Leads/1/Campaigns?fields=id",
            "/crm/v8/Leads/1/Notes?fields=id",
        ]
    );
}

#[test]
fn accepts_names_as_any_string_type() {
    let api = idle();
    let text = String::from("Leads");
    let name = ModuleName::from(&text);
    let handles = [
        api.records(&text),
        api.records(text.as_str()),
        api.records(Cow::Borrowed(text.as_str())),
        api.records(Cow::<'static, str>::Owned(text.clone())),
        api.records(text.clone().into_boxed_str()),
        api.records(&name),
        api.records(name),
        api.records(text),
    ];
    assert!(handles.iter().all(|records| records.module() == "Leads"));
}

#[test]
fn refuses_an_invalid_name_before_sending() {
    for wrong in ["", "..", "Leads/1", "Leads?x=1", "Léads"] {
        let wrong = wrong.to_owned();
        let errors = [
            idle().records(&wrong).get("1").preview().unwrap_err(),
            idle().module(&wrong).get().preview().unwrap_err(),
            idle()
                .record("Leads", "1")
                .related(&wrong)
                .list()
                .fields(["id"])
                .preview()
                .unwrap_err(),
        ];
        assert!(errors.iter().all(|error| error.kind() == ErrorKind::Input), "{errors:?}");
    }
}

#[test]
fn names_an_unknown_path_parameter() {
    let call = idle().call(&NOTES_LIST_OF_RECORD).path("record", "1");
    let error = call.preview().unwrap_err().to_string();
    assert!(error.contains("no `record` in its path"), "{error}");
}
