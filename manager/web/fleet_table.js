// SPDX-License-Identifier: Apache-2.0
// The table of nodes: one row object a node, kept by name and moved, never rebuilt.

import { element, setAttribute } from "./dom.js";
import { NodeRow } from "./node_row.js";
import { kColumns } from "./selection.js";

export class FleetTable {
  #head;
  #body;
  #rows = new Map();
  #headers = new Map();
  #onBoots;

  /** `onSort(id)` is called when a column's header is pressed, `onBoots(name)` when a node's boots are asked for. */
  constructor(head, body, onSort, onBoots) {
    this.#onBoots = onBoots;
    this.#head = head;
    this.#body = body;
    for (const column of kColumns) {
      const button = element(
        "button",
        { type: "button", class: "sort-button" },
        column.label,
        element("span", { class: "sort-arrow", "aria-hidden": "true" }),
      );
      button.addEventListener("click", () => onSort(column.id));
      const header = element("th", { role: "columnheader", scope: "col", class: `head-${column.id}` }, button);
      this.#headers.set(column.id, header);
      this.#head.append(header);
    }
  }

  /** Takes in all nodes of the fleet. */
  update(nodes, windowSeconds, offersBoots) {
    const names = new Set();
    for (const node of nodes) {
      names.add(node.name);
      let row = this.#rows.get(node.name);
      if (!row) this.#rows.set(node.name, (row = new NodeRow(this.#onBoots)));
      row.offerBoots(offersBoots);
      row.update(node, windowSeconds);
    }
    for (const [name, row] of this.#rows) {
      if (names.has(name)) continue;
      row.element.remove();
      this.#rows.delete(name);
    }
  }

  /** Shows these nodes in this order. Rows that stand right already are not touched, so focus and selection stay. */
  show(nodes, now) {
    const wanted = new Set(nodes.map((node) => this.#rows.get(node.name).element));
    for (const child of [...this.#body.children]) {
      if (!wanted.has(child)) child.remove();
    }
    let next = this.#body.firstElementChild;
    for (const row of wanted) {
      if (row === next) {
        next = next.nextElementSibling;
      } else {
        this.#body.insertBefore(row, next);
      }
    }
    this.tick(now);
  }

  showSort(selection) {
    for (const [id, header] of this.#headers) {
      const sorted = id === selection.sort;
      const most = kColumns.find((column) => column.id === id).most ?? false;
      setAttribute(header, "aria-sort", sorted ? (most !== selection.reverse ? "descending" : "ascending") : null);
    }
  }

  tick(now) {
    for (const row of this.#rows.values()) {
      if (row.element.isConnected) row.tick(now);
    }
  }
}
