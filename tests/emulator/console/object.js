// One object, and the settings of a bucket.
import { call, deleteAll, json, sign, versionPages } from "./api.js";
import { bucketLink, crumbs, objectLink } from "./buckets.js";
import { attempt, button, bytes, card, confirmDelete, definitions, dialog, field, formDialog, h, named, replace, tag, time, toast } from "./page.js";
import { t } from "./texts.js";

const PREVIEW_BYTES = 65536;
const IMAGES = ["image/png", "image/jpeg", "image/gif", "image/webp", "image/avif", "image/bmp", "image/svg+xml", "image/x-icon"];
const TEXTS = /^(text\/|application\/(json|xml|yaml|toml|javascript|x-sh|x-ndjson|sql)|[a-z]+\/[a-z.+-]*\+(json|xml))/;
const SETTINGS = ["acl", "cors", "policy", "lifecycle", "versioning", "retention", "notification", "mirror", "logging", "replication", "cname"];
const READ_ONLY = ["stats"];

// Shows an object, or one of its versions.
export async function showObject(main, bucket, key, version, isCurrent) {
  const query = version ? [["version_id", version]] : [];
  const head = await call({ method: "HEAD", bucket, key, query });
  const name = key.slice(key.lastIndexOf("/", key.length - 2) + 1);
  const folder = key.slice(0, key.length - name.length);
  const type = head.headers.get("content-type") ?? "";
  const size = Number(head.headers.get("content-length") ?? 0);
  const metadata = [...head.headers].filter(([header]) => header.startsWith("x-qs-meta-"));
  const shown = ["cache-control", "content-disposition", "content-encoding", "content-language", "expires", "x-qs-storage-class", "x-qs-encryption-customer-algorithm", "x-qs-object-type", "x-qs-next-append-position", "x-qs-version-id"];
  const download = async () => {
    const disposition = `attachment; filename*=UTF-8''${encodeURIComponent(name).replace(/'/g, "%27")}`;
    const signed = await attempt(() => sign({ bucket, key, query: [...query, ["response-content-disposition", disposition]], cross: true }));
    if (signed) h("a", { href: signed.url, download: "", rel: "noopener" }).click();
  };
  const remove = async () => {
    if (!await confirmDelete(t("deleteObject", key), t("cannotUndo"))) return;
    await attempt(async () => {
      const errors = await deleteAll(bucket, [version ? { key, version_id: version } : { key }]);
      if (errors.length) throw new Error(errors[0].message);
      toast(t("deleted"));
      location.hash = bucketLink(bucket, folder);
    });
  };
  const preview = h("div", { class: "preview" }, h("p", { class: "soft" }, t("loading")));
  const versions = h("div");
  replace(main,
    h("div", { class: "head" }, crumbs(bucket, folder, name), h("div", { class: "row" },
      button(t("download"), download, "primary"), button(t("copyLink"), () => showLink(bucket, key, query)), button(t("remove"), remove, "danger"))),
    h("div", { class: "grid" },
      h("section", { class: "card pad" }, h("h2", {}, t("metadata")), definitions([
        [t("size"), bytes(size)], [t("type"), type], [t("modified"), time(head.headers.get("last-modified"))], ["ETag", h("code", {}, head.headers.get("etag") ?? "")],
        ...shown.map((header) => [header, head.headers.get(header) && named(head.headers.get(header))]),
        ...metadata.map(([header, value]) => [named(header), named(value)]),
      ])),
      h("section", { class: "card pad" }, h("h2", {}, t("preview")), preview)),
    versions);
  attempt(() => showPreview(preview, { bucket, key, query, type, size }));
  attempt(async () => { const list = await versionList(bucket, key); if (isCurrent() && list) replace(versions, h("br"), list); });
}

async function showPreview(place, { bucket, key, query, type, size }) {
  const media = type.split(";")[0].trim().toLowerCase();
  if (IMAGES.includes(media) && size <= 20 << 20) {
    const data = await (await call({ bucket, key, query })).blob();
    const url = URL.createObjectURL(new Blob([data], { type: media }));
    const image = h("img", { alt: t("preview"), src: url, on: { error: () => replace(place, h("p", { class: "soft" }, t("noPreview"))) } });
    return replace(place, image);
  }
  if (!size || !(TEXTS.test(media) || media === "" || media === "application/octet-stream")) return replace(place, h("p", { class: "soft" }, t("noPreview")));
  const response = await call({ bucket, key, query, unsigned: { Range: `bytes=0-${PREVIEW_BYTES - 1}` } });
  const data = new Uint8Array(await response.arrayBuffer());
  if (!TEXTS.test(media) && data.includes(0)) return replace(place, h("p", { class: "soft" }, t("noPreview")));
  const text = new TextDecoder().decode(data);
  return replace(place, h("pre", { tabindex: "0" }, text), size > data.length ? h("p", { class: "soft" }, t("cut", bytes(data.length), bytes(size))) : null);
}

async function versionList(bucket, key) {
  const found = [];
  for await (const page of versionPages(bucket, key, "")) {
    found.push(...page.keys.filter((entry) => entry.key === key));
    if (page.keys.some((entry) => entry.key !== key)) break;
  }
  if (found.length < 2 && found.every((entry) => entry.version_id === "null")) return null;
  return card(h("table", {}, h("thead", {}, h("tr", {}, h("th", {}, t("version")), h("th", { class: "w-s right" }, t("size")), h("th", { class: "w-l hide" }, t("modified")))),
    h("tbody", {}, found.map((entry) => h("tr", {},
      h("td", {}, entry.delete_marker ? h("code", {}, entry.version_id) : h("a", { href: objectLink(bucket, key, entry.version_id) }, h("code", {}, entry.version_id)), " ",
        entry.is_latest ? tag(t("latest"), "ok") : null, " ", entry.delete_marker ? tag(t("deleteMarker"), "warn") : null),
      h("td", { class: "right num" }, entry.delete_marker ? "–" : bytes(entry.size)), h("td", { class: "hide soft" }, time(entry.modified)))))));
}

function showLink(bucket, key, query) {
  const output = h("textarea", { readonly: true, rows: 5, class: "mono short", "aria-label": t("linkTitle") });
  const lifetimes = [[600, t("minutes")], [3600, t("hour")], [86400, t("day")], [604800, t("week")]];
  const choice = h("select", { on: { change: () => update() } }, lifetimes.map(([seconds, name]) => h("option", { value: seconds, selected: seconds === 3600 }, name)));
  const update = () => attempt(async () => { output.value = (await sign({ bucket, key, query, lifetime: Number(choice.value), cross: true })).url; });
  const copy = () => attempt(async () => { output.select(); await navigator.clipboard.writeText(output.value); toast(t("copied")); });
  update();
  return dialog(t("linkTitle"), (finish) => [h("p", { class: "soft" }, t("linkHint")), field(t("lifetime"), choice), output,
    h("div", { class: "row end" }, button(t("close"), () => finish()), button(t("copy"), copy, "primary"))]);
}

// Shows the settings of a bucket as JSON documents.
export async function showSettings(main, bucket, isCurrent) {
  const places = [...READ_ONLY, ...SETTINGS].map((name) => [name, h("pre", { tabindex: "0" }, t("loading"))]);
  const cards = places.map(([name, place]) => h("section", { class: "card pad", id: `setting-${name}` },
    h("div", { class: "head" }, h("h2", { class: "mono" }, name), READ_ONLY.includes(name) ? null : button(t("edit"), () => edit(bucket, name, place))), place));
  replace(main, h("div", { class: "head" }, crumbs(bucket, "", t("settings"))), h("div", { class: "grid" }, cards));
  await Promise.all(places.map(([name, place]) => isCurrent() && load(bucket, name, place)));
}

async function load(bucket, name, place) {
  try {
    place.textContent = JSON.stringify(await json({ bucket, query: [[name, ""]] }), null, 2);
  } catch (error) {
    place.textContent = error.status === 404 || error.status === 405 ? t("noSetting") : error.message;
  }
}

function edit(bucket, name, place) {
  const query = [[name, ""]];
  const current = place.textContent.startsWith("{") ? place.textContent : "{}";
  const input = h("textarea", { class: "mono", spellcheck: "false", autofocus: true, "aria-label": name }, current);
  return formDialog(`${name} · ${bucket}`, [h("p", { class: "soft" }, t("settingsHint")), input], t("save"), async () => {
    let document;
    try { document = JSON.parse(input.value || "{}"); } catch (error) { throw new Error(t("invalidJson", error.message)); }
    // An empty document removes a setting.
    const isEmpty = Object.values(document).every((value) => Array.isArray(value) && !value.length) && !["acl", "versioning", "retention", "cname"].includes(name);
    if (isEmpty) await call({ method: "DELETE", bucket, query });
    else await call({ method: "PUT", bucket, query, body: JSON.stringify(document) });
    toast(t("saved"));
    await load(bucket, name, place);
  }, true);
}
