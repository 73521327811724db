// SPDX-License-Identifier: Apache-2.0
// A small chart of one value over time, without axes. The points are pure data; drawing makes SVG, which needs no
// inline style and so fits the content security policy.

import { shape, setAttribute } from "./dom.js";

const kWidth = 100;
const kHeight = 24;
const kSlots = 50;

/**
 * Pure: mean values in equal slots of time over the window that ends at `end`; null where nothing was measured.
 * `times` and `measured` are columns of equal length, oldest first.
 */
export function slots(times, measured, end, window, count = kSlots) {
  const sums = new Array(count).fill(0);
  const counts = new Array(count).fill(0);
  const begin = end - window;
  for (let i = 0; i < times.length; i += 1) {
    const at = times[i];
    const value = measured[i];
    if (value === null || at <= begin || at > end) continue;
    const slot = Math.min(count - 1, Math.floor(((at - begin) / window) * count));
    sums[slot] += value;
    counts[slot] += 1;
  }
  return sums.map((sum, slot) => (counts[slot] > 0 ? sum / counts[slot] : null));
}

/** Pure: runs of [slot, value]. A short hole (a scrape that came a little late) does not cut the line; a long one does. */
export function runs(values, longestHole = 2) {
  const found = [];
  let run = null;
  values.forEach((value, slot) => {
    if (value === null) return;
    if (run === null || slot - run[run.length - 1][0] > longestHole + 1) {
      run = [];
      found.push(run);
    }
    run.push([slot, value]);
  });
  return found;
}

export class Sparkline {
  #line = shape("path", { class: "spark-line" });
  #area = shape("path", { class: "spark-area" });
  #drawn = "";
  element = shape(
    "svg",
    { class: "spark", viewBox: `0 0 ${kWidth} ${kHeight}`, preserveAspectRatio: "none", role: "img" },
    this.#area,
    this.#line,
  );

  /** `values` as slots() gives them, from 0 to `most`; `label` says the same in words. */
  draw(values, most, label) {
    const x = (slot) => ((slot / (values.length - 1)) * kWidth).toFixed(1);
    const y = (value) => (kHeight - 1 - (Math.min(value, most) / most) * (kHeight - 2)).toFixed(1);
    let line = "";
    let area = "";
    for (const run of runs(values)) {
      // A single point would be invisible: draw it one slot wide.
      const points = run.length === 1 ? [[Math.max(0, run[0][0] - 1), run[0][1]], run[0]] : run;
      const path = points.map(([slot, value]) => `${x(slot)} ${y(value)}`).join("L");
      line += `M${path}`;
      area += `M${x(points[0][0])} ${kHeight}L${path}L${x(points[points.length - 1][0])} ${kHeight}Z`;
    }
    if (line !== this.#drawn) {
      this.#line.setAttribute("d", line);
      this.#area.setAttribute("d", area);
      this.#drawn = line;
    }
    setAttribute(this.element, "aria-label", label);
  }
}
