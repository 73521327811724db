// SPDX-License-Identifier: Apache-2.0
// The fleet page: joins the client, which asks, with what shows: summary, table, and the words around them.

import { BootsDialog } from "./boots.js";
import { FleetClient } from "./client.js";
import { element, setAttribute, setText } from "./dom.js";
import { FleetTable } from "./fleet_table.js";
import { duration, phaseWord, safeUrl } from "./format.js";
import { kColumns, kDefaultSelection, queryOfSelection, select, selectionFromQuery } from "./selection.js";
import { Summary } from "./summary.js";
import { WaitingHosts } from "./waiting.js";

const byId = (id) => document.getElementById(id);
const kTickMs = 1000;
const kShortestChartSeconds = 300;

let selection = selectionFromQuery(location.search);
let fleet = null;
let clockOffsetSeconds = 0; // the server's clock less ours: ages are right where this machine's clock is not
let lost = null;
let lastAnswer = 0;

const boots = new BootsDialog(byId("boots"));
const table = new FleetTable(byId("columns"), byId("rows"), sortBy, (name) => boots.show(name));
const summary = new Summary(
  { up: byId("count-up"), rest: byId("count-rest"), strip: byId("strip"), chips: byId("chips") },
  togglePhase,
);
const client = new FleetClient({ fleet: takeFleet, alive: takeAnswer, lost: takeLoss });
const waiting = new WaitingHosts(byId("waiting"), () => client.ask());

const serverNow = () => Date.now() / 1000 + clockOffsetSeconds;

// --- what the person chooses ---

function choose(change) {
  selection = { ...selection, ...change };
  history.replaceState(null, "", location.pathname + queryOfSelection(selection));
  showNodes();
}

function sortBy(id) {
  choose({ sort: id, reverse: selection.sort === id && !selection.reverse });
}

function togglePhase(phase) {
  const phases = selection.phases.includes(phase)
    ? selection.phases.filter((each) => each !== phase)
    : [...selection.phases, phase];
  choose({ phases });
}

function clearFilter() {
  byId("filter").value = "";
  choose({ text: kDefaultSelection.text, phases: kDefaultSelection.phases });
  byId("filter").focus();
}

// --- what the server says ---

function takeFleet(data, hasHistory) {
  if (reloadForNewPage(data.page)) return;
  const known = new Set(fleet?.nodes.map((node) => node.name));
  // New nodes come without their past; ask for it once.
  if (!hasHistory && data.nodes.some((node) => !known.has(node.name))) client.wantHistory();
  announceChanges(fleet, data);
  fleet = data;
  clockOffsetSeconds = data.now - Date.now() / 1000;
  table.update(data.nodes, chartSeconds(data), data.netboot === true);
  if (data.netboot === true) waiting.start();
  showAbout();
  showNodes();
}

/** How far back the charts look: a young manager has little to show, and would show it in a corner. */
function chartSeconds({ history_seconds: longest, now, started }) {
  return Math.min(longest, Math.max(kShortestChartSeconds, now - started));
}

function takeAnswer() {
  lastAnswer = Date.now();
  lost = null;
  showConnection();
}

function takeLoss(loss) {
  lost = loss;
  showConnection();
}

/** After an upgrade the server's page has other files than this one. Once only: a proxy may keep an old page. */
function reloadForNewPage(page) {
  if (!page || import.meta.url.includes(page) || !import.meta.url.includes("/assets/")) return false;
  if (sessionStorage.getItem("reloaded-for") === page) return false;
  sessionStorage.setItem("reloaded-for", page);
  location.reload();
  return true;
}

/** Tells screen readers of changes of state, and of nothing else: the numbers change all the time. */
function announceChanges(before, after) {
  if (!before) return;
  const phases = new Map(before.nodes.map((node) => [node.name, node.phase]));
  const changed = after.nodes.filter((node) => phases.has(node.name) && phases.get(node.name) !== node.phase);
  if (changed.length > 0) {
    setText(byId("announce"), changed.slice(0, 5).map((node) => `${node.name} is ${phaseWord(node.phase).toLowerCase()}`).join(", "));
  }
}

// --- what is shown ---

function showNodes() {
  if (!fleet) return;
  const total = fleet.nodes.length;
  byId("empty").hidden = total > 0;
  byId("summary").hidden = byId("fleet").hidden = total === 0;
  summary.show(fleet.counts, total, selection);
  const shown = select(fleet.nodes, selection);
  table.showSort(selection);
  table.show(shown, serverNow());
  byId("nothing").hidden = shown.length > 0 || total === 0;
  setText(byId("nothing-text"), `None of the ${total} nodes matches.`);
  byId("sort").value = (selection.reverse ? "-" : "") + selection.sort;
  document.title = total > 0 ? `${fleet.counts.up}/${total} up · ${fleet.site} · piman` : `${fleet.site} · piman`;
}

function showAbout() {
  setText(byId("site"), fleet.site);
  setText(byId("hosts-file"), fleet.hosts_file);
  const links = [
    ["Prometheus", fleet.links.prometheus],
    ["Alertmanager", fleet.links.alertmanager],
    ["Grafana", fleet.links.grafana],
  ].filter(([, url]) => safeUrl(url));
  byId("links").replaceChildren(...links.map(([name, url]) => element("a", { href: safeUrl(url) }, name)));
}

function showConnection() {
  // One missed answer is no news: a server that restarts is back in a moment.
  const isLost = lost !== null && (lost.attempts > 1 || fleet === null);
  if (isLost !== !byId("banner").hidden) {
    // Once, not with each second of the countdown that the banner shows.
    setText(byId("announce"), isLost ? "Connection to piman lost" : "Connected to piman again");
  }
  const live = byId("live");
  const state = lost !== null ? (isLost ? "lost" : "late") : fleet ? "live" : "loading";
  setAttribute(live, "data-state", state);
  setText(byId("live-text"), { live: "Live", late: "Reconnecting", lost: "Offline", loading: "Connecting" }[state]);
  byId("banner").hidden = !isLost;
  setAttribute(document.body, "data-stale", isLost && fleet ? "true" : null);
  if (isLost) {
    const wait = Math.max(0, Math.ceil((lost.retryAt - Date.now()) / 1000));
    const what = fleet
      ? `Connection to piman lost. This is the fleet as of ${new Date(lastAnswer).toLocaleTimeString()}.`
      : "piman does not answer.";
    setText(byId("banner-text"), `${what} ${wait > 0 ? `Trying again in ${wait} s.` : "Trying again …"}`);
  }
}

function tick() {
  if (document.hidden) return;
  if (lost) showConnection();
  if (!fleet) return;
  table.tick(serverNow());
  setText(
    byId("about"),
    `piman ${fleet.piman_version}, running for ${duration(serverNow() - fleet.started)}; ` +
      `asks each node every ${duration(fleet.scrape_interval_seconds)}`,
  );
}

// --- wiring ---

for (const column of kColumns) {
  const most = column.most ?? false;
  byId("sort").append(
    element("option", { value: column.id }, `${column.label} ${most ? "↓" : "↑"}`),
    element("option", { value: `-${column.id}` }, `${column.label} ${most ? "↑" : "↓"}`),
  );
}
byId("sort").addEventListener("change", (event) => {
  const value = event.target.value;
  choose({ sort: value.replace(/^-/, ""), reverse: value.startsWith("-") });
});
byId("filter").value = selection.text;
byId("filter").addEventListener("input", (event) => choose({ text: event.target.value }));
byId("filter").addEventListener("keydown", (event) => {
  if (event.key === "Escape") clearFilter();
});
document.addEventListener("keydown", (event) => {
  const typing = event.target instanceof Element && event.target.closest("input, select, textarea");
  if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey || typing) return;
  event.preventDefault();
  byId("filter").focus();
});
byId("clear").addEventListener("click", clearFilter);
byId("retry").addEventListener("click", () => client.ask());
window.addEventListener("popstate", () => {
  selection = selectionFromQuery(location.search);
  byId("filter").value = selection.text;
  showNodes();
});
setInterval(tick, kTickMs);
client.ask();
