// SPDX-License-Identifier: Apache-2.0
// How scraping goes: one line a node, those that fail first.

import { element, setText } from "./dom.js";
import { ago, bytes, seconds } from "./format.js";
import { ListTable } from "./list_table.js";
import { hashOf } from "./router.js";

const byId = (id) => document.getElementById(id);
const kIntervalMs = 5000;
const kHealthOrder = { down: 0, unknown: 1, up: 2 };

export class TargetsView {
  element = byId("view-targets");
  #store;
  #api;
  #timer = 0;
  #shown = false;
  #count = element("span", { class: "sub" });
  #problem = element("p", { class: "error", role: "alert" });
  #table = new ListTable("Targets", [
    { label: "Node", cell: (row) => element("a", { href: hashOf("node", row.labels.node) }, row.labels.node) },
    { label: "Health", cell: (row) => row.health },
    { label: "Last scrape", class: "nowrap", cell: (row) => row.ago },
    { label: "Took", class: "nowrap", cell: (row) => seconds(row.facts.scrape_duration_seconds) },
    { label: "Late by", class: "nowrap", cell: (row) => seconds(row.facts.scrape_delay_seconds) },
    { label: "Samples", cell: (row) => String(row.facts.scrape_samples_scraped) },
    { label: "Size", class: "nowrap", cell: (row) => bytes(row.facts.scrape_body_bytes) },
    { label: "Scrapes", cell: (row) => `${row.facts.scrapes}, ${row.facts.failures} failed` },
    { label: "Last error", class: "grow", cell: (row) => row.lastError || "–" },
  ], "There is no node to scrape.");

  constructor(store, api) {
    this.#store = store;
    this.#api = api;
    this.#table.level = (row) => ({ up: "good", down: "critical" })[row.health] ?? null;
    this.element.append(element("div", { class: "view-head" }, element("h1", {}, "Targets"), this.#count), this.#problem, this.#table.element);
  }

  show() {
    this.#shown = true;
    this.#ask();
  }

  hide() {
    this.#shown = false;
    clearTimeout(this.#timer);
  }

  async #ask() {
    clearTimeout(this.#timer);
    try {
      const { activeTargets } = await this.#api.get("api/v1/targets");
      const now = this.#store.now();
      const rows = activeTargets.map((target) => ({ ...target, ago: target.facts.last_scrape_seconds ? ago(now - target.facts.last_scrape_seconds) : "never" }));
      rows.sort((a, b) => (kHealthOrder[a.health] ?? 1) - (kHealthOrder[b.health] ?? 1));
      this.#table.show(rows);
      setText(this.#count, `${rows.filter((row) => row.health === "up").length} of ${rows.length} up`);
      setText(this.#problem, "");
    } catch (error) {
      if (error.status !== 401) setText(this.#problem, `The targets can't be shown: ${error.message}`);
    }
    if (this.#shown) this.#timer = setTimeout(() => this.#ask(), kIntervalMs);
  }
}
