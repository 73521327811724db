// SPDX-License-Identifier: Apache-2.0
// What is wrong, what is silenced, and who is told.

import { element, setText } from "./dom.js";
import { clockTime, kUnknown } from "./format.js";
import { ListTable, section } from "./list_table.js";
import { hashOf } from "./router.js";

const byId = (id) => document.getElementById(id);
const kIntervalMs = 10000;
const kOrder = { firing: 0, pending: 1, resolved: 2 };

export class AlertsView {
  element = byId("view-alerts");
  #store;
  #api;
  #actions;
  #timer = 0;
  #isShown = false;
  #count = element("span", { class: "sub" });
  #problem = element("p", { class: "error", role: "alert" });
  #off = element("p", { class: "nothing" }, "This manager does not watch its nodes: watch.enabled is false.");
  #alerts;
  #silences;
  #notifiers;
  #parts;

  constructor(store, api, actions) {
    this.#store = store;
    this.#api = api;
    this.#actions = actions;
    this.#alerts = new ListTable("Alerts", [
      { label: "State", class: "nowrap", cell: (row) => (row.silenced ? `${row.state}, silenced` : row.state) },
      { label: "Node", cell: (row) => (row.node ? element("a", { href: hashOf("node", row.node) }, row.node) : "the site") },
      { label: "What", class: "grow", cell: (row) => element("span", {}, element("strong", {}, row.condition.replaceAll("_", " ")), " ", row.annotations.description) },
      { label: "Since", class: "nowrap", cell: (row) => clockTime(row.since) },
      { label: "", hint: "What to do", cell: (row) => (row.node && row.state !== "resolved" && !row.silenced ? this.#silenceButton(row) : "") },
    ], "Nothing is wrong.");
    this.#alerts.level = (row) => (row.state === "resolved" ? "good" : row.silenced || row.state === "pending" ? "note" : row.labels.severity === "critical" ? "critical" : "high");
    this.#silences = new ListTable("Silences", [
      { label: "Nodes", cell: (row) => row.nodes.join(", ") },
      { label: "Conditions", cell: (row) => (row.conditions.length > 0 ? row.conditions.join(", ") : "all") },
      { label: "Ends", class: "nowrap", cell: (row) => clockTime(row.expires) },
      { label: "By", cell: (row) => row.who },
      { label: "Why", class: "grow", cell: (row) => row.why ?? kUnknown },
      { label: "", hint: "What to do", cell: (row) => this.#endButton(row) },
    ], "Nothing is silenced.");
    this.#notifiers = new ListTable("Who is told", [
      { label: "Who", cell: (row) => row.name },
      { label: "State", class: "grow", cell: (row) => row.words },
    ], "Nobody is told: set watch.slack_url_file, watch.webhook_url_file or watch.alertmanager_url.");
    const silence = element("button", { type: "button", class: "button" }, "Silence nodes …");
    silence.addEventListener("click", () => this.#actions.silence([]));
    this.#parts = [this.#alerts.element, section("Silences", element("p", {}, silence), this.#silences.element), section("Who is told", this.#notifiers.element)];
    this.element.append(element("div", { class: "view-head" }, element("h1", {}, "Alerts"), this.#count), this.#problem, this.#off, ...this.#parts);
  }

  show() {
    this.#isShown = true;
    this.#ask();
  }

  hide() {
    this.#isShown = false;
    clearTimeout(this.#timer);
  }

  topic(topics) {
    if (topics.has("alerts")) this.#ask();
  }

  async #ask() {
    clearTimeout(this.#timer);
    try {
      const { alerts } = await this.#api.get("api/v1/alerts");
      const { silences } = await this.#api.get("api/v1/silences");
      const { notifiers } = await this.#api.get("api/v1/notifiers");
      this.#off.hidden = true;
      for (const part of this.#parts) part.hidden = false;
      const isMinor = (alert) => alert.labels.severity !== "critical";
      alerts.sort((a, b) => kOrder[a.state] - kOrder[b.state] || a.silenced - b.silenced || isMinor(a) - isMinor(b) || b.since - a.since);
      this.#alerts.show(alerts.map(({ value, ...alert }) => alert));
      const count = (state) => alerts.filter((alert) => alert.state === state && !alert.silenced).length;
      const silenced = alerts.filter((alert) => alert.silenced && alert.state !== "resolved").length;
      setText(this.#count, `${count("firing")} firing, ${count("pending")} pending, ${silenced} silenced`);
      this.#silences.show(silences.map(({ left_seconds: left, ...silence }) => silence));
      this.#notifiers.show(notifiers.map((notifier) => ({ name: notifier.name, words: this.#notifierWords(notifier) })));
      setText(this.#problem, "");
    } catch (error) {
      const isOff = error.type === "watch_off";
      this.#off.hidden = !isOff;
      for (const part of this.#parts) part.hidden = isOff;
      if (!isOff && error.status !== 401) setText(this.#problem, `The alerts can't be shown: ${error.message}`);
    }
    if (this.#isShown) this.#timer = setTimeout(() => this.#ask(), kIntervalMs);
  }

  #notifierWords(notifier) {
    const parts = [];
    if (notifier.queued > 0) parts.push(`${notifier.queued} messages wait`);
    if (notifier.failing_since) parts.push(`fails since ${clockTime(notifier.failing_since)}: ${notifier.last_error}`);
    if (notifier.last_sent) parts.push(`last message ${clockTime(notifier.last_sent)}`);
    return parts.join(", ") || "nothing was sent yet";
  }

  #silenceButton(row) {
    const button = element("button", { type: "button", class: "button", "aria-label": `Silence ${row.node}` }, "Silence …");
    button.addEventListener("click", () => this.#actions.silence([row.node]));
    return button;
  }

  #endButton(row) {
    const button = element("button", { type: "button", class: "button", "aria-label": `End silence ${row.id}` }, "End");
    button.addEventListener("click", async () => {
      button.disabled = true;
      try {
        await this.#api.change("DELETE", `api/v1/silences/${row.id}`);
        this.#ask();
      } catch (error) {
        setText(this.#problem, error.message);
      }
      button.disabled = false;
    });
    return button;
  }
}

