// Requests, fault rules and figures.
import { own } from "./api.js";
import { attempt, button, bytes, card, clock, definitions, dialog, duration, emptyState, field, formDialog, h, named, number, replace, statusTag, svg, tag, toast } from "./page.js";
import { t } from "./texts.js";

const POLL_MS = 1000;
const KEPT = 1000;
const SHOWN = 300;

// Shows the last requests, and new ones as they arrive.
export async function showRequests(main, isCurrent) {
  const state = { requests: [], last: 0, filter: "", own: false, live: true };
  const body = h("div");
  const dot = h("span", { class: "live" });
  const status = h("span", { class: "soft" }, t("live"));
  const search = h("input", { type: "search", placeholder: t("filterRequests"), "aria-label": t("filter"), on: { input: () => { state.filter = search.value.toLowerCase(); draw(); } } });
  const ownBox = h("input", { type: "checkbox", on: { change: () => { state.own = ownBox.checked; draw(); } } });
  const pause = button(t("pause"), () => {
    state.live = !state.live;
    pause.textContent = t(state.live ? "pause" : "resume");
    status.textContent = t(state.live ? "live" : "paused");
    dot.classList.toggle("off", !state.live);
  });
  const clear = () => attempt(async () => { await own("requests", { method: "DELETE" }); state.requests = []; draw(); });
  replace(main, h("div", { class: "head" }, h("h1", {}, t("requests")), h("div", { class: "row" }, dot, status, pause, button(t("clear"), clear))),
    h("div", { class: "head" }, h("div", { class: "row" }, search, h("label", { class: "check" }, ownBox, t("showOwn")))), card(body));

  const text = (request) => [request.method, request.target, request.operation, request.status, request.code, request.request_id, request.fault].join(" ").toLowerCase();
  function draw() {
    const words = state.filter.split(/\s+/).filter(Boolean);
    const found = state.requests.filter((request) => (state.own || !request.is_from_console) && words.every((word) => text(request).includes(word)));
    if (!found.length) return replace(body, state.filter ? emptyState(t("noMatch"), "") : emptyState(t("noRequests"), t("noRequestsHint")));
    const rows = found.slice(-SHOWN).reverse().map((request) => {
      const open = () => attempt(() => showRequest(request.number));
      return h("tr", { "data-open": true, "data-number": request.number, on: { click: (event) => { if (!event.target.closest("button")) open(); } } },
        h("td", { class: "num soft" }, clock(request.time)),
        h("td", {}, h("button", { type: "button", class: "link", on: { click: open } }, h("b", {}, request.operation ?? request.method)), h("br", {}), h("small", { class: "mono" }, `${request.method} `, named(request.target))),
        h("td", {}, statusTag(request.status), request.code ? [h("br"), h("small", {}, request.code)] : null, request.fault ? [" ", tag(t("fault"), "info")] : null),
        h("td", { class: "right num hide" }, duration(request.duration_us)),
        h("td", { class: "right num hide" }, bytes(request.bytes_in), h("br"), h("small", {}, bytes(request.bytes_out))),
        h("td", { class: "hide mono soft" }, request.request_id.slice(0, 12)));
    });
    const focused = body.contains(document.activeElement) && document.activeElement.closest("tr")?.dataset.number;
    replace(body, h("table", {}, h("thead", {}, h("tr", {}, h("th", { class: "w-s" }, t("time")), h("th", {}, t("operation")), h("th", { class: "w-l" }, t("status")), h("th", { class: "w-s right hide" }, t("duration")),
      h("th", { class: "w-s right hide" }, t("bytes")), h("th", { class: "w-m hide" }, t("requestId")))), h("tbody", {}, rows)), h("div", { class: "foot" }, t("items", number(found.length))));
    // New rows must not take the focus away.
    if (focused) body.querySelector(`tr[data-number="${Number(focused)}"] button`)?.focus();
    return undefined;
  }

  draw();
  while (isCurrent()) {
    if (state.live && !document.hidden) {
      try {
        const { requests, last } = await own(`requests?after=${state.last}`);
        // The emulator was restarted.
        if (last < state.last) state.requests = [];
        state.last = last;
        if (requests.length && isCurrent()) { state.requests = [...state.requests, ...requests].slice(-KEPT); draw(); }
        dot.classList.remove("off");
        status.textContent = t("live");
      } catch (error) {
        dot.classList.add("off");
        status.textContent = error.message;
      }
    }
    await new Promise((resolve) => { setTimeout(resolve, POLL_MS); });
  }
}

async function showRequest(id) {
  const request = await own(`requests/${id}`);
  const headers = (title, list) => [h("h2", { class: "gap" }, title), definitions(list.map(([name, value]) => [named(name), named(value)]))];
  await dialog(request.operation ?? request.method, (finish) => [
    request.message ? h("div", { class: request.status >= 500 ? "note bad" : "note" }, h("b", {}, request.code === "signature_not_matched" ? `${t("explanation")}: ` : ""), named(request.message)) : null,
    definitions([
      [t("target"), h("span", { class: "mono" }, `${request.method} `, named(request.target))], [t("status"), [statusTag(request.status), " ", request.code]],
      [t("fault"), request.fault && named(request.fault)], [t("duration"), duration(request.duration_us)], [t("bytes"), `${bytes(request.bytes_in)} / ${bytes(request.bytes_out)}`],
      [t("requestId"), h("code", {}, request.request_id)], [t("client"), request.client], [t("user"), request.user_id],
    ]),
    request.string_to_sign ? [h("h2", { class: "gap" }, t("stringToSign")), h("pre", { tabindex: "0" }, request.string_to_sign.replace(/\\n/g, "\\n\n"))] : null,
    ...headers(t("requestHeaders"), request.request_headers), ...headers(t("responseHeaders"), request.response_headers),
    h("div", { class: "row end" }, button(t("close"), () => finish())),
  ].flat().filter(Boolean), true);
}

const OPERATIONS = ["*", "GetObject", "PutObject", "HeadObject", "DeleteObject", "ListObjects", "DeleteMultipleObjects", "ListBuckets", "PutBucket", "InitiateMultipartUpload", "UploadMultipart", "CompleteMultipartUpload"];
const EFFECTS = ["status=503", "status=500", "code=internal_error", "status=429", "latency=2s", "reset=before", "reset=mid", "reset=body", "truncate=100", "trickle=1024", "etag=wrong", "skew=1h"];

// Shows the fault rules.
export async function showFaults(main) {
  const { faults, seed } = await own("faults");
  const put = (rules) => own("faults", { method: "PUT", body: JSON.stringify(rules) });
  const rules = faults.map(({ rule }) => rule);
  const reload = () => attempt(() => showFaults(main));
  const add = () => addFault((rule) => put([...rules, rule])).then((done) => done && reload());
  const without = (index) => () => attempt(async () => { await put(rules.filter((_, other) => other !== index)); await reload(); });
  const clear = () => attempt(async () => { await own("faults", { method: "DELETE" }); toast(t("deleted")); await reload(); });
  const heading = h("div", { class: "head" }, h("h1", {}, t("faults")), h("div", { class: "row" },
    button(t("refresh"), reload, "plain"), faults.length ? button(t("removeAll"), clear, "danger") : null, button(t("addFault"), add, "primary")));
  if (!faults.length) return replace(main, heading, card(emptyState(t("noFaults"), t("noFaultsHint"), button(t("addFault"), add, "primary"))));
  const rows = faults.map((fault, index) => h("tr", {}, h("td", {}, h("code", {}, named(fault.rule))), h("td", { class: "right num" }, number(fault.matches)), h("td", { class: "right num" }, number(fault.hits)),
    h("td", { class: "right" }, h("button", { type: "button", class: "plain danger", "aria-label": t("removeRule", fault.rule), on: { click: without(index) } }, t("remove")))));
  return replace(main, heading, card(
    h("table", {}, h("thead", {}, h("tr", {}, h("th", {}, t("faultRule")), h("th", { class: "w-s right" }, t("matches")), h("th", { class: "w-s right" }, t("hits")), h("th", { class: "w-m" }))), h("tbody", {}, rows)),
    h("div", { class: "foot" }, h("span", {}, t("counters")), h("span", { class: "mono" }, `${t("seed")} ${seed}`))));
}

function addFault(submit) {
  const operation = h("select", {}, OPERATIONS.map((name) => h("option", { value: name }, name === "*" ? t("anyOperation") : name)));
  const effect = h("select", {}, EFFECTS.map((name) => h("option", {}, name)));
  const times = h("input", { type: "number", min: 1 });
  const probability = h("input", { type: "number", min: 0, max: 1, step: "any", placeholder: "1" });
  const text = h("input", { class: "mono", required: true, spellcheck: "false" });
  const compose = () => {
    text.value = [`operation=${operation.value}`, times.value && `times=${times.value}`, probability.value && `probability=${probability.value}`, effect.value].filter(Boolean).join(",");
  };
  [operation, effect, times, probability].forEach((input) => input.addEventListener("input", compose));
  compose();
  return formDialog(t("addFault"), [field(t("operation"), operation), field(t("effect"), effect), h("div", { class: "grid two" }, field(t("times"), times), field(t("probability"), probability)), field(t("asText"), text)],
    t("addFault"), () => submit(text.value));
}

// Shows counts of requests.
export async function showFigures(main, isCurrent) {
  const place = h("div");
  replace(main, h("div", { class: "head" }, h("h1", {}, t("figures"))), place);
  while (isCurrent()) {
    if (!document.hidden) await attempt(async () => drawFigures(place, await own("figures")));
    await new Promise((resolve) => { setTimeout(resolve, 2 * POLL_MS); });
  }
}

function drawFigures(place, figures) {
  if (!figures.requests) return replace(place, card(emptyState(t("noRequests"), t("noRequestsHint"))));
  const operations = Object.entries(figures.by_operation).sort(([, a], [, b]) => b.requests - a.requests);
  const errors = operations.reduce((sum, [, entry]) => sum + entry.errors, 0);
  const stat = (name, value) => h("div", {}, h("span", { class: "soft" }, name), h("b", { class: "num" }, value));
  const meter = (share, isBad) => { const bar = h("div"); bar.style.width = `${Math.max(share * 100, 0.5)}%`; return h("div", { class: isBad ? "meter bad" : "meter" }, bar); };
  const most = operations[0][1].requests;
  const statuses = Object.entries(figures.by_status);
  return replace(place,
    h("section", { class: "card pad" }, h("div", { class: "stats" }, stat(t("total"), number(figures.requests)), stat(t("errors"), number(errors)), stat(t("received"), bytes(figures.bytes_in)), stat(t("sent"), bytes(figures.bytes_out)))),
    h("div", { class: "grid" },
      h("section", { class: "card pad" }, h("h2", {}, t("latency")), histogram(figures)),
      h("section", { class: "card pad" }, h("h2", {}, t("byStatus")), h("table", { class: "bare" }, h("tbody", {}, statuses.map(([status, count]) => h("tr", {},
        h("td", { class: "w-m" }, statusTag(Number(status))), h("td", {}, meter(count / figures.requests, status >= 400 || status === "0")), h("td", { class: "w-s right num" }, number(count)))))))),
    h("br"),
    card(h("table", {}, h("thead", {}, h("tr", {}, h("th", {}, t("operation")), h("th", { class: "hide" }), h("th", { class: "w-s right" }, t("total")), h("th", { class: "w-s right" }, t("errors")), h("th", { class: "w-m right" }, t("average")))),
      h("tbody", {}, operations.map(([name, entry]) => h("tr", {}, h("td", {}, name || t("other")), h("td", { class: "hide" }, meter(entry.requests / most)), h("td", { class: "right num" }, number(entry.requests)),
        h("td", { class: "right num" }, number(entry.errors)), h("td", { class: "right num soft" }, duration(Math.round(entry.total_us / entry.requests))))))),
    h("div", { class: "foot" }, t("ownExcluded"))));
}

function histogram({ latency, bounds }) {
  const [width, height, base] = [520, 190, 150];
  const most = Math.max(...latency);
  const step = width / latency.length;
  const label = (us) => (us === undefined ? "∞" : us < 1000 ? `${us}µs` : us < 1e6 ? `${us / 1000}ms` : `${us / 1e6}s`);
  const bars = latency.map((count, index) => {
    const tall = count ? Math.max(2, (count / most) * (base - 16)) : 0;
    const [from, to] = [bounds[index - 1] ?? 0, bounds[index]];
    return [svg("rect", { x: index * step + 3, y: base - tall, width: step - 6, height: tall, rx: 2 }, svg("title", {}, `${label(from)} – ${label(to)}: ${number(count)}`)),
      count ? svg("text", { x: (index + 0.5) * step, y: base - tall - 4, "text-anchor": "middle" }, number(count)) : null,
      index % 2 === 0 ? svg("text", { x: (index + 0.5) * step, y: base + 16, "text-anchor": "middle" }, `≤${label(to)}`) : null];
  });
  return svg("svg", { class: "chart", viewBox: `0 0 ${width} ${height - 16}`, role: "img", "aria-label": t("latency") }, svg("line", { x1: 0, x2: width, y1: base + 0.5, y2: base + 0.5 }), bars);
}
