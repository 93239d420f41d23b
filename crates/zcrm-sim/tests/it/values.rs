//! Values of fields: rows, line items, people, taxes, files and computed values.

use serde_json::{Value, json};
use zcrm_sim::{FieldKind, FieldSpec, ModuleSpec, Simulator};

use crate::client::Http;

const VERSIONS: [&str; 2] = ["v2", "v8"];

fn data(row: Value) -> Value {
    json!({ "data": [row] })
}

async fn http() -> Http {
    Http::logged_in(&Simulator::start().await.unwrap()).await
}

/// A client of one version and one of its modules.
struct At<'a> {
    http: &'a Http,
    version: &'a str,
}

impl At<'_> {
    async fn create(&self, module: &str, row: Value) -> String {
        let reply = self.http.post(&format!("/crm/{}/{module}", self.version), &data(row)).await;
        assert_eq!(reply.status, 201, "{}", reply.json());
        reply.id(0)
    }

    async fn refused(&self, module: &str, row: Value) -> (String, Value) {
        let reply = self.http.post(&format!("/crm/{}/{module}", self.version), &data(row)).await;
        let row = reply.rows()[0].clone();
        (row["code"].as_str().unwrap().to_owned(), row["details"].clone())
    }

    async fn update(&self, module: &str, id: &str, row: Value) {
        let path = format!("/crm/{}/{module}/{id}", self.version);
        let reply = self.http.put(&path, &data(row)).await;
        assert_eq!(reply.status, 200, "{}", reply.json());
    }

    async fn read(&self, module: &str, id: &str) -> Value {
        self.http.get(&format!("/crm/{}/{module}/{id}", self.version)).await.rows()[0].clone()
    }
}

#[tokio::test]
async fn computes_the_totals_of_line_items() {
    for version in VERSIONS {
        let http = &http().await;
        let at = At { http, version };
        let product =
            at.create("Products", json!({ "Product_Name": "Bolt", "Unit_Price": 4 })).await;
        let product = json!({ "id": product });
        let (items, line, keys) = if version == "v2" {
            let line = json!({
                "product": product, "quantity": 1.5, "list_price": 100, "Discount": "10%",
                "line_tax": [{ "name": "Sales Tax", "percentage": 10 }],
            });
            (
                "Product_Details",
                line,
                ["quantity", "total", "total_after_discount", "net_total", "line_tax"],
            )
        } else {
            let line = json!({
                "Product_Name": product, "Quantity": 1.5, "List_Price": 100, "Discount": "10%",
                "Line_Tax": [{ "name": "Sales Tax", "percentage": 10 }],
            });
            (
                "Quoted_Items",
                line,
                ["Quantity", "Total", "Total_After_Discount", "Net_Total", "Line_Tax"],
            )
        };
        let name = if version == "v2" { "product" } else { "Product_Name" };
        let quote = json!({
            "Subject": "Q", items: [line, { name: product }], "Discount": 2.5, "Adjustment": -1,
        });
        let quote = at.create("Quotes", quote).await;
        let read = at.read("Quotes", &quote).await;
        let row = &read[items][0];
        let values = keys.map(|key| row[key].clone());
        assert_eq!(values[..4], [json!(1.5), json!(150), json!(135), json!(148.5)]);
        assert_eq!(
            (&values[4][0]["name"], &values[4][0]["value"]),
            (&json!("Sales Tax"), &json!(13.5))
        );
        assert_eq!(row["Tax"], 13.5);
        assert_eq!(row[name]["name"], "Bolt");
        // The second line has quantity one and the product's price.
        assert_eq!(read[items][1][keys[3]], 4);
        assert_eq!((&read["Sub_Total"], &read["Grand_Total"]), (&json!(152.5), &json!(149)));
        assert_eq!(read["$line_tax"][0]["value"], 13.5);
        let (code, details) = at.refused("Quotes", json!({ "Subject": "Q", items: [{}] })).await;
        assert_eq!((code.as_str(), &details["api_name"]), ("MANDATORY_NOT_FOUND", &json!(name)));
        if version == "v8" {
            assert_eq!(details["json_path"], "$.data[0].Quoted_Items[0].Product_Name");
        }
        let wrong = json!({ "Subject": "Q", items: [{ name: product, "Discount": "much" }] });
        assert_eq!(at.refused("Quotes", wrong).await.0, "INVALID_DATA");
        let tax = if version == "v2" { "line_tax" } else { "Line_Tax" };
        let wrong = json!({ "Subject": "Q", items: [{ name: product, tax: [{ "name": "No" }] }] });
        assert_eq!(at.refused("Quotes", wrong).await.0, "INVALID_DATA");
    }
}

#[tokio::test]
async fn checks_subform_columns_and_identifies_rows() {
    for version in VERSIONS {
        let columns = [
            FieldSpec::new("Room", FieldKind::Text).mandatory().max_length(5),
            FieldSpec::new("Area", FieldKind::Double),
            FieldSpec::new("Seen", FieldKind::Boolean).default_value(false),
        ];
        let houses = ModuleSpec::new("Houses")
            .field(FieldSpec::new("Name", FieldKind::Text).mandatory())
            .field(FieldSpec::subform("Rooms", columns));
        let sim = Simulator::builder().module(houses).start().await.unwrap();
        let http = &Http::logged_in(&sim).await;
        let at = At { http, version };
        let rows = json!([{ "Room": "Hall", "Area": 7.25, "No": 1 }, { "Room": "Attic" }]);
        let id = at.create("Houses", json!({ "Name": "Mill", "Rooms": rows })).await;
        let rooms = async || at.read("Houses", &id).await["Rooms"].as_array().unwrap().clone();
        let first = rooms().await;
        assert_eq!(
            first[0],
            json!({ "id": first[0]["id"], "Room": "Hall", "Area": 7.25, "Seen": false })
        );
        for (row, code, place) in [
            (json!({ "Area": 1 }), "MANDATORY_NOT_FOUND", "Room"),
            (json!({ "Room": "Kitchen" }), "INVALID_DATA", "Room"),
            (json!({ "Room": "Hall", "Area": "big" }), "INVALID_DATA", "Area"),
            (json!({ "id": "77", "Room": "Hall" }), "INVALID_DATA", "id"),
        ] {
            let (found, details) =
                at.refused("Houses", json!({ "Name": "M", "Rooms": [row] })).await;
            assert_eq!((found.as_str(), &details["api_name"]), (code, &json!(place)));
        }
        // A row with its id is updated. Omitted rows are removed in v2 and kept in v8.
        at.update("Houses", &id, json!({ "Rooms": [{ "id": first[1]["id"], "Area": 3 }] })).await;
        let second = rooms().await;
        let names: Vec<&Value> = second.iter().map(|row| &row["Room"]).collect();
        if version == "v2" {
            assert_eq!(names, ["Attic"]);
            // The member that deletes a row exists only in the versions that append.
            let row = json!({ "id": second[0]["id"], "_delete": null });
            at.update("Houses", &id, json!({ "Rooms": [row] })).await;
        } else {
            assert_eq!(names, ["Hall", "Attic"]);
            let gone = json!({ "Rooms": [{ "id": first[0]["id"], "_delete": null }] });
            at.update("Houses", &id, gone).await;
        }
        let third = rooms().await;
        assert_eq!((third.len(), &third[0]["Area"]), (1, &json!(3)));
        at.update("Houses", &id, json!({ "Rooms": [] })).await;
        assert_eq!(rooms().await, Vec::<Value>::new());
    }
}

#[tokio::test]
async fn a_record_has_the_tags_of_its_module() {
    for version in VERSIONS {
        let http = &http().await;
        let at = At { http, version };
        let tags = json!([{ "name": "hot" }, { "name": "HOT" }, { "name": "big" }]);
        let id = at.create("Leads", json!({ "Last_Name": "A", "Tag": tags })).await;
        let read = at.read("Leads", &id).await["Tag"].clone();
        let names: Vec<&Value> = read.as_array().unwrap().iter().map(|tag| &tag["name"]).collect();
        assert_eq!(names, ["hot", "big"]);
        assert_eq!(read[0].get("color_code").is_some(), version == "v8");
        let all = http.get(&format!("/crm/{version}/settings/tags?module=Leads")).await.rows();
        assert_eq!(all.len(), 2);
        at.update("Leads", &id, json!({ "Tag": [{ "id": read[1]["id"] }] })).await;
        assert_eq!(at.read("Leads", &id).await["Tag"], json!([read[1]]));
        let many: Vec<Value> = (0..11).map(|n| json!({ "name": format!("t{n}") })).collect();
        let row = json!({ "Last_Name": "A", "Tag": many });
        assert_eq!(at.refused("Leads", row).await.0, "LIMIT_EXCEEDED");
        let row = json!({ "Last_Name": "A", "Tag": [{ "name": "x".repeat(26) }] });
        assert_eq!(at.refused("Leads", row).await.0, "INVALID_DATA");
    }
}

#[tokio::test]
async fn events_have_participants_and_recur() {
    for version in VERSIONS {
        let http = &http().await;
        let at = At { http, version };
        let contact = json!({ "Last_Name": "Burns", "Email": "burns@example.com" });
        let contact = at.create("Contacts", contact).await;
        let account = at.create("Accounts", json!({ "Account_Name": "Zylker" })).await;
        let event = json!({
            "Event_Title": "E",
            "Start_DateTime": "2026-01-01T10:00:00+00:00",
            "End_DateTime": "2026-01-01T11:00:00+00:00",
            "Participants": [
                { "type": "contact", "participant": contact, "invited": true },
                { "type": "email", "participant": "guest@example.com" },
            ],
            "Recurring_Activity": { "RRULE": "FREQ=DAILY;INTERVAL=10;UNTIL=2026-08-29" },
            "Remind_At": "2026-01-01T09:45:00+00:00",
            "What_Id": { "id": account },
            "$se_module": "Accounts",
        });
        let id = at.create("Events", event.clone()).await;
        let read = at.read("Events", &id).await;
        let people = &read["Participants"];
        assert_eq!(
            (&people[0]["name"], &people[0]["Email"]),
            (&json!("Burns"), &json!("burns@example.com"))
        );
        assert_eq!(
            (&people[1]["Email"], &people[1]["invited"]),
            (&json!("guest@example.com"), &json!(false))
        );
        assert_eq!(read["Recurring_Activity"], event["Recurring_Activity"]);
        assert_eq!(
            (&read["What_Id"]["name"], &read["$se_module"]),
            (&json!("Zylker"), &json!("Accounts"))
        );
        assert_eq!(read["All_day"], false);
        for (key, value) in [
            ("Participants", json!([{ "type": "animal", "participant": "1" }])),
            ("Participants", json!([{ "type": "contact", "participant": "77" }])),
            ("Recurring_Activity", json!({ "RRULE": "sometimes" })),
            ("Remind_At", json!("soon")),
            ("End_DateTime", json!("2026-01-01")),
        ] {
            let mut event = event.clone();
            event[key] = value;
            assert_eq!(at.refused("Events", event).await.0, "INVALID_DATA", "{key}");
        }
        let mut nowhere = event.clone();
        nowhere.as_object_mut().unwrap().remove("$se_module");
        let (code, details) = at.refused("Events", nowhere).await;
        assert_eq!(
            (code.as_str(), &details["api_name"]),
            ("MANDATORY_NOT_FOUND", &json!("$se_module"))
        );
    }
}

#[tokio::test]
async fn tasks_have_reminders_and_price_books_have_ranges() {
    for version in VERSIONS {
        let http = &http().await;
        let at = At { http, version };
        let alarm = json!({ "ALARM": "FREQ=NONE;ACTION=EMAIL;TRIGGER=DATE-TIME:2026-08-30T15:00:00+05:30" });
        let task = at.create("Tasks", json!({ "Subject": "T", "Remind_At": alarm })).await;
        let read = at.read("Tasks", &task).await;
        assert_eq!((&read["Remind_At"], &read["Status"]), (&alarm, &json!("Not Started")));
        let wrong = json!({ "Subject": "T", "Remind_At": { "ALARM": 5 } });
        assert_eq!(at.refused("Tasks", wrong).await.0, "INVALID_DATA");

        let book = json!({
            "Price_Book_Name": "B", "Pricing_Model": "Flat",
            "Pricing_Details": [{ "from_range": 1, "to_range": 100, "discount": 12.5 }],
        });
        let book = at.create("Price_Books", book).await;
        let read = at.read("Price_Books", &book).await;
        assert_eq!(read["Pricing_Details"][0]["discount"], 12.5);
        assert_eq!(read["Active"], true);
        let wrong = json!({ "Price_Book_Name": "C", "Pricing_Details": [{ "discount": "x" }] });
        assert_eq!(at.refused("Price_Books", wrong).await.0, "INVALID_DATA");
    }
}

#[tokio::test]
async fn the_taxes_of_a_product_depend_on_the_version() {
    for version in VERSIONS {
        let http = &http().await;
        let at = At { http, version };
        let given =
            if version == "v2" { json!(["Vat"]) } else { json!([{ "value": "Vat - 8.5 %" }]) };
        let id = at.create("Products", json!({ "Product_Name": "P", "Tax": given })).await;
        let read = at.read("Products", &id).await["Tax"].clone();
        if version == "v2" {
            assert_eq!(read, given);
        } else {
            assert_eq!(read[0]["value"], "Vat - 8.5 %");
        }
        // The value that was read can be written.
        at.update("Products", &id, json!({ "Tax": read })).await;
        assert_eq!(at.read("Products", &id).await["Tax"], read);
        let wrong = json!({ "Product_Name": "P", "Tax": ["None such"] });
        assert_eq!(at.refused("Products", wrong).await.0, "INVALID_DATA");
    }
}

#[tokio::test]
async fn fields_hold_lists_of_files_lookups_and_users() {
    for version in VERSIONS {
        let houses = ModuleSpec::new("Houses")
            .field(FieldSpec::new("Name", FieldKind::Text).mandatory())
            .field(FieldSpec::new("Plans", FieldKind::File))
            .field(FieldSpec::multi_lookup("Buyers", "Contacts"))
            .field(FieldSpec::new("Agents", FieldKind::MultiUserLookup))
            .field(FieldSpec::new("Colours", FieldKind::MultiPicklist))
            .field(FieldSpec::new("Number", FieldKind::AutoNumber).read_only())
            .layout("Second");
        let sim = Simulator::builder().module(houses).start().await.unwrap();
        let http = &Http::logged_in(&sim).await;
        let at = At { http, version };
        let uploaded = http.upload(&format!("/crm/{version}/files"), &[("a b.pdf", b"plan")]).await;
        assert_eq!(uploaded.status, 200);
        let file = uploaded.id(0);
        let contact = at.create("Contacts", json!({ "Last_Name": "Burns" })).await;
        let me = http.get("/crm/v8/users?type=CurrentUser").await.rows()[0]["id"].clone();
        let layouts =
            http.get(&format!("/crm/{version}/settings/layouts?module=Houses")).await.rows();
        let plans = if version == "v2" { json!([file]) } else { json!([{ "File_Id__s": file }]) };
        let house = json!({
            "Name": "Mill", "Plans": plans, "Buyers": [{ "Buyers": { "id": contact } }],
            "Agents": [{ "id": me }], "Colours": ["red"], "Layout": { "id": layouts[1]["id"] },
        });
        let id = at.create("Houses", house).await;
        let read = at.read("Houses", &id).await;
        let name = if version == "v2" { "file_Name" } else { "File_Name__s" };
        assert_eq!(read["Plans"][0][name], "a b.pdf");
        let row = if version == "v2" { "attachment_Id" } else { "id" };
        let row = read["Plans"][0][row].as_str().unwrap();
        let download = format!("/crm/{version}/Houses/{id}/actions/download_fields_attachment");
        let plan = http.get(&format!("{download}?fields_attachment_id={row}")).await;
        assert_eq!((plan.status, plan.body.as_ref()), (200, b"plan".as_slice()));
        let none = http.get(&format!("{download}?fields_attachment_id=77")).await;
        assert_eq!(none.code(), "INVALID_DATA");
        assert_eq!(read["Buyers"][0]["Buyers"]["name"], "Burns");
        assert_eq!(read["Agents"][0]["email"], "patricia@example.com");
        assert_eq!((&read["Number"], &read["Layout"]["name"]), (&json!("1"), &json!("Second")));
        at.update(
            "Houses",
            &id,
            json!({ "Colours": ["blue"], "$append_values": { "Colours": true } }),
        )
        .await;
        assert_eq!(at.read("Houses", &id).await["Colours"], json!(["red", "blue"]));
        for (key, value) in [
            (
                "Plans",
                if version == "v2" { json!(["no"]) } else { json!([{ "File_Id__s": "no" }]) },
            ),
            ("Buyers", json!([{ "Buyers": { "id": "77" } }])),
            ("Agents", json!([{ "id": "77" }])),
            ("Colours", json!("red")),
            ("Layout", json!({ "id": "77" })),
        ] {
            let (code, _) = at.refused("Houses", json!({ "Name": "M", key: value })).await;
            assert_eq!(code, "INVALID_DATA", "{key}");
        }
        let second = at.create("Houses", json!({ "Name": "Barn" })).await;
        assert_eq!(at.read("Houses", &second).await["Number"], "2");
    }
}

#[tokio::test]
async fn computes_currencies_rates_and_probabilities() {
    for version in VERSIONS {
        let http = &http().await;
        let at = At { http, version };
        let deal = json!({ "Deal_Name": "D", "Stage": "Needs Analysis", "Amount": 50 });
        let id = at.create("Deals", deal).await;
        let read = at.read("Deals", &id).await;
        assert_eq!((&read["Probability"], &read["Expected_Revenue"]), (&json!(20), &json!(10)));
        assert_eq!(
            (&read["Currency"], &read["Exchange_Rate"], &read["$currency_symbol"]),
            (&json!("USD"), &json!(1), &json!("$"))
        );
        at.update("Deals", &id, json!({ "Stage": "Closed Won", "Currency": "EUR" })).await;
        let read = at.read("Deals", &id).await;
        assert_eq!((&read["Probability"], &read["Expected_Revenue"]), (&json!(100), &json!(50)));
        assert_eq!(
            (&read["Exchange_Rate"], &read["$currency_symbol"]),
            (&json!(0.9), &json!("\u{20ac}"))
        );
        let wrong = json!({ "Deal_Name": "D", "Stage": "X", "Currency": "XXX" });
        assert_eq!(at.refused("Deals", wrong).await.0, "INVALID_DATA");
    }
}
