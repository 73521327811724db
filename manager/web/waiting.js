// SPDX-License-Identifier: Apache-2.0
// Machines that asked to boot and are not in the inventory, each with a form that accepts it.

import { element, setText } from "./dom.js";
import { ago } from "./format.js";

const kIntervalMs = 10000;
const kTimeoutMs = 6000;

export class WaitingHosts {
  #section;
  #list;
  #onAccepted;
  #rows = new Map(); // by hardware address: a name that somebody types stays there
  #started = false;

  /** `onAccepted()` is called when the inventory has a new node. */
  constructor(section, onAccepted) {
    this.#section = section;
    this.#list = section.querySelector("ul");
    this.#onAccepted = onAccepted;
  }

  /** Begins to ask. Nothing is asked of a manager that boots nobody. */
  start() {
    if (this.#started) return;
    this.#started = true;
    this.#ask();
    setInterval(() => {
      if (!document.hidden) this.#ask();
    }, kIntervalMs);
  }

  async #ask() {
    try {
      const response = await fetch("api/v1/hosts/pending", { cache: "no-store", signal: AbortSignal.timeout(kTimeoutMs) });
      if (!response.ok) return;
      this.#show((await response.json()).data);
    } catch {
      // The fleet's own requests tell when the server is lost.
    }
  }

  #show({ hosts, now }) {
    const macs = new Set(hosts.map((host) => host.mac));
    for (const [mac, row] of this.#rows) {
      if (macs.has(mac)) continue;
      row.element.remove();
      this.#rows.delete(mac);
    }
    for (const host of hosts) {
      let row = this.#rows.get(host.mac);
      if (!row) this.#rows.set(host.mac, (row = this.#row(host.mac)));
      setText(row.about, [host.model, host.serial && `serial ${host.serial}`, `seen ${ago(now - host.last_seen)}`].filter(Boolean).join(", "));
      if (!row.element.isConnected) this.#list.append(row.element);
    }
    this.#section.hidden = hosts.length === 0;
  }

  #row(mac) {
    const about = element("span", { class: "sub" });
    const problem = element("span", { class: "error", role: "alert" });
    const name = element("input", { name: "name", required: "", maxlength: "64", placeholder: "name", "aria-label": `Name for ${mac}`, autocomplete: "off", spellcheck: "false" });
    const address = element("input", { name: "address", placeholder: "address (a free one)", "aria-label": `Address for ${mac}`, autocomplete: "off" });
    const button = element("button", { type: "submit" }, "Accept");
    const form = element("form", {}, name, address, button);
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      button.disabled = true;
      setText(problem, "");
      try {
        await this.#accept(mac, name.value.trim(), address.value.trim());
      } catch (error) {
        setText(problem, error.message);
      }
      button.disabled = false;
    });
    return { element: element("li", {}, element("span", { class: "mono" }, mac), about, form, problem), about };
  }

  async #accept(mac, name, address) {
    const response = await fetch("api/v1/hosts", {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ mac, name, address: address || null }),
      signal: AbortSignal.timeout(kTimeoutMs),
    });
    const answer = await response.json();
    if (answer.status !== "success") throw new Error(answer.error);
    await this.#ask();
    this.#onAccepted();
  }
}
