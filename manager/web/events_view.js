// SPDX-License-Identifier: Apache-2.0
// What happened, newest first, as it happens. The stream says that there is something new; it is asked for then.

import { element, setText } from "./dom.js";
import { clockTime } from "./format.js";
import { ListTable } from "./list_table.js";
import { hashOf } from "./router.js";

const byId = (id) => document.getElementById(id);
const kMostEvents = 500;
const kKinds = ["phase", "stuck", "boot", "pending", "accepted", "order", "power", "install", "alert", "store"];

export const eventColumns = [
  { label: "Time", class: "nowrap", cell: (row) => clockTime(row.time) },
  { label: "Kind", cell: (row) => row.kind },
  { label: "Node", cell: (row) => (row.node ? element("a", { href: hashOf("node", row.node) }, row.node) : null) },
  { label: "What", class: "grow", cell: (row) => row.text },
];

export class EventsView {
  element = byId("view-events");
  #api;
  #table = new ListTable("Events", eventColumns, "Nothing of this kind is on record.");
  #problem = element("p", { class: "error", role: "alert" });
  #kind = element("select", { id: "events-kind" });
  #node = element("input", { id: "events-node", type: "search", placeholder: "of any node", autocomplete: "off", spellcheck: "false" });
  #timer = 0;
  #asking = false;
  #again = false;

  constructor(store, api) {
    this.#api = api;
    this.#kind.append(element("option", { value: "" }, "of every kind"), ...kKinds.map((kind) => element("option", { value: kind }, kind)));
    this.#kind.addEventListener("change", () => this.#ask());
    this.#node.addEventListener("input", () => {
      clearTimeout(this.#timer);
      this.#timer = setTimeout(() => this.#ask(), 250);
    });
    this.element.append(
      element("div", { class: "view-head" }, element("h1", {}, "Events"),
        element("div", { class: "tools" },
          element("label", { class: "field" }, element("span", { class: "unseen" }, "Kind"), this.#kind),
          element("label", { class: "field" }, element("span", { class: "unseen" }, "Node"), this.#node))),
      this.#problem,
      this.#table.element,
    );
  }

  show() {
    this.#ask();
  }

  topic(topics) {
    if (topics.has("events")) this.#ask();
  }

  async #ask() {
    if (this.#asking) {
      this.#again = true;
      return;
    }
    this.#asking = true;
    try {
      const kind = this.#kind.value ? `&kind=${this.#kind.value}` : "";
      const name = this.#node.value.trim();
      const { events } = await this.#api.get(`api/v1/events?limit=${kMostEvents}${kind}${name ? `&node=${encodeURIComponent(name)}` : ""}`);
      this.#table.show(events.reverse());
      setText(this.#problem, "");
    } catch (error) {
      if (error.status !== 401) setText(this.#problem, `The events can't be shown: ${error.message}`);
    }
    this.#asking = false;
    if (this.#again) {
      this.#again = false;
      this.#ask();
    }
  }
}
