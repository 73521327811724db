// SPDX-License-Identifier: Apache-2.0
// The manager itself: version, links, the configuration in effect, and who is logged in.

import { element, setText } from "./dom.js";
import { clockTime, duration, safeUrl } from "./format.js";
import { ListTable, section } from "./list_table.js";

const byId = (id) => document.getElementById(id);

export class AboutView {
  element = byId("view-about");
  #store;
  #api;
  #facts = element("dl", { class: "facts" });
  #links = element("ul", { class: "plain" });
  #problem = element("p", { class: "error", role: "alert" });
  #config = new ListTable("Configuration", [
    { label: "Key", cell: (row) => element("code", {}, row.key) },
    { label: "Value", class: "grow", cell: (row) => element("code", {}, row.value === "" ? "(empty)" : row.value) },
    { label: "", hint: "From where", cell: (row) => (row.is_default ? "default" : "set") },
  ], "");

  constructor(store, api) {
    this.#store = store;
    this.#api = api;
    this.element.append(
      element("div", { class: "view-head" }, element("h1", {}, "About")),
      this.#problem,
      element("div", { class: "panels" }, section("This manager", this.#facts), section("Links", this.#links)),
      section("Configuration in effect", this.#config.element),
    );
  }

  async show() {
    this.update();
    try {
      const { keys } = await this.#api.get("api/v1/config");
      this.#config.show(keys);
      setText(this.#problem, "");
    } catch (error) {
      if (error.status !== 401) setText(this.#problem, `The configuration can't be shown: ${error.message}`);
    }
  }

  update() {
    const { facts } = this.#store;
    if (!facts) return;
    this.tick(this.#store.now());
    const links = [
      ["Prometheus", facts.links.prometheus], ["Alertmanager", facts.links.alertmanager], ["Grafana", facts.links.grafana],
      ["The API's description (OpenAPI)", new URL("api/v1/openapi.json", document.baseURI).href], ["The manager's own metrics", new URL("metrics", document.baseURI).href],
    ].filter(([, url]) => safeUrl(url));
    const key = JSON.stringify(links);
    if (this.#links.dataset.said === key) return;
    this.#links.dataset.said = key;
    this.#links.replaceChildren(...links.map(([name, url]) => element("li", {}, element("a", { href: safeUrl(url) }, name))));
  }

  tick(now) {
    const { facts, nodes } = this.#store;
    if (!facts) return;
    const { session } = this.#api;
    const rows = [
      ["Site", facts.site],
      ["Version", facts.piman_version],
      ["Runs since", `${clockTime(facts.started)} (${duration(now - facts.started)})`],
      ["Nodes", String(nodes.size)],
      ["Asks each node every", duration(facts.scrape_interval_seconds)],
      ["Keeps for charts", duration(facts.history_seconds)],
      ["Inventory", facts.hosts_file],
      ["Boots nodes", facts.netboot ? "yes" : "no"],
      ["You are", session.role ? `${session.user ?? "somebody"}, ${session.role}` : "not logged in"],
    ];
    const key = JSON.stringify(rows);
    if (this.#facts.dataset.said === key) return;
    this.#facts.dataset.said = key;
    this.#facts.replaceChildren(...rows.flatMap(([label, value]) => [element("dt", {}, label), element("dd", {}, value)]));
  }
}
