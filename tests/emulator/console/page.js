// Elements, dialogs and formats. Texts only become text nodes, never HTML.
import { language, t } from "./texts.js";

const SVG = "http://www.w3.org/2000/svg";
// Control, format and bidi characters, which could hide or reorder a name.
const INVISIBLE = /[\u0000-\u001f\u007f-\u00a0\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202f\u205f-\u206f\u3000\ufe00-\ufe0f\ufeff\ufff9-\ufffb]|^ | $/gu;

// Creates an element. `on` contains listeners, other options are attributes.
export function h(name, options = {}, ...children) {
  return fill(document.createElement(name), options, children);
}

export function svg(name, options = {}, ...children) {
  return fill(document.createElementNS(SVG, name), options, children);
}

function fill(element, { on = {}, ...attributes }, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === true) element.setAttribute(name, "");
    else if (value !== false && value !== undefined && value !== null) element.setAttribute(name, value);
  }
  for (const [name, listener] of Object.entries(on)) element.addEventListener(name, listener);
  element.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

export function replace(element, ...children) {
  element.replaceChildren(...children.flat(Infinity).filter(Boolean));
}

// Shows a name from the store with its invisible characters.
export function named(text) {
  const parts = [];
  let end = 0;
  for (const match of String(text).matchAll(INVISIBLE)) {
    parts.push(text.slice(end, match.index));
    const code = match[0].codePointAt(0).toString(16).toUpperCase().padStart(4, "0");
    parts.push(h("span", { class: "escape" }, `U+${code}`));
    end = match.index + match[0].length;
  }
  parts.push(String(text).slice(end));
  return h("bdi", { dir: "ltr" }, parts.filter((part) => part !== ""));
}

export const button = (text, click, kind = "") => h("button", { type: "button", class: kind, on: { click } }, text);

export const definitions = (pairs) => h("dl", {}, pairs.filter(([, value]) => value !== null && value !== undefined && value !== "")
  .map(([name, value]) => [h("dt", {}, name), h("dd", {}, value)]));

export const tag = (text, kind) => h("span", { class: `tag ${kind}` }, text);

export function statusTag(status) {
  if (!status) return tag(t("reset"), "bad");
  return tag(status, status >= 500 ? "bad" : status >= 400 ? "warn" : status >= 300 ? "info" : "ok");
}

export const card = (...children) => h("section", { class: "card" }, children);

export const emptyState = (title, hint, ...actions) =>
  h("div", { class: "empty" }, h("b", {}, title), hint, actions.length ? h("div", { class: "row" }, actions) : null);

export function toast(text, isBad = false) {
  const element = h("div", { class: isBad ? "toast bad" : "toast", role: isBad ? "alert" : null }, text);
  document.getElementById("toasts").append(element);
  setTimeout(() => element.remove(), isBad ? 9000 : 3500);
}

// Runs an action, and shows its error.
export async function attempt(action) {
  try {
    return await action();
  } catch (error) {
    toast(error.message, true);
    return undefined;
  }
}

// Shows a dialog. Resolves when it closes, to what `finish` received.
export function dialog(title, build, wide = false) {
  return new Promise((resolve) => {
    const heading = h("h2", { id: "dialog-title" }, title);
    const element = h("dialog", { class: wide ? "wide" : "", "aria-labelledby": "dialog-title" }, heading);
    let result;
    const finish = (value) => { result = value; element.close(); };
    element.append(...[build(finish, element)].flat());
    element.addEventListener("close", () => { element.remove(); resolve(result); });
    document.body.append(element);
    element.showModal();
  });
}

// Asks before something is deleted.
export function confirmDelete(question, hint) {
  return dialog(question, (finish) => [
    h("p", { class: "soft" }, hint),
    h("div", { class: "row end" }, button(t("cancel"), () => finish(false)), button(t("remove"), () => finish(true), "danger primary")),
  ]);
}

// A form in a dialog. `submit` may throw an error, which is shown.
export function formDialog(title, fields, action, submit, wide = false) {
  return dialog(title, (finish) => {
    const problem = h("div", { class: "note bad", hidden: true, role: "alert" });
    const ok = h("button", { class: "primary" }, action);
    const form = h("form", { on: { submit: async (event) => {
      event.preventDefault();
      ok.disabled = true;
      problem.hidden = true;
      try {
        finish(await submit() ?? true);
      } catch (error) {
        problem.textContent = error.message;
        problem.hidden = false;
      }
      ok.disabled = false;
    } } }, fields, problem, h("div", { class: "row end" }, button(t("cancel"), () => finish(undefined)), ok));
    return form;
  }, wide);
}

export const field = (label, input) => h("label", { class: "field" }, h("span", {}, label), input);

const locale = language === "zh" ? "zh-CN" : "en";
const numbers = new Intl.NumberFormat(locale);
const times = new Intl.DateTimeFormat(locale, { dateStyle: "medium", timeStyle: "short" });
const clocks = new Intl.DateTimeFormat(locale, { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" });

export const number = (value) => numbers.format(value);
export const time = (value) => { const date = new Date(value); return Number.isNaN(date.getTime()) ? "" : times.format(date); };
export const clock = (value) => clocks.format(new Date(value));

export function bytes(count) {
  if (count === null || count === undefined) return "–";
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  let [value, unit] = [count, 0];
  while (value >= 1024 && unit < units.length - 1) { value /= 1024; unit += 1; }
  return `${value >= 100 || unit === 0 ? Math.round(value) : value.toFixed(1)} ${units[unit]}`;
}

export function duration(us) {
  if (us < 1000) return `${us} µs`;
  return us < 1e6 ? `${(us / 1000).toFixed(us < 1e4 ? 2 : 1)} ms` : `${(us / 1e6).toFixed(2)} s`;
}
