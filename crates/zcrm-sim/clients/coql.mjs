// Runs a query builder of other people against the simulator: it writes the queries, splits those
// that exceed Zoho's limits, and merges the rows. `cargo xtask foreign-sdk node` runs it.
//
//     NODE_EXTRA_CA_CERTS=CA_FILE node coql.mjs INFO_FILE

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { request } from "node:https";
import { join } from "node:path";

const info = JSON.parse(readFileSync(process.argv[2], "utf8"));
// The builder is installed in the working folder, not next to this file.
const require = createRequire(join(process.cwd(), "package.json"));
const { CoqlQueryBuilder } = require("@doralhw-org/coql-query-builder");

/** Sends a body, and returns the status and the text of the answer. */
function post(url, headers, body) {
  return new Promise((done, failed) => {
    const call = request(url, { method: "POST", headers }, (answer) => {
      let text = "";
      answer.on("data", (part) => (text += part));
      answer.on("end", () => done({ status: answer.statusCode, text }));
    });
    call.on("error", failed);
    call.end(body);
  });
}

const form = new URLSearchParams({
  grant_type: "authorization_code",
  client_id: info.client_id,
  client_secret: info.client_secret,
  code: info.grant_token,
});
const tokens = await post(
  info.accounts + "/oauth/v2/token",
  { "content-type": "application/x-www-form-urlencoded" },
  form.toString(),
);
const authorization = "Zoho-oauthtoken " + JSON.parse(tokens.text).access_token;
const headers = { authorization, "content-type": "application/json" };

async function create(module, rows) {
  const answer = await post(
    `${info.api}/crm/v8/${module}`, headers, JSON.stringify({ data: rows }));
  assert.equal(answer.status, 201, answer.text);
  return JSON.parse(answer.text).data.map((row) => row.details.id);
}

const sent = [];
const builder = new CoqlQueryBuilder({
  queryFunction: async (query) => {
    sent.push(query);
    const body = JSON.stringify({ select_query: query });
    const answer = await post(info.api + "/crm/v8/coql", headers, body);
    if (answer.status === 204) return "";
    assert.equal(answer.status, 200, query + "\n" + answer.text);
    return JSON.parse(answer.text);
  },
});

const [king, zylker] = await create("Accounts", [
  { Account_Name: "King", Annual_Revenue: 1000 },
  { Account_Name: "O'Brien & Sons", Annual_Revenue: 2500.5 },
]);
const people = await create("Contacts", Array.from({ length: 70 }, (_, index) => ({
  Last_Name: `Boyle ${index}`,
  Account_Name: { id: index % 2 ? king : zylker },
  Department: index % 3 ? "Sales" : "Support",
})));

// conditions of every kind, brackets, aliases, the owner, the order, a page
const page = await builder.select({
  columns: ["id", { column: "Last_Name", alias: "name" }, { column: "Owner.email", alias: "owner" }],
  from: "Contacts",
  where: [
    { not: { equals: [{ column: "Department" }, { value: "Support" }] } },
    { or: [
      { like: { column: "Last_Name", pattern: "%7" } },
      { in: { column: "Last_Name", valueSet: ["Boyle 1", "boyle 2"] } },
    ] },
    { not: { equals: [{ column: "Account_Name" }, { value: null }] } },
  ],
  orderBy: [{ column: "id", direction: "asc" }],
  pagination: { page: 1, pageSize: 3 },
});
assert.deepEqual(page.map((row) => row.name), ["Boyle 1", "Boyle 2", "Boyle 7"]);
assert.equal(page[0].owner, info.user);

// more than 50 values and more than 50 columns: several queries, whose rows are merged
const many = await builder.select({
  columns: ["id", "Last_Name"],
  from: "Contacts",
  where: [{ in: { column: "id", valueSet: [...people] } }],
});
assert.equal(many.length, 70);
const own = ["First_Name", "Last_Name", "Full_Name", "Email", "Phone", "Mobile", "Title",
  "Department", "City", "Country", "Lead_Source", "Description", "Owner", "Created_Time"];
const related = ["Account_Name.", "Reporting_To.", "Account_Name.Parent_Account."].flatMap(
  (path) => ["Owner", "Created_Time", "Modified_Time", "Created_By", "Modified_By", "Tag",
    "Description", "Layout", "Phone", "id", "Exchange_Rate", "Currency", "Website", "Employees"]
    .map((name) => path + name));
const wide = await builder.select({
  columns: [...own, ...related.filter((name) => !/To\.(Exch|Curr|Web|Empl)/.test(name))],
  from: "Contacts",
  where: [{ equals: [{ column: "id" }, { value: people[1] }] }],
});
assert.equal(wide.length, 1);
assert.equal(wide[0]["Account_Name.id"], king);
assert.equal(sent.length, 5, sent.join("\n"));

// quotes in a value, numbers, nothing found
const quoted = { column: "Account_Name", valueSet: ["O''Brien & Sons"] };
const rich = { greaterThan: [{ column: "Annual_Revenue" }, { value: 2500 }] };
const found = await builder.select({
  columns: ["Account_Name"], from: "Accounts", where: [{ in: quoted }, rich] });
assert.equal(found.length, 1, sent.at(-1));
const poor = { between: { column: "Annual_Revenue", valueRange: [1, 2] } };
assert.deepEqual(
  await builder.select({ columns: ["Account_Name"], from: "Accounts", where: [poor] }), []);
const groups = await builder.select({
  columns: ["Department", { column: "COUNT(id)", alias: "people" }],
  from: "Contacts",
  where: [{ not: { equals: [{ column: "id" }, { value: null }] } }],
  groupBy: ["Department"],
});
assert.deepEqual(groups, [{ Department: "Sales", people: 46 }, { Department: "Support", people: 24 }]);
console.log("a query builder for Node: built, split and merged", sent.length, "queries");
