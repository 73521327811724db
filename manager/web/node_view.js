// SPDX-License-Identifier: Apache-2.0
// One node: what it is, its charts, how it boots, what was installed on it, what happened to it, and what can be done.

import { element, phaseIcon, setAttribute, setText } from "./dom.js";
import { ago, bytes, clockTime, details, duration, healthMarks, isKnown, kUnknown, percent, phaseMeaning, phaseWord, reason, seconds } from "./format.js";
import { eventColumns } from "./events_view.js";
import { ListTable, section } from "./list_table.js";
import { NodeCharts } from "./node_charts.js";
import { hashOf } from "./router.js";
import { Waterfall } from "./waterfall.js";

const byId = (id) => document.getElementById(id);
const kIntervalMs = 5000;
const kHistoryPoints = 600;
const kMostPageChars = 400000; // of a raw page: more than that nobody reads

export class NodeView {
  element = byId("view-node");
  #store;
  #api;
  #actions;
  #name = null;
  #timer = 0;
  #charts = new NodeCharts();
  #waterfall = new Waterfall();
  #title = element("h1", { class: "node-title" });
  #phase = element("p", { class: "node-phase" });
  #buttons = element("div", { class: "buttons" });
  #facts = element("dl", { class: "facts" });
  #phases = element("ol", { class: "phases" });
  #bootPanel = section("Boots", this.#waterfall.element);
  #card = element("p", { class: "sub" });
  #installs = new ListTable("Installs", [
    { label: "Started", cell: (row) => clockTime(row.started) },
    { label: "Image", cell: (row) => (row.version ? `${row.image}@${row.version}` : row.image) },
    { label: "Cause", cell: (row) => row.cause.replaceAll("_", " ") },
    { label: "Result", cell: (row) => (row.result ?? "runs").replaceAll("_", " ") },
    { label: "Took", cell: (row) => (row.ended ? seconds(row.ended - row.started) : kUnknown) },
    { label: "Why", cell: (row) => [row.stage, row.reason].filter(Boolean).join(": ") || kUnknown },
  ], "Nothing was ever installed on it from here.");
  #installPanel = section("Installs", this.#card, this.#installs.element);
  #events = new ListTable("Events", eventColumns.filter((column) => column.label !== "Node"), "Nothing is on record.");
  #raw = element("pre", { class: "raw", tabindex: "0", "aria-label": "Metrics page" });
  #rawButton = element("button", { type: "button", class: "button" }, "Show the last page");
  #problem = element("p", { class: "error", role: "alert" });

  constructor(store, api, actions) {
    this.#store = store;
    this.#api = api;
    this.#actions = actions;
    this.#installs.level = (row) => (row.result === "installed" ? "good" : row.result ? "critical" : null);
    this.#rawButton.addEventListener("click", () => this.#showRaw());
    this.#raw.hidden = true;
    this.element.append(
      element("p", { class: "crumb" }, element("a", { href: hashOf("fleet") }, "← Fleet")),
      element("header", { class: "node-header" }, element("div", {}, this.#title, this.#phase), this.#buttons),
      this.#problem,
      element("div", { class: "panels" },
        element("section", { class: "panel" }, element("h2", {}, "Facts"), this.#facts),
        element("section", { class: "panel panel-wide" }, element("h2", {}, "Load"), this.#charts.element)),
      section("Phases", this.#phases),
      this.#bootPanel,
      this.#installPanel,
      section("Events", this.#events.element),
      section("Metrics", element("p", {}, this.#rawButton, " ", element("a", { class: "raw-link" }, "as a file")), this.#raw),
    );
  }

  show(name) {
    if (this.#name !== name) {
      this.#name = name;
      this.#charts.clear();
      this.#waterfall.clear();
      this.#installs.show([]);
      this.#events.show([]);
      this.#phases.replaceChildren();
      this.#raw.hidden = true;
      setText(this.#rawButton, "Show the last page");
      setText(this.#problem, "");
    }
    setText(this.#title, name);
    setAttribute(this.element.querySelector(".raw-link"), "href", `nodes/${encodeURIComponent(name)}/metrics`);
    this.update();
    this.#ask();
  }

  hide() {
    clearTimeout(this.#timer);
    this.#name = null;
  }

  update() {
    const name = this.#name;
    const node = this.#store.nodes.get(name);
    if (!this.#store.facts || name === null) return;
    document.title = `${name} · ${this.#store.facts.site} · piman`;
    this.#bootPanel.hidden = !this.#store.facts.netboot;
    this.#installPanel.hidden = !this.#store.facts.netboot;
    if (!node) {
      this.#phase.replaceChildren("The inventory has no node of this name.");
      this.#facts.replaceChildren();
      this.#buttons.replaceChildren();
      return;
    }
    this.#actions.fill(this.#buttons, () => [name]);
    this.tick(this.#store.now());
  }

  tick(now) {
    const node = this.#store.nodes.get(this.#name);
    if (!node) return;
    this.#showPhase(node, now);
    this.#showFacts(node, now);
  }

  #showPhase(node, now) {
    const done = isKnown(node.phase_percent) ? ` (${percent(node.phase_percent)})` : "";
    const words = `${phaseWord(node.phase)}${done} for ${duration(now - node.phase_since)}`;
    const why = node.phase === "up" ? "" : [reason(node), details(node)].filter(Boolean).join(": ");
    const key = `${words}|${why}`;
    if (this.#phase.dataset.said === key) return;
    this.#phase.dataset.said = key;
    setAttribute(this.#phase, "data-phase", node.phase);
    setAttribute(this.#phase, "data-stuck", node.stuck ? "true" : null);
    setAttribute(this.#phase, "title", phaseMeaning(node.phase));
    this.#phase.replaceChildren(
      element("span", { class: "phase" }, element("span", { class: "phase-icon" }, phaseIcon(node.phase)), words),
      ...(why ? [element("span", { class: "why-text" }, why)] : []),
    );
  }

  #showFacts(node, now) {
    const marks = healthMarks(node).map((mark) => mark.words).join("; ");
    const facts = [
      ["Address", node.address],
      ["Hardware address", node.mac],
      ["Model", node.model],
      ["On its card", node.installed],
      ["Boot image", node.image],
      ["Group", node.group],
      ["Switch", node.switch],
      ["Uptime", node.boot_time === null ? null : duration(now - node.boot_time)],
      ["CPU", isKnown(node.cpu_percent) ? percent(node.cpu_percent) : null],
      ["Processes", node.num_pids],
      ["Card", node.health?.mmc_name],
      ["Health", marks || (node.scrapes > 0 ? "no complaint" : null)],
      ["Last seen", node.last_seen === null ? "never" : ago(now - node.last_seen)],
      ["Last error", node.last_error?.message],
      ["Last scrape", node.scrape ? `${seconds(node.scrape.duration_seconds)}, ${node.scrape.samples} samples, ${bytes(node.scrape.bytes)}` : null],
      ["Failed boots in a row", node.failed_boots || null],
    ].filter(([, value]) => value !== null && value !== undefined && value !== "");
    const key = JSON.stringify(facts);
    if (this.#facts.dataset.said === key) return;
    this.#facts.dataset.said = key;
    this.#facts.replaceChildren(...facts.flatMap(([label, value]) => [element("dt", {}, label), element("dd", {}, String(value))]));
  }

  async #ask() {
    clearTimeout(this.#timer);
    const name = this.#name;
    const path = `api/v1/nodes/${encodeURIComponent(name)}`;
    const isBooted = this.#store.facts?.netboot === true;
    try {
      const node = await this.#api.get(`${path}?history=${kHistoryPoints}`);
      if (this.#name !== name) return;
      this.#charts.show(node.history).catch((error) => setText(this.#problem, error.message));
      this.#showPhases(node.phases);
      const boots = isBooted ? await this.#api.get(`${path}/boots`) : null;
      const installs = isBooted ? await this.#api.get(`${path}/installs`) : null;
      const events = await this.#api.get(`api/v1/events?limit=50&node=${encodeURIComponent(name)}`);
      if (this.#name !== name) return;
      if (boots) this.#waterfall.show(boots.boots, node.phases, name);
      if (installs) this.#showInstalls(installs);
      this.#events.show(events.events.reverse());
      setText(this.#problem, "");
    } catch (error) {
      if (this.#name !== name) return;
      if (error.status !== 401) setText(this.#problem, `Not all of it can be shown: ${error.message}`);
    }
    if (this.#name === name) this.#timer = setTimeout(() => (document.hidden ? this.#later() : this.#ask()), kIntervalMs);
  }

  #later() {
    this.#timer = setTimeout(() => (document.hidden ? this.#later() : this.#ask()), kIntervalMs);
  }

  #showPhases(phases) {
    const shown = phases.slice(-12);
    const key = JSON.stringify(shown.map((span) => [span.phase, span.since]));
    if (this.#phases.dataset.said === key) return;
    this.#phases.dataset.said = key;
    this.#phases.replaceChildren(
      ...shown.map((span, i) => element(
        "li", { "data-phase": span.phase, title: clockTime(span.since) },
        element("span", { class: "phase" }, element("span", { class: "phase-icon" }, phaseIcon(span.phase)), phaseWord(span.phase)),
        element("span", { class: "sub" }, i + 1 < shown.length ? seconds(span.seconds) : `since ${clockTime(span.since)}`),
      )),
    );
  }

  #showInstalls({ card, installs, session }) {
    const version = card.version ? `@${card.version}` : "";
    const words = {
      never: "Nothing of this manager's is on its card.",
      installed: `On its card: ${card.image}${version}${card.installed ? `, since ${clockTime(card.installed)}` : ""}.`,
      broken: "Its card is broken: an install was begun and did not end well.",
    };
    setText(this.#card, [words[card.state] ?? card.state, session ? `It is connected: ${session.stage}.` : ""].join(" "));
    this.#installs.show(installs);
  }

  async #showRaw() {
    const name = this.#name;
    setText(this.#problem, "");
    try {
      const text = await this.#api.text(`nodes/${encodeURIComponent(name)}/metrics`);
      if (this.#name !== name) return;
      this.#raw.textContent = text.length > kMostPageChars ? `${text.slice(0, kMostPageChars)}\n… and ${bytes(text.length - kMostPageChars)} more` : text;
      this.#raw.hidden = false;
      setText(this.#rawButton, "Show it again");
    } catch (error) {
      setText(this.#problem, `The page can't be shown: ${error.message}`);
    }
  }
}
