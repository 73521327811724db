// SPDX-License-Identifier: Apache-2.0
// The fleet in five seconds: how many are up, a strip of all states, and a chip for each state that filters by it.

import { element, phaseIcon, setAttribute, setText } from "./dom.js";
import { kPhases, phaseMeaning, phaseWord } from "./format.js";

export class Summary {
  #up;
  #rest;
  #strip = new Map();
  #chips = new Map();

  /** `onToggle(phase)` is called when a chip is pressed. */
  constructor({ up, rest, strip, chips }, onToggle) {
    this.#up = up;
    this.#rest = rest;
    for (const phase of [...kPhases].reverse()) {
      const segment = element("span", { class: "segment", "data-phase": phase });
      strip.append(segment);
      this.#strip.set(phase, segment);

      const count = element("span", { class: "chip-count" });
      const chip = element(
        "button",
        { type: "button", class: "chip", "data-phase": phase, "aria-pressed": "false", title: phaseMeaning(phase) },
        phaseIcon(phase),
        count,
        element("span", {}, phaseWord(phase)),
      );
      chip.addEventListener("click", () => onToggle(phase));
      chips.append(chip);
      this.#chips.set(phase, { chip, count });
    }
  }

  show(counts, total, selection) {
    setText(this.#up, String(counts.up ?? 0));
    setText(this.#rest, `of ${total} ${total === 1 ? "node" : "nodes"} up`);
    for (const phase of kPhases) {
      const count = counts[phase] ?? 0;
      const pressed = selection.phases.includes(phase);
      const { chip, count: number } = this.#chips.get(phase);
      this.#strip.get(phase).style.flexGrow = String(count);
      this.#strip.get(phase).hidden = count === 0;
      setText(number, String(count));
      chip.hidden = count === 0 && !pressed;
      setAttribute(chip, "aria-pressed", String(pressed));
    }
  }
}
