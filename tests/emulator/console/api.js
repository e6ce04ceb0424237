// Requests for the console and for the API of the emulator.
import { account, t } from "./texts.js";

export let info = { access_key_ids: [], zones: [], api_origin: "", version: "" };

// An error response of the emulator.
export class ApiError extends Error {
  constructor(status, document) {
    super(document.message ? `${document.code}: ${document.message}` : `HTTP ${status}`);
    this.status = status;
    this.code = document.code;
  }
}

async function checked(response) {
  if (response.ok) return response;
  const text = await response.text();
  let document = {};
  try { document = JSON.parse(text); } catch { /* Fault rules may send other bodies. */ }
  throw new ApiError(response.status, document ?? {});
}

// Calls the console itself.
export async function own(path, options = {}) {
  const headers = { "X-Console": "1", ...(options.body ? { "Content-Type": "application/json" } : {}) };
  let response;
  try { response = await fetch(`api/${path}`, { ...options, headers }); } catch { throw new Error(t("offline")); }
  response = await checked(response);
  return response.status === 204 ? null : response.json();
}

export async function loadInfo() {
  info = await own("info");
}

const accessKey = () => (info.access_key_ids.includes(account) ? account : info.access_key_ids[0]);

// Returns a signed URL and the headers that the request needs.
export function sign({ method = "GET", bucket = "", key = "", query = [], headers = {}, body, lifetime = 300, cross = false }) {
  const request = { access_key_id: accessKey(), method, bucket, key, query, headers, body, lifetime, is_cross_origin: cross };
  return own("sign", { method: "POST", body: JSON.stringify(request) });
}

// Calls the API with a signed URL.
export async function call(request) {
  const signed = await sign(request);
  const headers = { ...signed.headers, ...(request.unsigned ?? {}) };
  const options = { method: request.method ?? "GET", headers, body: request.body, cache: "no-store", credentials: "omit" };
  let response;
  try { response = await fetch(signed.url, options); } catch { throw new Error(t("network")); }
  return checked(response);
}

// Creates a bucket in a zone. The API takes the zone from the host, and creates buckets of this host in the first zone.
export function createBucket(name, zone) {
  if (zone === info.zones[0]) return call({ method: "PUT", bucket: name });
  return own("buckets", { method: "POST", body: JSON.stringify({ access_key_id: accessKey(), name, zone }) });
}

export const json = async (request) => (await call(request)).json();

// Yields all pages of a list.
export async function* pages(bucket, query, nextOf) {
  for (let next = []; next;) {
    const page = await json({ bucket, query: [...query, ["limit", "1000"], ...next] });
    yield page;
    next = page.has_more ? nextOf(page) : null;
  }
}

export const objectPages = (bucket, prefix, delimiter) => pages(bucket, [["prefix", prefix], ["delimiter", delimiter]], (page) => [["marker", page.next_marker]]);
export const versionPages = (bucket, prefix, delimiter) => pages(bucket, [["versions", ""], ["prefix", prefix], ["delimiter", delimiter]],
  (page) => [["key_marker", page.next_key_marker], ["version_id_marker", page.next_version_id_marker]]);

// Deletes objects, 1000 in each request. Returns the errors.
export async function deleteAll(bucket, objects) {
  const errors = [];
  for (let start = 0; start < objects.length; start += 1000) {
    const body = JSON.stringify({ objects: objects.slice(start, start + 1000), quiet: true });
    const result = await json({ method: "POST", bucket, query: [["delete", ""]], body });
    errors.push(...(result.errors ?? []));
  }
  return errors;
}

// Uploads a file by the API, from the browser, with progress.
export async function upload(bucket, key, file, progress) {
  const type = file.type || "application/octet-stream";
  const signed = await sign({ method: "PUT", bucket, key, headers: { "content-type": type }, lifetime: 3600, cross: true });
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open("PUT", signed.url);
    request.setRequestHeader("Content-Type", type);
    request.upload.addEventListener("progress", (event) => progress(event.loaded, event.total));
    request.addEventListener("error", () => reject(new Error(t("network"))));
    request.addEventListener("load", () => {
      if (request.status < 300) return resolve();
      let document = {};
      try { document = JSON.parse(request.responseText); } catch { /* Fault rules may send other bodies. */ }
      return reject(new ApiError(request.status, document));
    });
    request.send(file);
  });
}

const matches = (pattern, text) => new RegExp(`^${pattern.split("*").map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")).join(".*")}$`).test(text);

// Returns whether the CORS rules of a bucket allow uploads from this page.
export async function allowsUploads(bucket) {
  if (info.api_origin === location.origin) return true;
  const { cors_rules: rules } = await json({ bucket, query: [["cors", ""]] });
  return rules.some((rule) => matches(rule.allowed_origin, location.origin)
    && rule.allowed_methods.some((method) => method === "PUT" || method === "*")
    && (rule.allowed_headers ?? []).some((name) => matches(name.toLowerCase(), "content-type")));
}

// Adds a CORS rule for this page.
export async function allowUploads(bucket) {
  const cors = await json({ bucket, query: [["cors", ""]] });
  cors.cors_rules.push({ allowed_origin: location.origin, allowed_methods: ["GET", "PUT", "HEAD", "DELETE", "POST"], allowed_headers: ["*"], expose_headers: ["ETag", "x-qs-request-id"], max_age_seconds: 60 });
  await call({ method: "PUT", bucket, query: [["cors", ""]], body: JSON.stringify(cors) });
}
