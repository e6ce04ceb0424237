// The lists of buckets and objects.
import { allowUploads, allowsUploads, call, createBucket as createIn, deleteAll, info, json, objectPages, upload, versionPages } from "./api.js";
import { attempt, button, bytes, card, confirmDelete, dialog, emptyState, field, formDialog, h, named, number, replace, tag, time, toast } from "./page.js";
import { t } from "./texts.js";

const ROWS = 200;

export const bucketLink = (bucket, prefix = "") => `#/b/${encodeURIComponent(bucket)}/${encodeURIComponent(prefix)}`;
export const objectLink = (bucket, key, version = "") => `#/o/${encodeURIComponent(bucket)}/${encodeURIComponent(key)}/${encodeURIComponent(version)}`;

const icon = (path) => {
  const text = { bucket: "▪", folder: "▸", object: "" }[path];
  return h("span", { class: "icon", "aria-hidden": "true" }, text);
};

// Shows all buckets.
export async function showBuckets(main) {
  const { buckets } = await json({});
  const reload = () => attempt(() => showBuckets(main));
  const create = () => createBucket().then((name) => name && reload());
  const heading = h("div", { class: "head" }, h("h1", {}, t("buckets")), button(t("createBucket"), create, "primary"));
  if (!buckets.length) {
    return replace(main, heading, card(emptyState(t("noBuckets"), t("noBucketsHint"), button(t("createBucket"), create, "primary"))));
  }
  const rows = buckets.map((bucket) => h("tr", {},
    h("td", { class: "name" }, icon("bucket"), h("a", { href: bucketLink(bucket.name) }, named(bucket.name))),
    h("td", { class: "hide" }, bucket.location),
    h("td", { class: "hide soft" }, time(bucket.created)),
    h("td", { class: "right" }, h("div", { class: "row end-row" },
      h("a", { class: "button plain hide", href: `#/s/${encodeURIComponent(bucket.name)}` }, t("settings")),
      button(t("remove"), async () => {
        if (!await confirmDelete(t("deleteBucket", bucket.name), t("deleteBucketHint"))) return;
        await attempt(async () => { await call({ method: "DELETE", bucket: bucket.name }); toast(t("deleted")); await reload(); });
      }, "plain danger"))),
  ));
  return replace(main, heading, card(h("table", {},
    h("thead", {}, h("tr", {}, h("th", {}, t("name")), h("th", { class: "w-m hide" }, t("zone")), h("th", { class: "w-l hide" }, t("created")), h("th", { class: "actions" }))),
    h("tbody", {}, rows))));
}

function createBucket() {
  const name = h("input", { required: true, autofocus: true, pattern: "[a-z0-9][a-z0-9\\-]{4,61}[a-z0-9]", title: t("bucketHint"), autocomplete: "off", spellcheck: "false" });
  const zone = h("select", {}, info.zones.map((id) => h("option", { value: id }, id)));
  const uploads = h("input", { type: "checkbox", checked: true });
  const fields = [field(t("bucketName"), [name, h("small", {}, t("bucketHint"))]), field(t("zone"), zone), h("label", { class: "check" }, uploads, t("allowUploads"))];
  return formDialog(t("createBucket"), fields, t("create"), async () => {
    await createIn(name.value, zone.value);
    if (uploads.checked && info.api_origin !== location.origin) await allowUploads(name.value);
    return name.value;
  });
}

// Returns links to the folders of a prefix.
export function crumbs(bucket, prefix, last) {
  const parts = prefix.split("/").slice(0, -1);
  const links = [h("a", { href: "#/buckets" }, t("buckets")), h("a", { href: bucketLink(bucket) }, named(bucket))];
  parts.forEach((part, index) => links.push(h("a", { href: bucketLink(bucket, `${parts.slice(0, index + 1).join("/")}/`) }, part ? named(part) : "/")));
  if (last !== undefined) links.push(named(last));
  return h("div", { class: "crumbs" }, links.flatMap((link, index) => (index ? [h("span", { class: "sep" }, "/"), link] : [link])));
}

// Shows the objects of a folder.
export async function showObjects(main, bucket, prefix, isCurrent) {
  const state = { entries: [], sort: "name", down: false, page: 0, filter: "", versions: false, selected: new Set(), loading: true };
  const table = h("div");
  const search = h("input", { type: "search", placeholder: t("filterNames"), "aria-label": t("filterNames"), on: { input: () => { state.filter = search.value.toLowerCase(); state.page = 0; draw(); } } });
  const versions = h("input", { type: "checkbox", on: { change: () => { state.versions = versions.checked; load(); } } });
  const files = h("input", { type: "file", multiple: true, hidden: true, on: { change: () => { uploadFiles([...files.files].map((file) => [file.webkitRelativePath || file.name, file])); files.value = ""; } } });
  const folder = () => {
    const name = h("input", { required: true, autofocus: true, autocomplete: "off" });
    formDialog(t("newFolder"), field(t("folderName"), name), t("create"), async () => {
      await call({ method: "PUT", bucket, key: `${prefix}${name.value.replace(/\/*$/, "/")}`, headers: { "content-type": "application/x-directory" } });
    }).then((done) => done && load());
  };
  const selection = h("div", { class: "row" });
  const list = h("div", { class: "card drop" }, table);
  replace(main,
    h("div", { class: "head" }, crumbs(bucket, prefix),
      h("div", { class: "row" },
        h("a", { class: "button", href: `#/s/${encodeURIComponent(bucket)}` }, t("settings")),
        button(t("newFolder"), folder),
        button(t("upload"), () => files.click(), "primary"), files)),
    h("div", { class: "head" }, h("div", { class: "row" }, search, h("label", { class: "check" }, versions, t("showVersions"))), selection, button(t("refresh"), () => load(), "plain")),
    list);
  dropZone(list, (entries) => uploadFiles(entries));

  async function load() {
    const shown = state.versions;
    Object.assign(state, { entries: [], loading: true, page: 0 });
    state.selected.clear();
    await attempt(async () => {
      for await (const page of shown ? versionPages(bucket, prefix, "/") : objectPages(bucket, prefix, "/")) {
        if (!isCurrent() || shown !== state.versions) return;
        state.entries.push(...page.common_prefixes.map((key) => ({ key, folder: true, id: `/${key}` })));
        state.entries.push(...page.keys.filter(({ key }) => key !== prefix || shown).map((entry) => ({
          ...entry, id: `${entry.key}\n${entry.version_id ?? ""}`, changed: typeof entry.modified === "number" ? entry.modified * 1000 : Date.parse(entry.modified),
        })));
        draw();
      }
    });
    state.loading = false;
    if (isCurrent()) draw();
  }

  function sorted() {
    const { sort, down, filter } = state;
    const value = { name: (entry) => entry.key, size: (entry) => entry.size ?? -1, modified: (entry) => entry.changed ?? 0 }[sort];
    const order = (a, b) => (value(a) < value(b) ? -1 : value(a) > value(b) ? 1 : 0);
    return state.entries.filter((entry) => entry.key.slice(prefix.length).toLowerCase().includes(filter))
      .sort((a, b) => Boolean(b.folder) - Boolean(a.folder) || (down ? order(b, a) : order(a, b)));
  }

  function draw() {
    const entries = sorted();
    if (!entries.length) {
      const empty = state.loading ? emptyState(t("loading"), "") : state.filter ? emptyState(t("noMatch"), "")
        : emptyState(t("emptyBucket"), t("emptyHint"), button(t("upload"), () => files.click(), "primary"));
      drawSelection();
      return replace(table, empty);
    }
    const last = Math.max(0, Math.ceil(entries.length / ROWS) - 1);
    state.page = Math.min(state.page, last);
    const all = h("input", { type: "checkbox", "aria-label": t("selectAll"), checked: entries.every((entry) => state.selected.has(entry.id)), on: { change: () => {
      entries.forEach((entry) => (all.checked ? state.selected.add(entry.id) : state.selected.delete(entry.id)));
      draw();
    } } });
    const column = (name, kind) => h("th", { class: kind, "aria-sort": state.sort === name ? (state.down ? "descending" : "ascending") : "none" },
      button([t(name), state.sort === name ? (state.down ? " ↓" : " ↑") : ""], () => {
        Object.assign(state, { down: state.sort === name && !state.down, sort: name });
        draw();
      }));
    const rows = entries.slice(state.page * ROWS, (state.page + 1) * ROWS).map((entry) => row(entry));
    const turn = (step) => () => { state.page += step; draw(); main.scrollIntoView(); };
    const previous = button(t("previous"), turn(-1));
    const next = button(t("next"), turn(1));
    previous.disabled = state.page === 0;
    next.disabled = state.page === last;
    replace(table,
      h("table", {}, h("thead", {}, h("tr", {}, h("th", { class: "w-x" }, all), column("name", ""), column("size", "w-s right"), column("modified", "w-l hide"))), h("tbody", {}, rows)),
      h("div", { class: "foot" }, h("span", {}, t("items", number(entries.length)), state.loading ? ` · ${t("loading")}` : ""),
        last ? h("div", { class: "row" }, previous, t("page", state.page + 1, last + 1), next) : null));
    drawSelection();
    return undefined;
  }

  function row(entry) {
    const name = entry.key.slice(prefix.length) || entry.key;
    const mark = h("input", { type: "checkbox", "aria-label": t("select", name), checked: state.selected.has(entry.id), on: { change: () => {
      if (mark.checked) state.selected.add(entry.id); else state.selected.delete(entry.id);
      drawSelection();
    } } });
    const link = entry.folder ? bucketLink(bucket, entry.key) : objectLink(bucket, entry.key, state.versions ? entry.version_id : "");
    const note = state.versions && !entry.folder
      ? [h("br"), h("small", { class: "mono" }, entry.version_id), " ", entry.is_latest ? tag(t("latest"), "ok") : null, " ", entry.delete_marker ? tag(t("deleteMarker"), "warn") : null] : null;
    return h("tr", {}, h("td", {}, mark),
      h("td", { class: "name" }, icon(entry.folder ? "folder" : "object"), entry.delete_marker ? named(name) : h("a", { href: link }, named(name)), note),
      h("td", { class: "right num soft" }, entry.folder || entry.delete_marker ? "–" : bytes(entry.size)),
      h("td", { class: "hide soft" }, entry.folder ? "" : time(entry.changed)));
  }

  function drawSelection() {
    const count = state.selected.size;
    replace(selection, count ? [h("span", { class: "soft" }, t("selected", number(count))), button(t("remove"), removeSelected, "danger")] : null);
  }

  async function removeSelected() {
    const chosen = state.entries.filter((entry) => state.selected.has(entry.id));
    const folders = chosen.filter((entry) => entry.folder);
    const question = chosen.length === 1 ? t("deleteObject", chosen[0].key) : t("deleteObjects", number(chosen.length));
    if (!await confirmDelete(question, folders.length ? t("deleteFolderHint") : t("cannotUndo"))) return;
    await attempt(async () => {
      const objects = chosen.filter((entry) => !entry.folder).map((entry) => (state.versions ? { key: entry.key, version_id: entry.version_id } : { key: entry.key }));
      for (const { key } of folders) {
        for await (const page of state.versions ? versionPages(bucket, key, "") : objectPages(bucket, key, "")) {
          objects.push(...page.keys.map((entry) => (state.versions ? { key: entry.key, version_id: entry.version_id } : { key: entry.key })));
        }
      }
      const errors = await deleteAll(bucket, objects);
      if (errors.length) toast(`${errors[0].key}: ${errors[0].message}`, true); else toast(t("deleted"));
      await load();
    });
  }

  async function uploadFiles(entries) {
    if (!entries.length) return;
    await attempt(async () => {
      if (!await allowsUploads(bucket)) {
        const agreed = await dialog(t("corsTitle"), (finish) => [
          h("p", {}, t("corsHint", info.api_origin, location.origin)),
          h("div", { class: "row end" }, button(t("cancel"), () => finish(false)), button(t("addRule"), () => finish(true), "primary"))]);
        if (!agreed) return;
        await allowUploads(bucket);
      }
      const bar = h("progress", { max: 1, value: 0 });
      const label = h("span");
      const box = h("div", { class: "toast" }, label, bar);
      document.getElementById("toasts").append(box);
      let done = 0;
      for (const [name, file] of entries) {
        label.textContent = t("uploading", entries.length > 1 ? `${name} (${done + 1}/${entries.length})` : name);
        try {
          await upload(bucket, prefix + name, file, (sent, total) => { bar.value = (done + sent / (total || 1)) / entries.length; });
          done += 1;
        } catch (error) {
          toast(t("uploadFailed", name, error.message), true);
        }
      }
      box.remove();
      if (done) toast(t("uploaded", done === 1 && entries.length === 1 ? entries[0][0] : number(done)));
      if (isCurrent()) await load();
    });
  }

  await load();
}

// Accepts files and folders that are dropped on an element.
function dropZone(element, receive) {
  const hasFiles = (event) => [...(event.dataTransfer?.types ?? [])].includes("Files");
  element.addEventListener("dragover", (event) => { if (hasFiles(event)) { event.preventDefault(); element.classList.add("over"); } });
  element.addEventListener("dragleave", () => element.classList.remove("over"));
  element.addEventListener("drop", async (event) => {
    if (!hasFiles(event)) return;
    event.preventDefault();
    element.classList.remove("over");
    const items = [...event.dataTransfer.items].map((item) => item.webkitGetAsEntry?.()).filter(Boolean);
    const plain = [...event.dataTransfer.files].map((file) => [file.name, file]);
    receive(items.length ? (await Promise.all(items.map((item) => walk(item)))).flat() : plain);
  });
}

async function walk(entry) {
  if (entry.isFile) {
    return new Promise((resolve) => { entry.file((file) => resolve([[entry.fullPath.replace(/^\//, ""), file]]), () => resolve([])); });
  }
  const reader = entry.createReader();
  const found = [];
  for (;;) {
    const batch = await new Promise((resolve) => { reader.readEntries(resolve, () => resolve([])); });
    if (!batch.length) return found;
    for (const child of batch) found.push(...await walk(child));
  }
}
