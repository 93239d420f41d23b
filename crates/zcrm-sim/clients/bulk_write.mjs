// Writes leads in bulk with Zoho's SDK for Node against the simulator: upload, insert, update, the state and the
// result, whose address is only a path. `cargo xtask foreign-sdk node` runs it.
//
//     NODE_EXTRA_CA_CERTS=CA_FILE node bulk_write.mjs INFO_FILE SCRATCH_FOLDER

import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { request } from "node:https";
import { join } from "node:path";

import { expect, folder, info, load, start, zoho } from "./zoho_sdk.mjs";

const { BulkWrite: bulk, Modules: modules } = zoho;
const { strFromU8, strToU8, unzipSync, zipSync } = await load("fflate");

/** Calls the simulator's control API. */
function control(path, body) {
  return new Promise((done, failed) => {
    const headers = { "content-type": "application/json" };
    const call = request(info.control + path, { method: "POST", headers }, (answer) => {
      answer.resume();
      answer.on("end", () => (answer.statusCode === 200 ? done() : failed(answer.statusCode)));
    });
    call.on("error", failed);
    call.end(JSON.stringify(body));
  });
}

/** Uploads a CSV in a ZIP file, and returns its id. */
async function upload(csv) {
  const path = join(folder, "rows.zip");
  writeFileSync(path, zipSync({ "leads.csv": strToU8(csv) }));
  const body = new bulk.FileBodyWrapper();
  body.setFile(new zoho.StreamWrapper(null, null, path));
  const headers = new zoho.HeaderMap();
  await headers.add(bulk.UploadFileHeader.FEATURE, "bulk-write");
  await headers.add(bulk.UploadFileHeader.X_CRM_ORG, info.organisation);
  const sent = await new bulk.BulkWriteOperations().uploadFile(body, headers);
  const uploaded = expect(sent, 200, bulk.SuccessResponse);
  assert.equal(uploaded.getCode().getValue(), "FILE_UPLOAD_SUCCESS");
  return String(uploaded.getDetails().get("file_id"));
}

/** Creates a job of leads, and returns the response. */
async function create(operation, fileId, names, findBy) {
  const module = new modules.MinifiedModule();
  module.setAPIName("Leads");
  const resource = new bulk.Resource();
  resource.setType(new zoho.Choice("data"));
  resource.setModule(module);
  resource.setFileId(fileId);
  resource.setFileNames(["leads.csv"]);
  if (findBy) resource.setFindBy(findBy);
  const mappings = names.map((name, index) => {
    const mapping = new bulk.FieldMapping();
    mapping.setAPIName(name);
    mapping.setIndex(index);
    return mapping;
  });
  resource.setFieldMappings(mappings);
  const body = new bulk.RequestWrapper();
  body.setOperation(new zoho.Choice(operation));
  body.setCharacterEncoding("UTF-8");
  body.setResource([resource]);
  return new bulk.BulkWriteOperations().createBulkWriteJob(body);
}

/** Creates a job, lets time pass, and returns the job and the lines of its result. */
async function finished(operation, fileId, names, findBy) {
  const operations = new bulk.BulkWriteOperations();
  const created = expect(await create(operation, fileId, names, findBy), 201, bulk.SuccessResponse);
  const id = String(created.getDetails().get("id"));
  const status = async () =>
    expect(await operations.getBulkWriteJobDetails(id), 200, bulk.BulkWriteResponse);
  assert.equal((await status()).getStatus(), "ADDED");
  await control("/clock", { advance_ms: 4000 });
  const done = await status();
  assert.equal(done.getStatus(), "COMPLETED");
  const address = done.getResult().getDownloadUrl();
  assert.ok(address.startsWith("/v8/crm/org"), address);
  const result = await operations.downloadBulkWriteResult(address);
  assert.equal(result.getStatusCode(), 200);
  // The SDK has a promise in place of a file.
  const wrapper = await result.getObject();
  assert.ok(wrapper instanceof bulk.FileBodyWrapper, wrapper);
  const file = wrapper.getFile();
  assert.equal(file.getName(), `${id}.zip`);
  const content = file.getStream();
  const files = unzipSync(Buffer.isBuffer(content) ? content : Buffer.concat(await content.toArray()));
  assert.deepEqual(Object.keys(files), ["Leads-leads.csv"]);
  return [done, strFromU8(files["Leads-leads.csv"]).trimEnd().split("\n")];
}

await start();
const names = ["Last_Name", "City", "Email"];
const leads = await upload("surname,town,mail\nBoyle,Chennai,b@example.com\n,Pune,h@example.com\n");
const [inserted, rows] = await finished("insert", leads, names);
const counts = inserted.getResource()[0].getFile();
assert.deepEqual(
  [counts.getAddedCount(), counts.getSkippedCount(), counts.getTotalCount()],
  [1, 1, 2],
);
assert.equal(rows[0], "surname,town,mail,STATUS,RECORD_ID,ERRORS");
const [, id] = rows[1].match(/^Boyle,Chennai,b@example.com,added,(\d+),$/);
assert.equal(rows[2], ",Pune,h@example.com,skipped,,MANDATORY_NOT_FOUND-surname");

const changes = await upload(`id,town\n${id},Agra\n7,Pune\n`);
const [, outcomes] = await finished("update", changes, ["id", "City"], "id");
assert.deepEqual(outcomes.slice(1), [`${id},Agra,updated,${id},`, "7,Pune,skipped,,RESOURCE_NOT_FOUND-id"]);

const refused = await create("upsert", changes, ["id", "City"]);
assert.equal(refused.getStatusCode(), 400);
assert.ok(refused.getObject() instanceof bulk.APIException);
assert.equal(refused.getObject().getCode().getValue(), "MANDATORY_NOT_FOUND");
console.log("Zoho's SDK for Node: inserted and updated leads in bulk, read their results, saw a refusal");
