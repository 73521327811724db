// SPDX-License-Identifier: Apache-2.0
// One node: a row of the table, which narrow screens show as a card. Built once, then only changed where a value did.

import { element, phaseIcon, setAttribute, setText } from "./dom.js";
import {
  ago, celsius, details, duration, isKnown, kUnknown, level, percent, phaseMeaning, phaseWord, reason, shortModel,
} from "./format.js";
import { slots, Sparkline } from "./sparkline.js";

const kPhaseKeys = ["phase", "phase_detail", "phase_percent", "stuck"];
const kLevelWords = { "": "", high: "high", critical: "critical" };

function cell(id, label, ...children) {
  return element("td", { role: "cell", class: `cell-${id}`, "data-label": label }, ...children);
}

/** A number with a bar under it; from a limit on marked by colour, weight and a sign. */
class Meter {
  #measure;
  #text = element("span", { class: "number" });
  #mark = element("span", { class: "mark" });
  #fill = element("span", { class: "bar-fill" });
  #bar;
  element;

  constructor(measure, { bar }) {
    this.#measure = measure;
    this.#bar = bar ? element("span", { class: "bar", "aria-hidden": "true" }, this.#fill) : null;
    this.element = element("span", { class: "meter" }, element("span", { class: "reading" }, this.#mark, this.#text));
    if (this.#bar) this.element.append(this.#bar);
  }

  show(value, text) {
    const found = level(this.#measure, value);
    setText(this.#text, text);
    setAttribute(this.element, "data-level", found || null);
    setText(this.#mark, found ? "▲" : "");
    setAttribute(this.#mark, "aria-label", kLevelWords[found] || null);
    setAttribute(this.#mark, "role", found ? "img" : null);
    // Through the object model, not a style attribute, which the content security policy forbids.
    if (this.#bar) this.#fill.style.inlineSize = `${isKnown(value) ? Math.min(100, Math.max(0, value)) : 0}%`;
  }
}

export class NodeRow {
  #node = null;
  #phase = null;
  #points = []; // [time, CPU percent], oldest first
  #name = element("span", { class: "node-name" });
  #metrics = element("a", { class: "sub" }, "raw metrics");
  #boots = element("button", { type: "button", class: "sub-button" }, "boots");
  #word = element("span");
  #icon = element("span", { class: "phase-icon" });
  #since = element("span", { class: "sub" });
  #address = element("span", { class: "mono" });
  #mac = element("span", { class: "sub mono mac" });
  #model = element("span", { class: "model" });
  #uptime = element("span", { class: "number" });
  #cpu = new Meter("cpu_percent", { bar: false });
  #spark = new Sparkline();
  #memory = new Meter("memory_percent", { bar: true });
  #disk = new Meter("disk_percent", { bar: true });
  #temperature = new Meter("temperature_celsius", { bar: false });
  #seen = element("span", { class: "number" });
  #why = element("span", { class: "why-text" });
  #error = element("span", { class: "sub error" });
  #known = element("span", { class: "sub" });
  #measures;
  #reason;
  element = element("tr", { role: "row" });

  /** `onBoots(name)` is called when the node's boots are asked for. */
  constructor(onBoots) {
    this.#boots.addEventListener("click", () => onBoots(this.#node.name));
    this.#measures = [
      cell("uptime", "Uptime", this.#uptime),
      cell("cpu", "CPU", element("span", { class: "cpu" }, this.#spark.element, this.#cpu.element)),
      cell("memory", "Memory", this.#memory.element),
      cell("disk", "Disk", this.#disk.element),
      cell("temperature", "Temp", this.#temperature.element),
    ];
    // A node that isn't up has no load to show: the reason stands in the place of the numbers.
    this.#reason = cell("why", "Why", this.#why, this.#error, this.#known);
    this.#reason.colSpan = this.#measures.length;
    this.element.append(
      element(
        "th",
        { role: "rowheader", scope: "row", class: "cell-name" },
        this.#name,
        element("span", { class: "node-links" }, this.#metrics, this.#boots),
      ),
      cell("state", "State", element("span", { class: "phase" }, this.#icon, this.#word), this.#since),
      cell("address", "Address", this.#address, this.#mac),
      cell("model", "Model", this.#model),
      ...this.#measures,
      cell("seen", "Last seen", this.#seen),
    );
  }

  /** Whether the manager boots nodes at all. */
  offerBoots(offered) {
    this.#boots.hidden = !offered;
  }

  /** Takes in what the server says; with `history` also the points of the past. */
  update(node, windowSeconds) {
    const before = this.#node;
    this.#node = node;
    // Most nodes have nothing new in most answers.
    if (!node.history && before?.scrapes === node.scrapes && kPhaseKeys.every((key) => before[key] === node[key])) return;
    if (node.history) this.#points = node.history.at.map((at, i) => [at, node.history.cpu_percent[i]]);
    const at = node.scrape?.at;
    const last = this.#points[this.#points.length - 1]?.[0] ?? 0;
    if (at && at > last + 0.5) this.#points.push([at, node.phase === "up" ? node.cpu_percent : null]);
    while (this.#points.length > 0 && this.#points[0][0] < at - windowSeconds) this.#points.shift();

    setText(this.#name, node.name);
    setAttribute(this.#name, "title", node.name);
    setAttribute(this.#metrics, "href", `nodes/${encodeURIComponent(node.name)}/metrics`);
    setAttribute(this.#metrics, "aria-label", `raw metrics of ${node.name}`);
    setAttribute(this.#boots, "aria-label", `boots of ${node.name}`);
    setText(this.#address, node.address);
    setText(this.#mac, node.mac);
    setText(this.#model, shortModel(node.model));
    setAttribute(this.#model, "title", node.model);
    this.#showPhase(node);
    if (node.phase === "up") {
      this.#showLoad(node, windowSeconds);
    } else {
      this.#showReason(node);
    }
  }

  /** The times that pass by themselves. */
  tick(now) {
    const node = this.#node;
    const done = isKnown(node.phase_percent) ? `${percent(node.phase_percent)}, ` : "";
    setText(this.#since, node.phase === "pending" ? "waiting" : `${done || "for "}${duration(now - node.phase_since)}`);
    setText(this.#seen, node.last_seen === null ? "never" : ago(now - node.last_seen));
    setText(this.#uptime, node.boot_time === null ? kUnknown : duration(now - node.boot_time));
  }

  #showPhase(node) {
    setAttribute(this.element, "data-stuck", node.stuck ? "true" : null);
    if (node.phase === this.#phase) return;
    this.#phase = node.phase;
    setAttribute(this.element, "data-phase", node.phase);
    this.#icon.replaceChildren(phaseIcon(node.phase));
    setText(this.#word, phaseWord(node.phase));
    setAttribute(this.#word, "title", phaseMeaning(node.phase));
    this.#metrics.hidden = node.phase !== "up";
    const up = node.phase === "up";
    if (up && this.#reason.parentNode) this.#reason.replaceWith(...this.#measures);
    if (!up && !this.#reason.parentNode) {
      this.#measures[0].before(this.#reason);
      for (const measure of this.#measures) measure.remove();
    }
  }

  #showLoad(node, windowSeconds) {
    this.#cpu.show(node.cpu_percent, percent(node.cpu_percent));
    this.#memory.show(node.memory_percent, percent(node.memory_percent));
    this.#disk.show(node.disk_percent, percent(node.disk_percent));
    this.#temperature.show(node.temperature_celsius, celsius(node.temperature_celsius));
    const values = slots(this.#points, node.scrape?.at ?? 0, windowSeconds);
    const known = values.filter((value) => value !== null);
    const label = known.length
      ? `CPU of the last ${duration(windowSeconds)}: ${percent(Math.min(...known))} to ${percent(Math.max(...known))}`
      : "no CPU history yet";
    this.#spark.draw(values, 100, label);
  }

  #showReason(node) {
    setText(this.#why, reason(node));
    const known = [
      isKnown(node.cpu_percent) ? `CPU ${percent(node.cpu_percent)}` : "",
      isKnown(node.memory_percent) ? `memory ${percent(node.memory_percent)}` : "",
      isKnown(node.disk_percent) ? `disk ${percent(node.disk_percent)}` : "",
      isKnown(node.temperature_celsius) ? celsius(node.temperature_celsius) : "",
    ].filter(Boolean);
    setText(this.#error, details(node));
    setText(this.#known, known.length ? `Before that: ${known.join(", ")}` : "");
  }
}
