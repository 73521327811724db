// SPDX-License-Identifier: Apache-2.0
// The nodes as rows or cards. Only those on the screen are elements of the page: two thousand nodes cost as much as
// thirty.

import { element, setAttribute } from "./dom.js";
import { NodeItem } from "./node_item.js";
import { kColumns } from "./selection.js";

const kBeyondPx = 400; // above and below the screen, so that scrolling and the Tab key find something
const kGapRem = 0.8;
const kCardRem = 20; // the least width of a card
const kNoRoomForRows = "(max-width: 70rem)";

/** Pure: which of `count` items lie between two heights, when each line of `columns` items is `line` high. */
export function itemsBetween(top, bottom, count, columns, line) {
  const first = Math.max(0, Math.floor(top / line)) * columns;
  const end = Math.min(count, Math.max(0, Math.ceil(bottom / line)) * columns);
  return [Math.min(first, count), Math.max(end, Math.min(first, count))];
}

export class NodeList {
  #element;
  #head;
  #body;
  #headers = new Map();
  #items = new Map(); // by name: those on the screen
  #names = [];
  #chosen;
  #store;
  #onNeed;
  #layout = { columns: 1, line: 60, height: 60, width: 0, left: 0 };
  #shape = "rows";
  #frame = 0;
  #narrow = window.matchMedia(kNoRoomForRows);

  /**
   * `onSort(id)`: a column's header was pressed; `onNeed(names)`: these are shown and have no history yet;
   * `onChoose(name, isChosen, range)`: a box was ticked. `chosen` is the set of the names that are.
   */
  constructor(root, store, chosen, { onSort, onNeed, onChoose }) {
    this.#element = root;
    this.#store = store;
    this.#chosen = chosen;
    this.#onNeed = onNeed;
    this.onChoose = onChoose;
    this.#head = element("div", { role: "row", class: "node-head", "aria-rowindex": "1" });
    this.#body = element("div", { role: "rowgroup", class: "node-list" });
    this.#head.append(element("div", { role: "columnheader", class: "head-choose" }, element("span", { class: "unseen" }, "Chosen")));
    for (const column of kColumns.filter((each) => !each.hidden)) {
      const button = element(
        "button", { type: "button", class: "sort-button" }, column.label,
        element("span", { class: "sort-arrow", "aria-hidden": "true" }),
      );
      button.addEventListener("click", () => onSort(column.id));
      const header = element("div", { role: "columnheader", class: `head-${column.id}` }, button);
      this.#headers.set(column.id, header);
      this.#head.append(header);
    }
    root.append(element("div", { role: "rowgroup", class: "node-heads" }, this.#head), this.#body);
    const later = () => this.#soon();
    window.addEventListener("scroll", later, { passive: true });
    this.#narrow.addEventListener("change", () => this.setShape(this.#shape));
    new ResizeObserver(() => {
      this.#measure();
      later();
    }).observe(root);
  }

  /** "rows" or "cards". Narrow screens show cards whatever is chosen. */
  setShape(shape) {
    this.#shape = shape;
    setAttribute(this.#element, "data-shape", this.#narrow.matches ? "cards" : shape);
    this.#measure();
    this.#soon();
  }

  /** Shows these nodes in this order. */
  show(names) {
    this.#names = names;
    setAttribute(this.#element, "aria-rowcount", String(names.length + 1));
    if (this.#layout.width <= 0) this.#measure(); // else the observer does, when its size changes
    this.render();
  }

  showSort(selection) {
    for (const [id, header] of this.#headers) {
      const sorted = id === selection.sort;
      const most = kColumns.find((column) => column.id === id).most ?? false;
      setAttribute(header, "aria-sort", sorted ? (most !== selection.reverse ? "descending" : "ascending") : null);
    }
  }

  tick(now) {
    for (const item of this.#items.values()) item.tick(now);
  }

  #soon() {
    if (this.#frame) return;
    this.#frame = requestAnimationFrame(() => {
      this.#frame = 0;
      this.render();
    });
  }

  #measure() {
    const rem = parseFloat(getComputedStyle(document.documentElement).fontSize);
    const width = this.#body.clientWidth;
    const isCards = getComputedStyle(this.#element).getPropertyValue("--shape").trim() === "cards";
    const columns = isCards ? Math.max(1, Math.floor((width + kGapRem * rem) / ((kCardRem + kGapRem) * rem))) : 1;
    const height = Math.round(parseFloat(getComputedStyle(this.#element).getPropertyValue("--item-height")) * rem);
    const gap = isCards ? Math.round(kGapRem * rem) : 0;
    const itemWidth = (width - gap * (columns - 1)) / columns;
    this.#layout = { columns, line: height + gap, height, width: itemWidth, left: itemWidth + gap };
  }

  /** Puts what is on the screen there. Items that stand right are not touched, so focus and selection stay. */
  render() {
    if (this.#element.offsetParent === null) return; // another view is shown
    const { columns, line, height, width, left } = this.#layout;
    const top = -this.#body.getBoundingClientRect().top;
    const [first, end] = itemsBetween(top - kBeyondPx, top + window.innerHeight + kBeyondPx, this.#names.length, columns, line);
    this.#body.style.blockSize = `${Math.ceil(this.#names.length / columns) * line}px`;
    const shown = new Set(this.#names.slice(first, end));
    const focused = document.activeElement?.closest?.(".node");
    for (const [name, item] of this.#items) {
      if (shown.has(name) || (item.element === focused && this.#store.nodes.has(name))) continue;
      item.element.remove();
      this.#items.delete(name);
    }
    const now = this.#store.now();
    const windowSeconds = this.#store.chartSeconds();
    const needed = [];
    let next = this.#body.firstElementChild;
    for (let i = first; i < end; i += 1) {
      const name = this.#names[i];
      const node = this.#store.nodes.get(name);
      let item = this.#items.get(name);
      if (!item) this.#items.set(name, (item = new NodeItem(name, this.onChoose)));
      const history = this.#store.history(name);
      if (!history && node.scrapes > 0) needed.push(name);
      item.update(node, history, windowSeconds, this.#chosen.has(name));
      item.tick(now);
      const { style } = item.element;
      const place = `translate(${Math.round((i % columns) * left)}px, ${Math.round(Math.floor(i / columns) * line)}px)`;
      if (style.transform !== place) style.transform = place;
      const inlineSize = `${Math.floor(width)}px`;
      if (style.inlineSize !== inlineSize) style.inlineSize = inlineSize;
      const blockSize = `${height}px`;
      if (style.blockSize !== blockSize) style.blockSize = blockSize;
      setAttribute(item.element, "aria-rowindex", String(i + 2));
      if (item.element === next) next = next.nextElementSibling;
      else this.#body.insertBefore(item.element, next);
    }
    if (needed.length > 0) this.#onNeed(needed);
  }
}
