// SPDX-License-Identifier: Apache-2.0
// What boots and is installed now, what waits, who asks to come in, and why some do not come up.

import { element, phaseIcon, setAttribute, setText } from "./dom.js";
import { ago, bytes, clockTime, details, duration, isKnown, kUnknown, percent, phaseWord } from "./format.js";
import { ListTable, section } from "./list_table.js";
import { hashOf } from "./router.js";
import { Rollouts } from "./rollouts.js";
import { WaitingHosts } from "./waiting.js";

const byId = (id) => document.getElementById(id);
const kSlowMs = 15000; // leases, images and findings change seldom
const kBusy = ["dhcp", "loading", "hello", "formatting", "downloading", "verifying", "booting"];
const kMostBusy = 100;

const nodeLink = (name) => element("a", { href: hashOf("node", name) }, name);

export class NetbootView {
  element = byId("view-netboot");
  #store;
  #api;
  #timer = 0;
  #isShown = false;
  #problem = element("p", { class: "error", role: "alert" });
  #busy = element("ul", { class: "plain progress-list" });
  #busyRows = new Map();
  #waiting;
  #rollouts;
  #findings = element("ul", { class: "plain findings" });
  #images = new ListTable("Images", [
    { label: "Image", cell: (row) => `${row.name}@${row.version}${row.is_default ? " (default)" : ""}` },
    { label: "Size", class: "nowrap", cell: (row) => bytes(row.size_bytes) },
    { label: "SHA-256", class: "grow", cell: (row) => element("code", { title: row.sha256 }, `${row.sha256.slice(0, 16)}…`) },
  ], "There is no image yet: piman image add FILE.");
  #leases = new ListTable("Leases", [
    { label: "Address", class: "nowrap", cell: (row) => row.address },
    { label: "Node", cell: (row) => (row.node ? nodeLink(row.node) : kUnknown) },
    { label: "Hardware address", class: "nowrap mono", cell: (row) => row.mac },
    { label: "State", cell: (row) => row.state },
    { label: "Name it gave", cell: (row) => row.hostname ?? kUnknown },
    { label: "Since", class: "nowrap", cell: (row) => clockTime(row.since) },
    { label: "Ends", class: "nowrap", cell: (row) => (row.expires === null ? "never" : clockTime(row.expires)) },
  ], "Nobody has an address of this manager's.");
  #off = element("p", { class: "nothing" }, "This manager does not boot nodes: netboot.enabled is false.");
  #parts;

  constructor(store, api) {
    this.#store = store;
    this.#api = api;
    this.#waiting = new WaitingHosts(api, () => this.#ask());
    this.#rollouts = new Rollouts(api, store);
    this.#parts = [
      section("Under way", this.#busy),
      section("Actions", this.#rollouts.element),
      section("Machines that ask to boot", this.#waiting.element),
      section("What keeps nodes from booting", this.#findings),
      section("Images", this.#images.element),
      section("Leases", this.#leases.element),
    ];
    this.element.append(element("div", { class: "view-head" }, element("h1", {}, "Netboot")), this.#problem, this.#off, ...this.#parts);
  }

  show() {
    this.#isShown = true;
    this.update();
    this.#ask();
  }

  hide() {
    this.#isShown = false;
    clearTimeout(this.#timer);
    this.#rollouts.hide();
  }

  topic(topics) {
    if (topics.has("actions")) this.#rollouts.ask();
    if (topics.has("pending")) this.#askPending();
  }

  update() {
    const { facts, nodes } = this.#store;
    if (!facts) return;
    this.#off.hidden = facts.netboot;
    this.#parts.forEach((part, i) => {
      part.hidden = !facts.netboot && !(i === 1 && facts.orders);
    });
    const busy = [...nodes.values()].filter((node) => kBusy.includes(node.phase)).slice(0, kMostBusy);
    const names = new Set(busy.map((node) => node.name));
    for (const [name, row] of this.#busyRows) {
      if (names.has(name)) continue;
      row.element.remove();
      this.#busyRows.delete(name);
    }
    for (const node of busy) {
      let row = this.#busyRows.get(node.name);
      if (!row) this.#busyRows.set(node.name, (row = this.#busyRow(node.name)));
      this.#showBusy(row, node);
    }
    if (busy.length === 0) {
      if (!this.#busy.querySelector(".nothing")) this.#busy.append(element("li", { class: "nothing" }, "No node boots or is installed now."));
    } else {
      this.#busy.querySelector(".nothing")?.remove();
    }
    this.tick(this.#store.now());
  }

  tick(now) {
    for (const [name, row] of this.#busyRows) {
      const node = this.#store.nodes.get(name);
      if (node) setText(row.since, duration(now - node.phase_since));
    }
    this.#rollouts.tick(now);
  }

  #busyRow(name) {
    const icon = element("span", { class: "phase-icon" });
    const word = element("span");
    const since = element("span", { class: "sub number" });
    const bar = element("progress", { max: "100", "aria-label": `Progress of ${name}` });
    const said = element("span", { class: "sub" });
    const row = element("li", {}, nodeLink(name), element("span", { class: "phase" }, icon, word), since, bar, said);
    this.#busy.append(row);
    return { element: row, icon, word, since, bar, said, phase: null };
  }

  #showBusy(row, node) {
    if (row.phase !== node.phase) {
      row.phase = node.phase;
      setAttribute(row.element, "data-phase", node.phase);
      row.icon.replaceChildren(phaseIcon(node.phase));
      setText(row.word, phaseWord(node.phase));
    }
    setAttribute(row.element, "data-stuck", node.stuck ? "true" : null);
    const isMeasured = isKnown(node.phase_percent);
    row.bar.hidden = !isMeasured;
    if (isMeasured) row.bar.value = node.phase_percent;
    const done = isMeasured ? percent(node.phase_percent) : "";
    setText(row.said, [done, node.stuck ? "stuck" : "", details(node)].filter(Boolean).join(", "));
  }

  async #askPending() {
    if (!this.#store.facts?.netboot) return;
    try {
      this.#waiting.show(await this.#api.get("api/v1/hosts/pending"));
    } catch (error) {
      this.#say(error);
    }
  }

  async #ask() {
    clearTimeout(this.#timer);
    const { facts } = this.#store;
    if (facts?.orders) this.#rollouts.ask();
    if (facts?.netboot) {
      setText(this.#problem, "");
      await this.#askPending();
      try {
        const { images, default: first } = await this.#api.get("api/v1/images");
        this.#images.show(images.map((image) => ({ ...image, is_default: first === `${image.name}@${image.version}` })));
        this.#leases.show((await this.#api.get("api/v1/leases")).leases);
        this.#showFindings((await this.#api.get("api/v1/doctor")).findings);
      } catch (error) {
        this.#say(error);
      }
    }
    if (this.#isShown) this.#timer = setTimeout(() => this.#ask(), facts ? kSlowMs : 500);
  }

  #say(error) {
    if (error.status !== 401) setText(this.#problem, `Not all of it can be shown: ${error.message}`);
  }

  #showFindings(findings) {
    const key = JSON.stringify(findings);
    if (this.#findings.dataset.said === key) return;
    this.#findings.dataset.said = key;
    const isNode = (name) => this.#store.nodes.has(name);
    this.#findings.replaceChildren(
      ...findings.map((finding) => element(
        "li", { "data-level": finding.severity },
        element("strong", {}, isNode(finding.machine) ? nodeLink(finding.machine) : finding.machine),
        element("span", {}, finding.summary),
        ...(finding.next ? [element("span", { class: "sub" }, finding.next)] : []),
      )),
      ...(findings.length === 0 ? [element("li", { class: "nothing" }, "Nothing is known that keeps a node from booting.")] : []),
    );
  }
}
