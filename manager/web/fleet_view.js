// SPDX-License-Identifier: Apache-2.0
// The fleet: how it stands, a choice of what is shown, the nodes, and what can be done to those that are chosen.

import { element, setAttribute, setText } from "./dom.js";
import { NodeList } from "./node_list.js";
import { hashOf } from "./router.js";
import { choices, kColumns, kDefaultSelection, queryOfSelection, select, selectionFromQuery } from "./selection.js";
import { Summary } from "./summary.js";

const byId = (id) => document.getElementById(id);
const kHistoryPoints = 60;
const kMostAsked = 60; // nodes whose past is asked for at once
const kPauseMs = 3000;

export class FleetView {
  element = byId("view-fleet");
  #store;
  #api;
  #actions;
  #selection = selectionFromQuery(location.search);
  #chosen = new Set();
  #names = [];
  #lastChosen = null;
  #list;
  #summary;
  #asked = new Set();
  #isAsking = false;
  #choicesText = "";

  constructor(store, api, actions) {
    this.#store = store;
    this.#api = api;
    this.#actions = actions;
    this.#summary = new Summary(
      { up: byId("count-up"), rest: byId("count-rest"), strip: byId("strip"), chips: byId("chips") },
      (phase) => this.#togglePhase(phase),
    );
    this.#list = new NodeList(byId("nodes"), store, this.#chosen, {
      onSort: (id) => this.#choose({ sort: id, reverse: this.#selection.sort === id && !this.#selection.reverse }),
      onNeed: (names) => this.#ask(names),
      onChoose: (name, isChosen, range) => this.#mark(name, isChosen, range),
    });
    this.#wire();
    this.#showShape();
  }

  show() {
    this.update();
  }

  /** The store has something new, or the choice is another one. */
  update() {
    const { facts, counts, nodes } = this.#store;
    if (!facts) return;
    const total = nodes.size;
    byId("empty").hidden = total > 0;
    byId("summary").hidden = byId("fleet").hidden = total === 0;
    setText(byId("hosts-file"), facts.hosts_file);
    byId("hosts-problem").hidden = !facts.hosts_file_problem;
    setText(byId("hosts-problem"), facts.hosts_file_problem ? `The inventory file is not taken: ${facts.hosts_file_problem}` : "");
    this.#summary.show(counts, total, this.#selection);
    this.#showChoices();
    for (const name of this.#chosen) if (!nodes.has(name)) this.#chosen.delete(name);
    this.#names = select(nodes.values(), this.#selection, this.#store.rank);
    this.#list.showSort(this.#selection);
    this.#list.show(this.#names);
    byId("nothing").hidden = this.#names.length > 0 || total === 0;
    setText(byId("nothing-text"), `None of the ${total} nodes matches.`);
    byId("sort").value = (this.#selection.reverse ? "-" : "") + this.#selection.sort;
    this.#showChosen();
    document.title = total > 0 ? `${counts.up}/${total} up · ${facts.site} · piman` : `${facts.site} · piman`;
  }

  tick(now) {
    this.#list.tick(now);
  }

  // --- what the person chooses ---

  #choose(change) {
    this.#selection = { ...this.#selection, ...change };
    history.replaceState(null, "", location.pathname + queryOfSelection(this.#selection) + location.hash);
    this.update();
  }

  #togglePhase(phase) {
    const { phases } = this.#selection;
    this.#choose({ phases: phases.includes(phase) ? phases.filter((each) => each !== phase) : [...phases, phase] });
  }

  #clearFilter() {
    byId("filter").value = "";
    const { text, phases, model, label } = kDefaultSelection;
    this.#choose({ text, phases, model, label });
    byId("filter").focus();
  }

  #mark(name, isChosen, range) {
    const from = range && this.#lastChosen !== null ? this.#names.indexOf(this.#lastChosen) : -1;
    const to = this.#names.indexOf(name);
    const names = from < 0 ? [name] : this.#names.slice(Math.min(from, to), Math.max(from, to) + 1);
    for (const each of names) {
      if (isChosen) this.#chosen.add(each);
      else this.#chosen.delete(each);
    }
    this.#lastChosen = name;
    this.#list.render();
    this.#showChosen();
  }

  #showChosen() {
    const count = this.#chosen.size;
    byId("chosen").hidden = count === 0;
    setText(byId("chosen-count"), `${count} ${count === 1 ? "node" : "nodes"} chosen`);
    byId("choose-all").hidden = this.#names.every((name) => this.#chosen.has(name));
    setText(byId("choose-all"), `Choose all ${this.#names.length} shown`);
    this.#actions.fill(byId("chosen-actions"), () => [...this.#chosen]);
  }

  #showShape() {
    this.#list.setShape(this.#selection.shape);
    for (const shape of ["rows", "cards"]) setAttribute(byId(`shape-${shape}`), "aria-pressed", String(shape === this.#selection.shape));
  }

  #showChoices() {
    const text = JSON.stringify([this.#store.labelsVersion, this.#selection.model, this.#selection.label]);
    if (text === this.#choicesText) return;
    this.#choicesText = text;
    const { models, labels } = choices(this.#store.nodes.values());
    const fill = (id, all, list, chosen) => {
      if (chosen && !list.some(([value]) => value === chosen)) list.push([chosen, 0]);
      byId(id).replaceChildren(
        element("option", { value: "" }, all),
        ...list.map(([value, count]) => element("option", { value }, `${value} (${count})`)),
      );
      byId(id).value = chosen;
      byId(id).parentElement.hidden = list.length < 2 && !chosen;
    };
    fill("model", "All models", models, this.#selection.model);
    fill("label", "All labels", labels, this.#selection.label);
  }

  // --- the past of what is shown ---

  async #ask(names) {
    const wanted = names.filter((name) => !this.#asked.has(name)).slice(0, kMostAsked);
    if (wanted.length === 0 || this.#isAsking) return;
    this.#isAsking = true;
    for (const name of wanted) this.#asked.add(name);
    try {
      // By hardware address: a name may look like a range of numbers.
      const words = wanted.map((name) => `&node=${encodeURIComponent(this.#store.nodes.get(name).mac)}`).join("");
      const data = await this.#api.get(`api/v1/nodes?history=${kHistoryPoints}${words}`);
      for (const node of data.nodes) this.#store.takeHistory(node.name, node.history);
    } catch {
      // The stream tells when the server is lost; here it is only not asked in a hurry.
      await new Promise((resolve) => setTimeout(resolve, kPauseMs));
    }
    for (const name of wanted) this.#asked.delete(name);
    this.#isAsking = false;
    this.#list.render();
  }

  // --- wiring ---

  #wire() {
    for (const column of kColumns) {
      const most = column.most ?? false;
      byId("sort").append(
        element("option", { value: column.id }, `${column.label} ${most ? "↓" : "↑"}`),
        element("option", { value: `-${column.id}` }, `${column.label} ${most ? "↑" : "↓"}`),
      );
    }
    byId("sort").addEventListener("change", ({ target: { value } }) => {
      this.#choose({ sort: value.replace(/^-/, ""), reverse: value.startsWith("-") });
    });
    for (const id of ["model", "label"]) byId(id).addEventListener("change", (event) => this.#choose({ [id]: event.target.value }));
    for (const shape of ["rows", "cards"]) {
      byId(`shape-${shape}`).addEventListener("click", () => {
        this.#choose({ shape });
        this.#showShape();
      });
    }
    const filter = byId("filter");
    filter.value = this.#selection.text;
    filter.addEventListener("input", () => this.#choose({ text: filter.value }));
    filter.addEventListener("keydown", (event) => {
      if (event.key === "Escape") this.#clearFilter();
    });
    document.addEventListener("keydown", (event) => {
      const typing = event.target instanceof Element && event.target.closest("input, select, textarea, dialog");
      if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey || typing || this.element.hidden) return;
      event.preventDefault();
      filter.focus();
    });
    byId("clear").addEventListener("click", () => this.#clearFilter());
    byId("choose-all").addEventListener("click", () => {
      for (const name of this.#names) this.#chosen.add(name);
      this.update();
    });
    byId("choose-none").addEventListener("click", () => {
      this.#chosen.clear();
      this.update();
    });
    byId("all-nodes").setAttribute("href", hashOf("fleet"));
    window.addEventListener("popstate", () => {
      this.#selection = selectionFromQuery(location.search);
      filter.value = this.#selection.text;
      this.#showShape();
      this.update();
    });
  }
}
