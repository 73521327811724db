// SPDX-License-Identifier: Apache-2.0
// Machines that asked to boot and are not in the inventory, each with a form that accepts it.

import { element, setAttribute, setText } from "./dom.js";
import { ago } from "./format.js";

export class WaitingHosts {
  element = element("ul", { class: "plain waiting" });
  #api;
  #onAccepted;
  #rows = new Map(); // by hardware address: a name that somebody types stays there
  #nothing = element("li", { class: "nothing" }, "No unknown machine asks.");

  /** `onAccepted(name)` is called when the inventory has a new node. */
  constructor(api, onAccepted) {
    this.#api = api;
    this.#onAccepted = onAccepted;
  }

  show({ hosts, now }, proposed) {
    const macs = new Set(hosts.map((host) => host.mac));
    for (const [mac, row] of this.#rows) {
      if (macs.has(mac)) continue;
      row.element.remove();
      this.#rows.delete(mac);
    }
    for (const host of hosts) {
      let row = this.#rows.get(host.mac);
      if (!row) this.#rows.set(host.mac, (row = this.#row(host.mac)));
      const about = [host.model, host.serial && `serial ${host.serial}`, host.interface && `on ${host.interface}`,
        `asked ${host.messages} times, last ${ago(now - host.last_seen)}`];
      setText(row.about, about.filter(Boolean).join(", "));
      setAttribute(row.address, "placeholder", host.proposed_address ?? "address (a free one)");
      if (!row.element.isConnected) this.element.append(row.element);
    }
    if (hosts.length === 0) this.element.append(this.#nothing);
    else this.#nothing.remove();
  }

  #row(mac) {
    const about = element("span", { class: "sub" });
    const problem = element("span", { class: "error", role: "alert" });
    const name = element("input", { name: "name", required: "", maxlength: "63", placeholder: "name", "aria-label": `Name for ${mac}`, autocomplete: "off", spellcheck: "false" });
    const address = element("input", { name: "address", "aria-label": `Address for ${mac}`, autocomplete: "off" });
    const button = element("button", { type: "submit", class: "button" }, "Accept");
    const form = element("form", {}, name, address, button);
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      button.disabled = true;
      setText(problem, "");
      try {
        const host = await this.#api.change("POST", "api/v1/hosts", { mac, name: name.value.trim(), address: address.value.trim() || null });
        this.#onAccepted(host?.name ?? name.value.trim());
      } catch (error) {
        setText(problem, error.message);
      }
      button.disabled = false;
    });
    return { element: element("li", {}, element("span", { class: "mono" }, mac), about, form, problem), about, address };
  }
}
