//! The standard modules that an organisation starts with.

use super::kind::FieldKind::{
    Boolean, Currency, Date, DateTime, Discount, Double, Email, Integer, Lookup, Participants,
    Phone, Recurrence, Reminder, Taxes, Territories, Text, Textarea, Website,
};
use super::spec::{FieldSpec, ModuleSpec};

const SOURCES: [&str; 5] = ["Advertisement", "Cold Call", "Partner", "Trade Show", "Web Research"];
const INDUSTRIES: [&str; 4] = ["ASP", "Communications", "Education", "Financial Services"];
const PRIORITIES: [&str; 5] = ["High", "Highest", "Low", "Lowest", "Normal"];
const TASK_STATES: [&str; 4] = ["Not Started", "Deferred", "In Progress", "Completed"];
const STAGES: [&str; 6] = [
    "Qualification",
    "Needs Analysis",
    "Proposal/Price Quote",
    "Negotiation/Review",
    "Closed Won",
    "Closed Lost",
];

/// Returns every standard module, with its fields.
pub(crate) fn standard_modules() -> Vec<ModuleSpec> {
    let mut modules = Vec::from(people_and_companies());
    modules.extend(activities());
    modules.extend(inventory());
    modules.extend(support());
    modules.push(notes());
    modules
}

fn people_and_companies() -> [ModuleSpec; 5] {
    let leads = person(module("Leads", "Lead", "Full_Name", &["Email"]))
        .field(text("Company", 200))
        .field(text("Designation", 100))
        .field(FieldSpec::new("Website", Website))
        .field(FieldSpec::picklist("Lead_Source", SOURCES))
        .field(FieldSpec::picklist(
            "Lead_Status",
            ["Attempted to Contact", "Contacted", "Junk Lead", "Not Contacted", "Pre-Qualified"],
        ))
        .field(FieldSpec::picklist("Industry", INDUSTRIES))
        .field(FieldSpec::new("No_of_Employees", Integer))
        .field(FieldSpec::new("Annual_Revenue", Currency))
        .field(FieldSpec::new("Territories", Territories));
    let leads = priced(leads);
    let contacts = person(module("Contacts", "Contact", "Full_Name", &["Email"]))
        .field(FieldSpec::lookup("Account_Name", "Accounts"))
        .field(FieldSpec::lookup("Reporting_To", "Contacts"))
        .field(text("Title", 100))
        .field(text("Department", 50))
        .field(FieldSpec::new("Date_of_Birth", Date))
        .field(FieldSpec::picklist("Lead_Source", SOURCES))
        .field(FieldSpec::new("Territories", Territories));
    let accounts = module("Accounts", "Account", "Account_Name", &["Account_Name"])
        .field(text("Account_Name", 200).mandatory())
        .field(text("Account_Number", 40))
        .field(FieldSpec::lookup("Parent_Account", "Accounts"))
        .field(FieldSpec::new("Phone", Phone))
        .field(FieldSpec::new("Website", Website))
        .field(FieldSpec::picklist("Account_Type", ["Analyst", "Customer", "Partner"]))
        .field(FieldSpec::picklist("Industry", INDUSTRIES))
        .field(FieldSpec::new("Employees", Integer))
        .field(FieldSpec::new("Annual_Revenue", Currency))
        .field(text("Billing_City", 100))
        .field(text("Billing_Country", 100))
        .field(FieldSpec::new("Territories", Territories))
        .field(description());
    let accounts = priced(accounts);
    let vendors = module("Vendors", "Vendor", "Vendor_Name", &["Vendor_Name"])
        .field(text("Vendor_Name", 120).mandatory())
        .field(FieldSpec::new("Email", Email))
        .field(FieldSpec::new("Phone", Phone))
        .field(FieldSpec::new("Website", Website))
        .field(description());
    let deals = module("Deals", "Deal", "Deal_Name", &["Deal_Name"])
        .field(text("Deal_Name", 120).mandatory())
        .field(FieldSpec::picklist("Stage", STAGES).mandatory())
        .field(FieldSpec::lookup("Account_Name", "Accounts"))
        .field(FieldSpec::lookup("Contact_Name", "Contacts"))
        .field(FieldSpec::new("Amount", Currency))
        .field(FieldSpec::new("Closing_Date", Date))
        .field(FieldSpec::new("Probability", Integer))
        .field(FieldSpec::new("Expected_Revenue", Currency).read_only())
        .field(FieldSpec::lookup("Campaign_Source", "Campaigns"))
        .field(FieldSpec::picklist("Lead_Source", SOURCES))
        .field(FieldSpec::new("Territories", Territories))
        .field(FieldSpec::picklist("Type", ["Existing Business", "New Business"]))
        .field(text("Next_Step", 100))
        .field(description());
    let deals = priced(deals);
    [leads, contacts, accounts, vendors, deals]
}

fn activities() -> [ModuleSpec; 4] {
    let tasks = module("Tasks", "Task", "Subject", &[])
        .field(text("Subject", 255).mandatory())
        .field(FieldSpec::new("Due_Date", Date))
        .field(FieldSpec::picklist("Status", TASK_STATES).default_value("Not Started"))
        .field(FieldSpec::picklist("Priority", PRIORITIES).default_value("High"))
        .field(FieldSpec::lookup("Who_Id", "Contacts"))
        .field(related_to())
        .field(FieldSpec::new("Remind_At", Reminder))
        .field(FieldSpec::new("Recurring_Activity", Recurrence))
        .field(FieldSpec::new("Closed_Time", DateTime).read_only())
        .field(description());
    let events = module("Events", "Meeting", "Event_Title", &[])
        .field(text("Event_Title", 255).mandatory())
        .field(FieldSpec::new("Start_DateTime", DateTime).mandatory())
        .field(FieldSpec::new("End_DateTime", DateTime).mandatory())
        .field(FieldSpec::new("All_day", Boolean).default_value(false))
        .field(text("Venue", 255))
        .field(FieldSpec::lookup("Who_Id", "Contacts"))
        .field(related_to())
        .field(FieldSpec::new("Participants", Participants))
        .field(FieldSpec::new("Remind_At", Reminder))
        .field(FieldSpec::new("Recurring_Activity", Recurrence))
        .field(description());
    let calls = module("Calls", "Call", "Subject", &[])
        .field(text("Subject", 255))
        .field(FieldSpec::picklist("Call_Type", ["Inbound", "Missed", "Outbound"]).mandatory())
        .field(FieldSpec::new("Call_Start_Time", DateTime).mandatory())
        .field(text("Call_Duration", 50))
        .field(text("Call_Purpose", 120))
        .field(FieldSpec::lookup("Who_Id", "Contacts"))
        .field(related_to())
        .field(description());
    let campaigns = module("Campaigns", "Campaign", "Campaign_Name", &["Campaign_Name"])
        .field(text("Campaign_Name", 200).mandatory())
        .field(FieldSpec::picklist("Status", ["Active", "Complete", "Inactive", "Planning"]))
        .field(FieldSpec::new("Start_Date", Date))
        .field(FieldSpec::new("End_Date", Date))
        .field(FieldSpec::new("Budgeted_Cost", Currency))
        .field(description());
    [tasks, events, calls, campaigns]
}

fn inventory() -> [ModuleSpec; 6] {
    let products = module("Products", "Product", "Product_Name", &["Product_Name"])
        .field(text("Product_Name", 200).mandatory())
        .field(text("Product_Code", 40))
        .field(FieldSpec::new("Product_Active", Boolean).default_value(false))
        .field(FieldSpec::new("Unit_Price", Currency))
        .field(FieldSpec::new("Qty_in_Stock", Double))
        .field(FieldSpec::new("Taxable", Boolean).default_value(true))
        .field(FieldSpec::new("Tax", Taxes))
        .field(FieldSpec::lookup("Vendor_Name", "Vendors"))
        .field(description());
    let products = priced(products);
    let price_books = module("Price_Books", "Price Book", "Price_Book_Name", &["Price_Book_Name"])
        .field(text("Price_Book_Name", 200).mandatory())
        .field(FieldSpec::new("Active", Boolean).default_value(true))
        .field(FieldSpec::picklist("Pricing_Model", ["Differential", "Flat"]))
        .field(FieldSpec::subform(
            "Pricing_Details",
            ["from_range", "to_range", "discount"].map(|name| FieldSpec::new(name, Double)),
        ))
        .field(description());
    let quotes = bill("Quotes", "Quote", "Quoted_Items")
        .field(FieldSpec::lookup("Deal_Name", "Deals"))
        .field(FieldSpec::picklist(
            "Quote_Stage",
            ["Draft", "Negotiation", "Delivered", "Confirmed"],
        ))
        .field(FieldSpec::new("Valid_Till", Date));
    let orders = bill("Sales_Orders", "Sales Order", "Ordered_Items")
        .field(FieldSpec::lookup("Quote_Name", "Quotes"))
        .field(FieldSpec::new("Due_Date", Date));
    let invoices = bill("Invoices", "Invoice", "Invoiced_Items")
        .field(FieldSpec::lookup("Sales_Order", "Sales_Orders"))
        .field(FieldSpec::new("Invoice_Date", Date));
    let purchases = bill("Purchase_Orders", "Purchase Order", "Purchase_Items")
        .field(FieldSpec::lookup("Vendor_Name", "Vendors"))
        .field(FieldSpec::new("PO_Date", Date));
    [products, price_books, quotes, orders, invoices, purchases]
}

fn support() -> [ModuleSpec; 2] {
    let cases = module("Cases", "Case", "Subject", &["Subject"])
        .field(text("Subject", 255).mandatory())
        .field(FieldSpec::picklist("Status", ["New", "On Hold", "Escalated", "Closed"]).mandatory())
        .field(FieldSpec::picklist("Case_Origin", ["Email", "Phone", "Web"]).mandatory())
        .field(FieldSpec::picklist("Priority", PRIORITIES))
        .field(FieldSpec::lookup("Account_Name", "Accounts"))
        .field(FieldSpec::lookup("Related_To", "Contacts"))
        .field(FieldSpec::new("Email", Email))
        .field(description());
    let solutions = module("Solutions", "Solution", "Solution_Title", &["Solution_Title"])
        .field(text("Solution_Title", 200).mandatory())
        .field(FieldSpec::picklist("Status", ["Draft", "Reviewed", "Approved"]))
        .field(FieldSpec::lookup("Product_Name", "Products"))
        .field(FieldSpec::new("Question", Textarea))
        .field(FieldSpec::new("Answer", Textarea));
    [cases, solutions]
}

fn module(api_name: &str, singular: &str, display: &str, duplicate_check: &[&str]) -> ModuleSpec {
    let mut module = ModuleSpec::new(api_name)
        .display_field(display)
        .duplicate_check(duplicate_check.iter().copied())
        .standard();
    module.singular = singular.to_owned();
    module
}

/// Adds the fields that leads and contacts share.
fn person(module: ModuleSpec) -> ModuleSpec {
    module
        .field(text("First_Name", 40))
        .field(text("Last_Name", 80).mandatory())
        .field(text("Full_Name", 120).read_only())
        .field(FieldSpec::new("Email", Email))
        .field(FieldSpec::new("Secondary_Email", Email))
        .field(FieldSpec::new("Phone", Phone))
        .field(FieldSpec::new("Mobile", Phone))
        .field(text("City", 100))
        .field(text("Country", 100))
        .field(FieldSpec::new("Email_Opt_Out", Boolean).default_value(false))
        .field(description())
}

/// Builds a module with line items.
fn bill(api_name: &str, singular: &str, items: &str) -> ModuleSpec {
    let computed = |name: &str| FieldSpec::new(name, Currency).read_only();
    let bill = module(api_name, singular, "Subject", &[])
        .field(text("Subject", 120).mandatory())
        .field(FieldSpec::lookup("Account_Name", "Accounts"))
        .field(FieldSpec::lookup("Contact_Name", "Contacts"))
        .field(FieldSpec::subform(items, line_columns()))
        .field(computed("Sub_Total"))
        .field(FieldSpec::new("Discount", Discount))
        .field(FieldSpec::new("Tax", Currency))
        .field(FieldSpec::new("Adjustment", Currency))
        .field(computed("Grand_Total"))
        .field(text("Terms_and_Conditions", 2_000))
        .field(description());
    priced(bill)
}

/// The columns of a line item, by their names in v2.1 and later.
fn line_columns() -> Vec<FieldSpec> {
    let computed = |name: &str| FieldSpec::new(name, Currency).read_only();
    vec![
        FieldSpec::lookup("Product_Name", "Products").mandatory(),
        FieldSpec::new("Quantity", Double).default_value(1),
        FieldSpec::new("List_Price", Currency),
        FieldSpec::new("Discount", Discount),
        FieldSpec::new("Line_Tax", Taxes),
        FieldSpec::lookup("Price_Book_Name", "Price_Books"),
        description(),
        computed("Total"),
        computed("Total_After_Discount"),
        computed("Tax"),
        computed("Net_Total"),
    ]
}

/// Adds the fields of a module with amounts of money.
fn priced(module: ModuleSpec) -> ModuleSpec {
    module
        .field(FieldSpec::picklist("Currency", ["USD"]))
        .field(FieldSpec::new("Exchange_Rate", Double))
}

/// The record of any module that an activity belongs to; `$se_module` names its module.
fn related_to() -> FieldSpec {
    FieldSpec::new("What_Id", Lookup)
}

/// Builds the module of notes, which are records too.
fn notes() -> ModuleSpec {
    module("Notes", "Note", "Note_Title", &[])
        .field(text("Note_Title", 120))
        .field(FieldSpec::new("Note_Content", Textarea).mandatory())
        .field(FieldSpec::new("Parent_Id", Lookup).mandatory())
}

fn text(api_name: &str, max_length: u32) -> FieldSpec {
    FieldSpec::new(api_name, Text).max_length(max_length)
}

fn description() -> FieldSpec {
    FieldSpec::new("Description", Textarea)
}
