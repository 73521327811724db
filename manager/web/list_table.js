// SPDX-License-Identifier: Apache-2.0
// A plain table for the views beside the fleet: some columns, rows that are made anew where they changed, and no more of
// them than a person reads.

import { element } from "./dom.js";

const kPage = 100;

export class ListTable {
  element;
  #columns;
  #empty;
  #body = element("tbody");
  #more = element("button", { type: "button", class: "button" });
  #nothing;
  #table;
  #rows = [];
  #most = kPage;
  #drawn = [];

  /**
   * Columns are {label, cell(row) -> text or element, class}; one without a label has a `hint` for screen readers.
   * `empty` stands there when there is no row.
   */
  constructor(label, columns, empty) {
    this.#columns = columns;
    this.#empty = empty;
    const head = element("tr", {}, ...columns.map((column) => element("th", { scope: "col", class: column.class }, column.label || element("span", { class: "unseen" }, column.hint))));
    this.#table = element("table", { class: "list", "aria-label": label }, element("thead", {}, head), this.#body);
    this.#nothing = element("p", { class: "nothing" }, empty);
    this.#more.addEventListener("click", () => {
      this.#most += kPage;
      this.show(this.#rows);
    });
    this.element = element("div", { class: "list-box", tabindex: "0", role: "region", "aria-label": label }, this.#table, this.#nothing, this.#more);
  }

  /** Shows the rows. One that is the same as before, as JSON, keeps its elements and so its focus. */
  show(rows) {
    this.#rows = rows;
    const shown = rows.slice(0, this.#most);
    const drawn = shown.map((row, i) => {
      const key = JSON.stringify(row);
      if (this.#drawn[i]?.key === key) return this.#drawn[i];
      return { key, row: this.#row(row) };
    });
    const isSame = drawn.length === this.#drawn.length && drawn.every((each, i) => each.row === this.#drawn[i].row);
    if (!isSame) this.#body.replaceChildren(...drawn.map((each) => each.row));
    this.#drawn = drawn;
    this.#table.hidden = rows.length === 0;
    this.#nothing.hidden = rows.length > 0;
    this.#more.hidden = rows.length <= this.#most;
    this.#more.textContent = `Show more of ${rows.length}`;
  }

  #row(row) {
    const cells = this.#columns.map((column) => {
      const content = column.cell(row);
      return element("td", { class: column.class, "data-label": column.label }, content ?? "–");
    });
    return element("tr", { "data-level": this.level?.(row) ?? null }, ...cells);
  }

  /** Optional: a row's level ("critical", "high", "good") for its looks. */
  level = null;
}

/** A section with a heading, for views that consist of several. */
export function section(title, ...children) {
  return element("section", { class: "panel" }, element("h2", {}, title), ...children);
}
