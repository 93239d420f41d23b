//! The records that the queries read.

use std::collections::BTreeMap;
use std::time::Duration;

use chrono::{TimeZone, Utc};
use serde_json::{Value, json};
use zcrm_sim::{Builder, ClockMode, CoqlOptions, FieldKind, FieldSpec, Simulator};

use crate::client::{Http, Reply};

/// A simulator with records, and their ids by name.
pub(crate) struct Data {
    pub(crate) http: Http,
    pub(crate) ids: BTreeMap<String, String>,
}

impl Data {
    pub(crate) async fn new() -> Self {
        Self::with(CoqlOptions::default()).await
    }

    pub(crate) async fn with(options: CoqlOptions) -> Self {
        let sim = builder(options).start().await.unwrap();
        let mut data = Self { http: Http::logged_in(&sim).await, ids: BTreeMap::new() };
        data.fill().await;
        data
    }

    /// Replaces `{name}` by the id.
    pub(crate) fn fill_in(&self, text: &str) -> String {
        let replace =
            |text: String, (name, id): (&String, &String)| text.replace(&format!("{{{name}}}"), id);
        self.ids.iter().fold(text.to_owned(), replace)
    }

    pub(crate) async fn run(&self, version: &str, query: &str) -> Reply {
        let body = json!({ "select_query": self.fill_in(query) });
        self.http.post(&format!("/crm/{version}/coql"), &body).await
    }

    /// Returns the values of a column in all rows.
    pub(crate) async fn column(&self, column: &str, query: &str) -> Vec<Value> {
        let reply = self.run("v8", query).await;
        if reply.status == 204 {
            return Vec::new();
        }
        assert_eq!(reply.status, 200, "{query}: {}", reply.text());
        reply.rows().iter().map(|row| row[column].clone()).collect()
    }

    pub(crate) async fn refused(&self, query: &str) -> (u16, String, Value) {
        let reply = self.run("v8", query).await;
        let body: Value = serde_json::from_slice(&reply.body).unwrap_or_default();
        (
            reply.status,
            body["code"].as_str().unwrap_or_default().to_owned(),
            body["details"].clone(),
        )
    }

    async fn fill(&mut self) {
        let http = self.http.clone();
        let users = http.get("/crm/v8/users?type=AllUsers").await.rows();
        for user in &users {
            let name = user["first_name"].as_str().unwrap().to_lowercase();
            self.ids.insert(name, user["id"].as_str().unwrap().to_owned());
        }
        let views = http.get("/crm/v8/settings/custom_views?module=Leads").await.rows();
        for view in &views {
            self.note(view["name"].as_str().unwrap(), &view["id"]);
        }
        let top = http.get("/crm/v8/settings/territories").await.rows()[0]["id"].clone();
        let north = json!({ "territories": [{ "name": "North", "reporting_to": { "id": top } }] });
        let north = http.post("/crm/v8/settings/territories", &north).await;
        self.ids.insert("North".into(), north.id(0));
        self.add(
            "Accounts",
            "Account_Name",
            &json!([
                { "Account_Name": "King", "Industry": "Education", "Annual_Revenue": 1000,
                  "External_Account_ID": "KingExternal" },
            ]),
        )
        .await;
        let king = self.ids["King"].clone();
        self.add(
            "Accounts",
            "Account_Name",
            &json!([
                { "Account_Name": "Zylker", "Parent_Account": { "id": king }, "Industry": "ASP",
                  "Annual_Revenue": 2500.5, "Account_Type": "Customer" },
                { "Account_Name": "O'Brien & Sons" },
            ]),
        )
        .await;
        let zylker = self.ids["Zylker"].clone();
        self.add(
            "Contacts",
            "First_Name",
            &json!([
                { "First_Name": "Ada", "Last_Name": "Boyle", "Account_Name": { "id": zylker },
                  "Email": "ada@example.com", "Lead_Source": "Advertisement",
                  "Department": "Engineering", "Date_of_Birth": "1990-05-17",
                  "Languages_Known": ["English", "German"] },
                { "First_Name": "Bruno", "Last_Name": "Boyle", "Account_Name": { "id": king },
                  "Lead_Source": "Trade Show", "Department": "Sales", "Date_of_Birth": "1985-01-01",
                  "Languages_Known": ["English"] },
                { "First_Name": "Chitra", "Last_Name": "Dey" },
            ]),
        )
        .await;
        let ada = self.ids["Ada"].clone();
        let (north, bruno) = (self.ids["North"].clone(), self.ids["bruno"].clone());
        let path = format!("/crm/v8/Contacts/{ada}/actions/assign_territories");
        let assigned =
            http.post(&path, &json!({ "data": [{ "Territories": [{ "id": north }] }] })).await;
        assert_eq!(assigned.status, 200, "{}", assigned.text());
        self.add(
            "Leads",
            "Last_Name",
            &json!([
                { "Last_Name": "Frey", "Company": "Dal", "Annual_Revenue": 200_000,
                  "No_of_Employees": 50, "Lead_Source": "Partner", "Email": "frey@example.com",
                  "Industry": "Education", "External": "yes" },
                { "Last_Name": "Tjepkema", "Company": "Grayson", "Annual_Revenue": 70_000,
                  "No_of_Employees": 5, "Lead_Source": "Advertisement",
                  "Email": "Tj@Example.com", "Owner": { "id": bruno } },
            ]),
        )
        .await;
        let frey = self.ids["Frey"].clone();
        self.add(
            "Tasks",
            "Subject",
            &json!([
                { "Subject": "Call back", "What_Id": { "id": frey }, "$se_module": "Leads" },
                { "Subject": "Send offer", "What_Id": { "id": zylker }, "$se_module": "Accounts" },
                { "Subject": "Rest", "Who_Id": { "id": ada } },
            ]),
        )
        .await;
        self.add(
            "Deals",
            "Deal_Name",
            &json!([
                { "Deal_Name": "House", "Stage": "Closed Won", "Amount": 500,
                  "Closing_Date": "2026-03-01", "Account_Name": { "id": zylker } },
                { "Deal_Name": "Boat", "Stage": "Qualification", "Amount": 1500.25,
                  "Closing_Date": "2026-04-15", "Account_Name": { "id": king } },
            ]),
        )
        .await;
        let note = json!({ "data": [{ "Note_Title": "First", "Note_Content": "Text" }] });
        let note = http.post(&format!("/crm/v8/Accounts/{king}/Notes"), &note).await;
        assert_eq!(note.status, 201, "{}", note.text());
        http.sim.advance(Duration::from_secs(3_000));
        self.add(
            "Leads",
            "Last_Name",
            &json!([
                { "Last_Name": "Kitzman", "Company": "Dal", "Annual_Revenue": 100_000,
                  "Lead_Source": "Advertisement", "Email_Opt_Out": true, "Owner": { "id": bruno } },
                { "Last_Name": "Sage", "Company": "Abc", "No_of_Employees": 0,
                  "Owner": { "id": bruno } },
            ]),
        )
        .await;
    }

    fn note(&mut self, name: &str, id: &Value) {
        self.ids.insert(name.to_owned(), id.as_str().unwrap().to_owned());
    }

    async fn add(&mut self, module: &str, name: &str, rows: &Value) {
        let reply = self.http.post(&format!("/crm/v8/{module}"), &json!({ "data": rows })).await;
        assert_eq!(reply.status, 201, "{}", reply.text());
        for (index, row) in rows.as_array().unwrap().iter().enumerate() {
            self.ids.insert(row[name].as_str().unwrap().to_owned(), reply.id(index));
        }
    }
}

fn builder(options: CoqlOptions) -> Builder {
    let noon = Utc.with_ymd_and_hms(2026, 7, 8, 12, 0, 0).unwrap();
    Simulator::builder()
        .clock(ClockMode::Frozen(noon))
        .seed(7)
        .user("patricia@example.com")
        .user("bruno@example.com")
        .field("Contacts", FieldSpec::new("Languages_Known", FieldKind::MultiPicklist))
        .field("Leads", FieldSpec::new("External", FieldKind::Text))
        .field("Leads", FieldSpec::multi_lookup("Partners", "Accounts"))
        .field("Accounts", FieldSpec::new("External_Account_ID", FieldKind::Text).external())
        .coql(options)
}
