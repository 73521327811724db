// SPDX-License-Identifier: Apache-2.0
// The fleet as the page knows it: whole at first, then changed key by key. A node's object is replaced, never changed:
// who shows it sees by identity whether there is something new.

const byText = new Intl.Collator("en", { numeric: true, sensitivity: "base" }); // pi2 before pi10

const kMostHistories = 400; // nodes whose charts are kept: what was on the screen lately
const kMeasures = ["cpu_percent", "memory_percent", "disk_percent", "temperature_celsius"];
const kLabelKeys = ["model", "group", "image", "installed", "switch"];
const kShortestChartSeconds = 300;

export class FleetStore {
  facts = null; // of the server: all of its answer but the nodes
  nodes = new Map(); // by name, in the order of the inventory
  rank = new Map(); // by name: its place when sorted by name, so that no sort compares texts
  counts = {};
  labelsVersion = 0; // another number when a model or a label may have changed
  topics = {}; // how often alerts, actions and pending machines have changed
  badges = {}; // how many of them there are to look at
  #histories = new Map(); // by name: {at, cpu_percent, ...} as columns
  #offset = 0; // the server's clock less ours: ages are right where this machine's clock is not

  now() {
    return Date.now() / 1000 + this.#offset;
  }

  /** How far back small charts look: a young manager has little to show, and would show it in a corner. */
  chartSeconds() {
    if (!this.facts) return kShortestChartSeconds;
    const { history_seconds: longest, started } = this.facts;
    return Math.min(longest, 3600, Math.max(kShortestChartSeconds, this.now() - started));
  }

  /** All of the fleet. Returns the names of nodes whose phase is another one. */
  takeAll(data) {
    const { nodes, counts, ...facts } = data;
    const changed = [];
    if (this.facts?.started !== facts.started) this.#histories.clear();
    const before = this.nodes;
    this.facts = facts;
    this.counts = counts;
    this.topics = facts.topics ?? {};
    this.badges = facts.badges ?? this.badges;
    this.nodes = new Map();
    this.labelsVersion += 1;
    for (const node of nodes) {
      const old = before.get(node.name);
      if (old && old.phase !== node.phase) changed.push(node.name);
      this.nodes.set(node.name, node);
      this.#append(node, old);
    }
    this.#sortNames(before);
    this.#setClock(data.now);
    return changed;
  }

  /** What changed since. */
  takeChange(data) {
    const changed = [];
    for (const change of data.nodes ?? []) {
      const old = this.nodes.get(change.name);
      if (!old) continue; // a node that came is told of with the whole fleet
      const node = { ...old, ...change };
      if (kLabelKeys.some((key) => key in change)) this.labelsVersion += 1;
      if (node.phase !== old.phase) changed.push(node.name);
      this.nodes.set(node.name, node);
      this.#append(node, old);
    }
    if (data.counts) this.counts = data.counts;
    if (data.topics) this.topics = data.topics;
    if (data.badges) this.badges = data.badges;
    this.#setClock(data.now);
    return changed;
  }

  /** Columns of the node's past, or null: not asked for yet. */
  history(name) {
    return this.#histories.get(name) ?? null;
  }

  takeHistory(name, history) {
    if (!this.nodes.has(name)) return;
    this.#histories.delete(name); // the newest are last
    this.#histories.set(name, history);
    const node = this.nodes.get(name);
    this.#append(node, null);
    for (const oldest of this.#histories.keys()) {
      if (this.#histories.size <= kMostHistories) break;
      this.#histories.delete(oldest);
    }
  }

  forgetHistories() {
    this.#histories.clear();
  }

  #append(node, old) {
    const history = this.#histories.get(node.name);
    const at = node.scrape?.at;
    if (!history || !at || (old && old.scrape?.at === at)) return;
    if (history.at.length > 0 && at <= history.at[history.at.length - 1] + 0.5) return;
    history.at.push(at);
    const isGood = node.last_error === null;
    for (const measure of kMeasures) history[measure].push(isGood ? node[measure] : null);
    const first = at - (this.facts?.history_seconds ?? 3600);
    while (history.at[0] < first) {
      history.at.shift();
      for (const measure of kMeasures) history[measure].shift();
    }
  }

  #sortNames(before) {
    if (before.size === this.nodes.size && [...this.nodes.keys()].every((name) => before.has(name)) && this.rank.size === before.size) return;
    const names = [...this.nodes.keys()].sort(byText.compare);
    this.rank = new Map(names.map((name, index) => [name, index]));
    for (const name of this.#histories.keys()) {
      if (!this.nodes.has(name)) this.#histories.delete(name);
    }
  }

  #setClock(now) {
    if (now) this.#offset = now - Date.now() / 1000;
  }
}
