// SPDX-License-Identifier: Apache-2.0
// One node of the fleet: a row of the list, or a card. Built once, then only changed where a value did.

import { element, phaseIcon, setAttribute, setText } from "./dom.js";
import {
  ago, celsius, details, duration, healthMarks, isKnown, kUnknown, level, percent, phaseMeaning, phaseWord, reason, shortModel,
} from "./format.js";
import { hashOf } from "./router.js";
import { slots, Sparkline } from "./sparkline.js";

const kLevelWords = { "": "", high: "high", critical: "critical" };
const kMeasures = [
  { key: "cpu_percent", id: "cpu", label: "CPU", most: 100, show: percent },
  { key: "memory_percent", id: "memory", label: "Memory", most: 100, show: percent },
  { key: "disk_percent", id: "disk", label: "Disk", most: 100, show: percent },
  { key: "temperature_celsius", id: "temperature", label: "Temp", most: 90, show: celsius },
];

function cell(id, label, ...children) {
  return element("div", { role: "cell", class: `cell cell-${id}`, "data-label": label }, ...children);
}

/** A number with its last hour; from a limit on marked by colour, weight and a sign. */
class Measure {
  #measure;
  #text = element("span", { class: "number" });
  #mark = element("span", { class: "mark" });
  #spark = new Sparkline();
  element;

  constructor(measure) {
    this.#measure = measure;
    this.element = cell(
      measure.id, measure.label,
      element("span", { class: "reading" }, this.#mark, this.#text), this.#spark.element,
    );
  }

  show(value, history, end, windowSeconds) {
    const found = level(this.#measure.key, value);
    setText(this.#text, this.#measure.show(value));
    setAttribute(this.element, "data-level", found || null);
    setText(this.#mark, found ? "▲" : "");
    setAttribute(this.#mark, "aria-label", kLevelWords[found] || null);
    setAttribute(this.#mark, "role", found ? "img" : null);
    const values = history ? slots(history.at, history[this.#measure.key], end, windowSeconds) : [];
    let least = Infinity;
    let most = -Infinity;
    for (const each of values) {
      if (each === null) continue;
      if (each < least) least = each;
      if (each > most) most = each;
    }
    const words = least <= most
      ? `${this.#measure.label} of the last ${duration(windowSeconds)}: ${this.#measure.show(least)} to ${this.#measure.show(most)}`
      : `no ${this.#measure.label} history yet`;
    this.#spark.draw(values, this.#measure.most, words);
  }
}

export class NodeItem {
  name;
  #node = null;
  #history = null;
  #drawnAt = null;
  #phase = null;
  #check = element("input", { type: "checkbox", class: "choose" });
  #link = element("a", { class: "node-name" });
  #marks = element("span", { class: "marks" });
  #word = element("span");
  #icon = element("span", { class: "phase-icon" });
  #since = element("span", { class: "sub" });
  #work = element("span", { class: "work-fill" });
  #workBar = element("span", { class: "work", "aria-hidden": "true" }, this.#work);
  #address = element("span", { class: "mono" });
  #mac = element("span", { class: "sub mono" });
  #model = element("span", { class: "model" });
  #image = element("span", { class: "sub image" });
  #uptime = element("span", { class: "number" });
  #seen = element("span", { class: "number" });
  #why = element("span", { class: "why-text" });
  #error = element("span", { class: "sub error" });
  #measures = kMeasures.map((measure) => new Measure(measure));
  #load;
  #reason;
  element = element("div", { role: "row", class: "node" });

  /** `onChoose(name, isChosen, range)` is called when its box is ticked. */
  constructor(name, onChoose) {
    this.name = name;
    this.#check.addEventListener("click", (event) => onChoose(name, this.#check.checked, event.shiftKey));
    this.#load = [cell("uptime", "Uptime", this.#uptime), ...this.#measures.map((measure) => measure.element)];
    // A node that isn't up has no load to show: the reason stands in the place of the numbers.
    this.#reason = cell("why", "Why", this.#why, this.#error);
    setText(this.#link, name);
    setAttribute(this.#link, "title", name);
    setAttribute(this.#link, "href", hashOf("node", name));
    setAttribute(this.#check, "aria-label", `Choose ${name}`);
    this.element.append(
      element("div", { role: "cell", class: "cell cell-choose" }, this.#check),
      element("div", { role: "rowheader", class: "cell cell-name" }, this.#link, this.#marks),
      cell("state", "State", element("span", { class: "phase" }, this.#icon, this.#word), this.#since, this.#workBar),
      cell("address", "Address", this.#address, this.#mac),
      cell("model", "Model", this.#model, this.#image),
      ...this.#load,
      cell("seen", "Last seen", this.#seen),
    );
  }

  /** Takes in what is known; touches nothing where that is the same object as before. */
  update(node, history, windowSeconds, isChosen) {
    if (this.#check.checked !== isChosen) this.#check.checked = isChosen;
    setAttribute(this.element, "data-chosen", isChosen ? "true" : null);
    if (node === this.#node && history === this.#history) return;
    const isNew = node !== this.#node;
    this.#node = node;
    if (isNew) this.#showFacts(node);
    if (node.phase !== "up") {
      setText(this.#why, reason(node));
      setText(this.#error, details(node));
      setAttribute(this.#error, "title", details(node) || null);
    } else if (history !== this.#history || node.scrape?.at !== this.#drawnAt) {
      const end = node.scrape?.at ?? 0;
      this.#measures.forEach((measure, i) => measure.show(node[kMeasures[i].key], history, end, windowSeconds));
      this.#drawnAt = node.scrape?.at;
    }
    this.#history = history;
  }

  /** The times that pass by themselves. */
  tick(now) {
    const node = this.#node;
    const done = isKnown(node.phase_percent) ? `${percent(node.phase_percent)}, ` : "";
    setText(this.#since, node.phase === "pending" ? "waiting" : `${done || "for "}${duration(now - node.phase_since)}`);
    setText(this.#seen, node.last_seen === null ? "never" : ago(now - node.last_seen));
    setText(this.#uptime, node.boot_time === null ? kUnknown : duration(now - node.boot_time));
  }

  #showFacts(node) {
    setText(this.#address, node.address);
    setText(this.#mac, node.mac);
    setText(this.#model, shortModel(node.model));
    setAttribute(this.#model, "title", node.model);
    setText(this.#image, node.installed ?? node.image ?? "");
    setAttribute(this.#image, "title", node.installed ? `On its card: ${node.installed}` : null);
    const marks = healthMarks(node);
    const said = marks.map((mark) => mark.words).join("; ");
    if (this.#marks.dataset.said !== said) {
      this.#marks.dataset.said = said;
      this.#marks.replaceChildren(
        ...marks.map((mark) => element("span", { class: "badge", "data-level": mark.level, title: mark.words }, mark.short)),
      );
    }
    const isBusy = isKnown(node.phase_percent);
    this.#workBar.hidden = !isBusy;
    // Through the object model, not a style attribute, which the content security policy forbids.
    if (isBusy) this.#work.style.inlineSize = `${Math.min(100, node.phase_percent)}%`;
    setAttribute(this.element, "data-stuck", node.stuck ? "true" : null);
    if (node.phase === this.#phase) return;
    this.#phase = node.phase;
    setAttribute(this.element, "data-phase", node.phase);
    this.#icon.replaceChildren(phaseIcon(node.phase));
    setText(this.#word, phaseWord(node.phase));
    setAttribute(this.#word, "title", phaseMeaning(node.phase));
    const up = node.phase === "up";
    if (up && this.#reason.parentNode) {
      this.#reason.replaceWith(...this.#load);
      this.#drawnAt = null;
    }
    if (!up && !this.#reason.parentNode) {
      this.#load[0].before(this.#reason);
      for (const each of this.#load) each.remove();
    }
  }
}
