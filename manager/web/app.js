// SPDX-License-Identifier: Apache-2.0
// The page: joins the client, which listens to the manager, with the views, of which one is shown.

import { AboutView } from "./about_view.js";
import { Actions } from "./actions.js";
import { AlertsView } from "./alerts_view.js";
import { Api } from "./api.js";
import { FleetClient } from "./client.js";
import { element, setAttribute, setText } from "./dom.js";
import { EventsView } from "./events_view.js";
import { FleetStore } from "./fleet_store.js";
import { FleetView } from "./fleet_view.js";
import { duration, phaseWord, safeUrl } from "./format.js";
import { Login } from "./login.js";
import { NetbootView } from "./netboot_view.js";
import { NodeView } from "./node_view.js";
import { hashOf, kViews, routeOf } from "./router.js";
import { TargetsView } from "./targets_view.js";

const byId = (id) => document.getElementById(id);
const kTickMs = 1000;

let lost = null;
let mode = "loading";
let lastAnswer = 0;
let shown = null; // the view on the screen
let isUpdating = false;

const store = new FleetStore();
const api = new Api({ onSession: takeSession, onRefused: () => login.ask("This needs a login.") });
const actions = new Actions(store, api, (view, words) => {
  setText(byId("announce"), words);
  location.hash = hashOf(view);
  views[view].show(null);
});
const login = new Login(api, () => {
  client.ask();
  showRoute();
});
const client = new FleetClient({ all: takeAll, change: takeChange, alive: takeAnswer, lost: takeLoss });
const views = {
  fleet: new FleetView(store, api, actions),
  node: new NodeView(store, api, actions),
  netboot: new NetbootView(store, api),
  alerts: new AlertsView(store, api, actions),
  events: new EventsView(store, api),
  targets: new TargetsView(store, api),
  about: new AboutView(store, api),
};

// --- what the server says ---

function takeAll(data) {
  if (reloadForNewPage(data.page)) return;
  // Another run of the server counts anew.
  const before = store.facts?.started === data.started ? store.topics : {};
  const isFirst = store.facts === null;
  announce(store.takeAll(data));
  showFrame();
  if (isFirst) showRoute();
  update(before);
}

function takeChange(data) {
  const before = store.topics;
  announce(store.takeChange(data));
  update(before);
}

/** Shows it with the next picture: a task of its own, so that reading and showing do not add up. */
function update(topicsBefore) {
  const changed = new Set(Object.keys(store.topics).filter((topic) => store.topics[topic] !== topicsBefore[topic]));
  if (changed.size > 0) shown?.topic?.(changed);
  if (isUpdating) return;
  isUpdating = true;
  requestAnimationFrame(() => {
    isUpdating = false;
    showBadges();
    shown?.update?.();
  });
}

function takeAnswer(by) {
  lastAnswer = Date.now();
  if (lost === null && mode === by) return;
  lost = null;
  mode = by;
  showConnection();
}

function takeLoss(loss) {
  lost = loss;
  showConnection();
}

function takeSession(session) {
  login.showSession(session);
  setAttribute(document.body, "data-role", session.role);
  if (!session.may_read) {
    client.stop();
    login.ask("This page needs a login.");
  }
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
function announce(names) {
  if (names.length === 0) return;
  const words = names.slice(0, 5).map((name) => `${name} is ${phaseWord(store.nodes.get(name).phase).toLowerCase()}`);
  setText(byId("announce"), words.join(", "));
}

// --- what is shown ---

function showRoute() {
  const { view, name } = routeOf(location.hash);
  for (const [id, each] of Object.entries(views)) {
    each.element.hidden = id !== view;
    if (id !== view && each === shown) each.hide?.();
  }
  for (const link of byId("views").querySelectorAll("a")) {
    const isHere = link.dataset.view === view || (link.dataset.view === "fleet" && view === "node");
    setAttribute(link, "aria-current", isHere ? "page" : null);
  }
  const isOther = shown !== views[view];
  shown = views[view];
  const title = kViews.find((each) => each.id === view)?.title;
  if (store.facts && title && view !== "fleet") document.title = `${title} · ${store.facts.site} · piman`;
  if (store.facts && api.session.may_read) shown.show(name);
  if (isOther || view === "node") window.scrollTo(0, 0);
}

function showBadges() {
  const counts = { netboot: store.badges.pending ?? 0, alerts: store.badges.alerts ?? 0 };
  for (const [view, count] of Object.entries(counts)) {
    const badge = byId("views").querySelector(`[data-view="${view}"] .count`);
    badge.hidden = count === 0;
    setText(badge, String(count));
    setAttribute(badge, "aria-label", view === "alerts" ? `${count} fire` : `${count} ask to boot`);
  }
}

function showFrame() {
  setText(byId("site"), store.facts.site);
  const { prometheus, alertmanager, grafana } = store.facts.links;
  const links = [["Prometheus", prometheus], ["Alertmanager", alertmanager], ["Grafana", grafana]].filter(([, url]) => safeUrl(url));
  const key = JSON.stringify(links);
  if (byId("links").dataset.said === key) return;
  byId("links").dataset.said = key;
  byId("links").replaceChildren(...links.map(([name, url]) => element("a", { href: safeUrl(url) }, name)));
}

function showConnection() {
  // One missed answer is no news: a server that restarts is back in a moment.
  const isLost = lost !== null && (lost.attempts > 1 || store.facts === null);
  if (isLost !== !byId("banner").hidden) {
    // Once, not with each second of the countdown that the banner shows.
    setText(byId("announce"), isLost ? "Connection to piman lost" : "Connected to piman again");
  }
  const live = byId("live");
  const state = lost !== null ? (isLost ? "lost" : "late") : store.facts ? "live" : "loading";
  setAttribute(live, "data-state", state);
  setAttribute(live, "title", state === "live" && mode === "poll" ? "Asks every few seconds: no live stream can be had" : null);
  const words = { live: mode === "poll" ? "Polling" : "Live", late: "Reconnecting", lost: "Offline", loading: "Connecting" };
  setText(byId("live-text"), words[state]);
  byId("banner").hidden = !isLost;
  setAttribute(document.body, "data-stale", isLost && store.facts ? "true" : null);
  if (isLost) {
    const wait = Math.max(0, Math.ceil((lost.retryAt - Date.now()) / 1000));
    const what = store.facts
      ? `Connection to piman lost. This is the fleet as of ${new Date(lastAnswer).toLocaleTimeString()}.`
      : "piman does not answer.";
    setText(byId("banner-text"), `${what} ${wait > 0 ? `Trying again in ${wait} s.` : "Trying again …"}`);
  }
}

function tick() {
  if (document.hidden) return;
  if (lost) showConnection();
  const { facts } = store;
  if (!facts) return;
  shown?.tick?.(store.now());
  const age = duration(store.now() - facts.started);
  setText(byId("about-line"), `piman ${facts.piman_version}, running for ${age}; asks each node every ${duration(facts.scrape_interval_seconds)}`);
}

// --- wiring ---

byId("views").append(...kViews.map(({ id, title }) => element("a", { href: hashOf(id), "data-view": id }, title, element("span", { class: "count", role: "img", hidden: "" }))));
document.querySelector(".skip").addEventListener("click", (event) => {
  event.preventDefault(); // the part of the address behind # says which view is shown
  byId("main").focus();
});
window.addEventListener("hashchange", showRoute);
byId("retry").addEventListener("click", () => client.ask());
setInterval(tick, kTickMs);
showRoute();
client.ask();
api.findSession().catch(() => {}); // the client tells when the server is lost
