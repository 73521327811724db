// SPDX-License-Identifier: Apache-2.0
// A node's charts over the manager's window, drawn by uPlot (uplot.js), which is loaded when the first one is wanted.

import { element } from "./dom.js";
import { celsius, percent } from "./format.js";

const kHeight = 180;
const kCharts = [
  { title: "CPU and memory", most: 100, show: percent, series: [["CPU", "cpu_percent", "--chart-1"], ["Memory", "memory_percent", "--chart-2"]] },
  { title: "Disk", most: 100, show: percent, series: [["Disk", "disk_percent", "--chart-3"]] },
  { title: "Temperature", most: null, show: celsius, series: [["Temperature", "temperature_celsius", "--chart-4"]] },
];

let library = null;

/** uPlot comes as a script that makes one global name. */
function load() {
  library ??= new Promise((resolve, reject) => {
    const script = element("script", { src: new URL("uplot.js", import.meta.url).href });
    script.addEventListener("load", () => resolve(window.uPlot));
    script.addEventListener("error", () => {
      library = null;
      reject(new Error("the charts' library can't be loaded"));
    });
    document.head.append(script);
  });
  return library;
}

export class NodeCharts {
  element = element("div", { class: "charts" });
  #plots = [];
  #boxes = kCharts.map((chart) => {
    const box = element("div", { class: "chart" });
    this.element.append(element("figure", {}, element("figcaption", {}, chart.title), box));
    return box;
  });
  #history = null;
  #isDark = window.matchMedia("(prefers-color-scheme: dark)");

  constructor() {
    new ResizeObserver(() => this.#resize()).observe(this.element);
    this.#isDark.addEventListener("change", () => {
      this.clear();
      if (this.#history) this.show(this.#history);
    });
  }

  clear() {
    for (const plot of this.#plots) plot.destroy();
    this.#plots = [];
  }

  /** `history` as the API has it: columns of equal length. */
  async show(history) {
    this.#history = history;
    const uPlot = await load();
    if (this.#history !== history) return; // there is a newer one meanwhile
    if (this.#plots.length === 0) this.#plots = kCharts.map((chart, i) => this.#make(uPlot, chart, this.#boxes[i]));
    kCharts.forEach((chart, i) => this.#plots[i].setData(this.#columns(chart, history)));
  }

  #columns(chart, history) {
    return [history.at, ...chart.series.map(([, key]) => history[key])];
  }

  #make(uPlot, chart, box) {
    const style = getComputedStyle(document.documentElement);
    const colour = (name) => style.getPropertyValue(name).trim();
    const axis = { stroke: colour("--ink-soft"), grid: { stroke: colour("--line"), width: 1 }, ticks: { stroke: colour("--line"), width: 1 } };
    return new uPlot(
      {
        width: Math.max(200, box.clientWidth),
        height: kHeight,
        cursor: { y: false },
        legend: { live: true },
        scales: { y: { range: chart.most === null ? undefined : [0, chart.most] } },
        axes: [axis, { ...axis, size: 56, values: (_, values) => values.map((value) => chart.show(value)) }],
        series: [
          { value: (_, at) => (at === null ? "–" : new Date(at * 1000).toLocaleTimeString()) },
          ...chart.series.map(([label, , name]) => ({
            label, stroke: colour(name), width: 1.5, spanGaps: false, points: { show: false }, value: (_, value) => chart.show(value),
          })),
        ],
      },
      [[], ...chart.series.map(() => [])],
      box,
    );
  }

  #resize() {
    this.#plots.forEach((plot, i) => {
      const width = Math.max(200, this.#boxes[i].clientWidth);
      if (width !== plot.width) plot.setSize({ width, height: kHeight });
    });
  }
}
