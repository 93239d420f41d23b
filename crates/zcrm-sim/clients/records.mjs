// Runs Zoho's SDK for Node against the simulator: log in with a refresh token, then create, list,
// update, search, query and delete a record. `cargo xtask foreign-sdk node` runs it.
//
//     NODE_EXTRA_CA_CERTS=CA_FILE node records.mjs INFO_FILE SCRATCH_FOLDER

import assert from "node:assert/strict";

import { expect, start, zoho } from "./zoho_sdk.mjs";

const { Record: records } = zoho;

/** Returns the id of the written record. */
function only(written) {
  const [outcome, ...more] = written.getData();
  assert.equal(more.length, 0);
  assert.ok(outcome instanceof records.SuccessResponse, JSON.stringify(outcome));
  return String(outcome.getDetails().get("id"));
}

function body(record) {
  const wrapper = new records.BodyWrapper();
  wrapper.setData([record]);
  return wrapper;
}

async function params(...pairs) {
  const map = new zoho.ParameterMap();
  for (const [param, value] of pairs) await map.add(param, value);
  return map;
}

await start();

const leads = new records.RecordOperations("Leads");
const none = () => new zoho.HeaderMap();

const lead = new records.Record();
lead.addFieldValue(records.Field.Leads.LAST_NAME, "Boyle");
lead.addFieldValue(records.Field.Leads.COMPANY, "Zylker");
lead.addFieldValue(records.Field.Leads.EMAIL, "p.boyle@example.com");
const made = only(expect(await leads.createRecords(body(lead), none()), 201, records.ActionWrapper));

const fields = [records.GetRecordsParam.FIELDS, "Last_Name,Email,Company,Created_Time,Owner"];
const listed = expect(
  await leads.getRecords(await params(fields), none()), 200, records.ResponseWrapper);
const found = listed.getData().find((one) => String(one.getId()) === made);
assert.equal(found?.getKeyValue("Email"), "p.boyle@example.com");
assert.ok(found.getCreatedTime() instanceof Date);
assert.equal(listed.getInfo().getMoreRecords(), false);

const changed = new records.Record();
changed.setId(BigInt(made));
changed.addFieldValue(records.Field.Leads.COMPANY, "Zylker Cloud");
const updated = await leads.updateRecords(body(changed), none());
assert.equal(only(expect(updated, 200, records.ActionWrapper)), made);

const criteria = [records.SearchRecordsParam.CRITERIA, "(Company:equals:Zylker Cloud)"];
const search = async () => leads.searchRecords(await params(criteria), none());
const hits = expect(await search(), 200, records.ResponseWrapper).getData();
assert.deepEqual(hits.map((one) => String(one.getId())), [made]);
assert.equal(hits[0].getKeyValue("Last_Name"), "Boyle");

const { Coql: coql } = zoho;
const query = new coql.BodyWrapper();
query.setSelectQuery("select Last_Name, Owner.last_name from Leads where Last_Name like 'Boy%' limit 1");
const answer = expect(
  await new coql.CoqlOperations().getRecords(query), 200, coql.ResponseWrapper);
const [row] = answer.getData();
assert.deepEqual([String(row.getId()), row.getKeyValue("Last_Name")], [made, "Boyle"]);
assert.equal(row.getKeyValue("Owner.last_name"), "Boyle");
assert.equal(answer.getInfo().getMoreRecords(), false);

const ids = [records.DeleteRecordsParam.IDS, made];
const deleted = await leads.deleteRecords(await params(ids), none());
assert.equal(only(expect(deleted, 200, records.ActionWrapper)), made);
assert.equal((await search()).getStatusCode(), 204);
console.log("Zoho's SDK for Node: logged in, created, listed, updated, searched, queried, deleted");
