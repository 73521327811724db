// SPDX-License-Identifier: Apache-2.0
// Which nodes are shown, and in which order. Pure functions over the nodes of /api/v1/nodes; the choice itself lives in
// the page's address, so that it can be kept and sent to somebody.

import { details, isKnown, kPhases, phaseWord, reason, shortModel } from "./format.js";

const byText = new Intl.Collator("en", { numeric: true, sensitivity: "base" }); // pi2 before pi10

function addressNumber(address) {
  return address.split(".").reduce((sum, part) => sum * 256 + Number(part), 0);
}

// Columns in their order. `key` gives what is compared; numbers start with the largest, for that is what one looks for.
export const kColumns = [
  { id: "name", label: "Node", key: (node) => node.name },
  { id: "state", label: "State", key: (node) => kPhases.indexOf(node.phase) },
  { id: "address", label: "Address", key: (node) => addressNumber(node.address) },
  { id: "model", label: "Model", key: (node) => shortModel(node.model) },
  { id: "uptime", label: "Uptime", key: (node) => (node.phase === "up" ? node.uptime_seconds : null), most: true },
  { id: "cpu", label: "CPU", key: (node) => (node.phase === "up" ? node.cpu_percent : null), most: true },
  { id: "memory", label: "Memory", key: (node) => (node.phase === "up" ? node.memory_percent : null), most: true },
  { id: "disk", label: "Disk", key: (node) => (node.phase === "up" ? node.disk_percent : null), most: true },
  {
    id: "temperature",
    label: "Temp",
    key: (node) => (node.phase === "up" ? node.temperature_celsius : null),
    most: true,
  },
  { id: "seen", label: "Last seen", key: (node) => node.last_seen, most: true },
];

export const kDefaultSelection = { text: "", phases: [], sort: "state", reverse: false };

function compareKeys(a, b, most) {
  if (typeof a === "string") return byText.compare(a, b);
  return most ? b - a : a - b;
}

/** The nodes to show, sorted: equals by name, unknown values last whichever way the column is sorted. */
export function select(nodes, selection) {
  const words = selection.text.toLowerCase().split(/\s+/).filter(Boolean);
  const column = kColumns.find((each) => each.id === selection.sort) ?? kColumns[1];
  const shown = nodes
    .filter((node) => selection.phases.length === 0 || selection.phases.includes(node.phase))
    .filter((node) => {
      if (words.length === 0) return true;
      const why = node.phase === "up" ? "" : `${reason(node)} ${details(node)} ${node.stuck ? "stuck" : ""}`;
      const text = [node.name, node.address, node.mac, node.model, phaseWord(node.phase), why].join(" ").toLowerCase();
      return words.every((word) => text.includes(word));
    })
    .map((node) => ({ node, key: column.key(node) }));
  const unknown = (key) => typeof key !== "string" && !isKnown(key);
  shown.sort((a, b) => {
    if (unknown(a.key) !== unknown(b.key)) return unknown(a.key) ? 1 : -1;
    let order = unknown(a.key) ? 0 : compareKeys(a.key, b.key, column.most);
    if (selection.reverse) order = -order;
    return order || byText.compare(a.node.name, b.node.name);
  });
  return shown.map((each) => each.node);
}

export function selectionFromQuery(query) {
  const parameters = new URLSearchParams(query);
  const sort = parameters.get("sort") ?? "";
  const id = sort.replace(/^-/, "");
  const known = kColumns.some((column) => column.id === id);
  return {
    text: parameters.get("q") ?? "",
    phases: (parameters.get("state") ?? "").split(",").filter((phase) => kPhases.includes(phase)),
    sort: known ? id : kDefaultSelection.sort,
    reverse: known && sort.startsWith("-"),
  };
}

/** "" for the default selection, else "?q=...". */
export function queryOfSelection(selection) {
  const parameters = new URLSearchParams();
  if (selection.text.trim()) parameters.set("q", selection.text.trim());
  if (selection.phases.length > 0) parameters.set("state", selection.phases.join(","));
  if (selection.sort !== kDefaultSelection.sort || selection.reverse) {
    parameters.set("sort", (selection.reverse ? "-" : "") + selection.sort);
  }
  const text = parameters.toString();
  return text ? `?${text}` : "";
}
