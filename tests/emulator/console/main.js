// The frame of the page: navigation, language, theme and account.
import { showFaults, showFigures, showRequests } from "./activity.js";
import { info, loadInfo } from "./api.js";
import { showBuckets, showObjects } from "./buckets.js";
import { showObject, showSettings } from "./object.js";
import { card, emptyState, h, replace } from "./page.js";
import { account, language, store, t, theme } from "./texts.js";

const main = document.getElementById("main");
const dark = matchMedia("(prefers-color-scheme: dark)");
let view = 0;

function applyTheme(name) {
  document.documentElement.dataset.theme = name === "auto" ? (dark.matches ? "dark" : "light") : name;
}

function choice(label, options, value, change) {
  const select = h("select", { "aria-label": label, title: label, on: { change: () => change(select.value) } }, options.map(([name, text]) => h("option", { value: name, selected: name === value }, text)));
  return select;
}

function frame() {
  document.documentElement.lang = language === "zh" ? "zh-CN" : "en";
  document.getElementById("skip").textContent = t("skip");
  let current = theme;
  applyTheme(current);
  dark.addEventListener("change", () => applyTheme(current));
  const reloadWith = (name) => (value) => { store(name, value); location.reload(); };
  const ids = info.access_key_ids;
  replace(document.getElementById("tools"),
    ids.length > 1 ? choice(t("account"), ids.map((id) => [id, id]), ids.includes(account) ? account : ids[0], reloadWith("account")) : null,
    choice(t("language"), [["en", "English"], ["zh", "中文"]], language, reloadWith("language")),
    choice(t("theme"), [["auto", t("auto")], ["light", t("light")], ["dark", t("dark")]], theme, (value) => { current = value; store("theme", value); applyTheme(value); }));
}

const decode = (text) => { try { return decodeURIComponent(text ?? ""); } catch { return ""; } };

async function route() {
  view += 1;
  const own = view;
  const isCurrent = () => own === view;
  document.querySelectorAll("dialog").forEach((open) => open.close());
  const [, section = "buckets", first, second, third] = location.hash.split("/");
  const [bucket, key, version] = [decode(first), decode(second), decode(third)];
  const tab = ["b", "o", "s"].includes(section) ? "buckets" : section;
  replace(document.getElementById("nav"), ["buckets", "requests", "faults", "figures"].map((name) =>
    h("a", { href: `#/${name}`, "aria-current": name === tab ? "page" : null }, t(name))));
  document.title = `${key || bucket || t(tab)} · QingStor emulator`;
  // The new view replaces the old one at once, so that a slow response of the old one is not mixed in.
  const place = h("div");
  replace(main, place);
  const views = {
    buckets: () => showBuckets(place), requests: () => showRequests(place, isCurrent), faults: () => showFaults(place), figures: () => showFigures(place, isCurrent),
    b: () => showObjects(place, bucket, key, isCurrent), o: () => showObject(place, bucket, key, version, isCurrent), s: () => showSettings(place, bucket, isCurrent),
  };
  try {
    await (views[section] ?? (() => replace(place, card(emptyState(t("notFound"), "")))))();
  } catch (error) {
    if (isCurrent()) replace(place, card(emptyState(error.message, "", h("a", { class: "button", href: "#/buckets" }, t("buckets")))));
  }
}

addEventListener("hashchange", () => { route(); main.focus({ preventScroll: true }); scrollTo(0, 0); });
// A file that misses its target must not replace the page.
for (const name of ["dragover", "drop"]) addEventListener(name, (event) => event.preventDefault());
applyTheme(theme);
try {
  await loadInfo();
} catch (error) {
  replace(main, card(emptyState(error.message, "")));
}
frame();
if (!location.hash) history.replaceState(null, "", "#/buckets");
await route();
