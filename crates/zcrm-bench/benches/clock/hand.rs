//! A client as people write it by hand: reqwest, and `serde_json::Value` accessed by name.

use reqwest::{Client, Url};
use serde_json::{Value, json};
use zcrm_bench::{
    BoxError, baseline,
    child::ServerAddress,
    data::{self, Lead, NewLead},
};

use zcrm::Module as _;

pub(crate) struct Hand {
    client: Client,
    origin: String,
    fields: String,
}

impl Hand {
    pub(crate) fn new(place: &ServerAddress) -> Result<Self, BoxError> {
        let client = Client::builder().tls_backend_preconfigured(baseline::tls(place)?).build()?;
        Ok(Self { client, origin: place.origin.clone(), fields: Lead::FIELDS.join(",") })
    }

    fn authorization() -> String {
        format!("Zoho-oauthtoken {}", baseline::TOKEN)
    }

    async fn read(&self, url: Url) -> Result<Value, BoxError> {
        let request = self.client.get(url).header("Authorization", Self::authorization());
        Ok(request.send().await?.error_for_status()?.json().await?)
    }

    pub(crate) async fn get(&self) -> Result<String, BoxError> {
        let url = format!("{}/crm/v8/Contacts/{}", self.origin, data::ID).parse()?;
        let found = self.read(url).await?;
        let name = found.pointer("/data/0/Last_Name").and_then(Value::as_str);
        Ok(name.ok_or("no name")?.to_owned())
    }

    pub(crate) async fn page(&self, number: u64, slow: bool) -> Result<usize, BoxError> {
        let mut url: Url = format!("{}/crm/v8/Leads", self.origin).parse()?;
        url.query_pairs_mut()
            .append_pair("page", &number.to_string())
            .append_pair("fields", &self.fields);
        if slow {
            url.query_pairs_mut().append_pair("slow", "true");
        }
        let found = self.read(url).await?;
        let records = found.get("data").and_then(Value::as_array).ok_or("no records")?;
        Ok(records.iter().filter(|record| record.get("Last_Name").is_some()).count())
    }

    pub(crate) async fn create(&self, leads: &[NewLead]) -> Result<usize, BoxError> {
        let request = self
            .client
            .post(format!("{}/crm/v8/Leads", self.origin))
            .header("Authorization", Self::authorization())
            .json(&json!({ "data": leads }));
        let done: Value = request.send().await?.error_for_status()?.json().await?;
        let outcomes = done.get("data").and_then(Value::as_array).ok_or("no outcomes")?;
        Ok(outcomes.iter().filter(|one| one.get("status") == Some(&json!("success"))).count())
    }
}
