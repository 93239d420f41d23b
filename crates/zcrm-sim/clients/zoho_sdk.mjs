// Connects Zoho's SDK for Node to the simulator, for the scripts of this folder. Their arguments are the file
// that `zcrm-sim --info-file` writes, and a folder for scratch files.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { request } from "node:https";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { inspect } from "node:util";

export const [infoFile, folder] = process.argv.slice(2);
export const info = JSON.parse(readFileSync(infoFile, "utf8"));
// Packages are installed in the working folder, not next to this file.
const { resolve } = createRequire(join(process.cwd(), "package.json"));
/** Loads an installed package. */
export const load = (name) => import(pathToFileURL(resolve(name)).href);
export const zoho = await load("@zohocrm/nodejs-sdk-8.0");

/** Exchanges the grant token for a refresh token, which the SDK needs. */
function logIn() {
  const form = new URLSearchParams({
    grant_type: "authorization_code",
    client_id: info.client_id,
    client_secret: info.client_secret,
    code: info.grant_token,
  });
  return new Promise((done, failed) => {
    const headers = { "content-type": "application/x-www-form-urlencoded" };
    const url = info.accounts + "/oauth/v2/token";
    const call = request(url, { method: "POST", headers }, (answer) => {
      let text = "";
      answer.on("data", (part) => (text += part));
      answer.on("end", () => done(JSON.parse(text).refresh_token));
    });
    call.on("error", failed);
    call.end(form.toString());
  });
}

/** The simulator's hosts. Only they differ from a program that uses Zoho. */
class Here extends zoho.DataCenter {
  static environment() {
    return zoho.DataCenter.setEnvironment(info.api, info.accounts + "/oauth/v2/token", info.content);
  }
}

/** Returns the response's object if status and type match. */
export function expect(response, status, kind) {
  const found = response?.getObject();
  assert.equal(response?.getStatusCode(), status, inspect(found));
  assert.ok(found instanceof kind, inspect(found));
  return found;
}

/** Logs in and sets up the SDK. */
export async function start() {
  const token = new zoho.OAuthBuilder()
    .clientId(info.client_id)
    .clientSecret(info.client_secret)
    .refreshToken(await logIn())
    .build();
  await (await new zoho.InitializeBuilder())
    .environment(Here.environment())
    .token(token)
    .store(new zoho.FileStore(join(folder, "tokens.txt")))
    .SDKConfig(new zoho.SDKConfigBuilder().autoRefreshFields(false).pickListValidation(true).build())
    .resourcePath(folder)
    .logger(new zoho.LogBuilder().level(zoho.Levels.ERROR).filePath(join(folder, "sdk.log")).build())
    .initialize();
}
