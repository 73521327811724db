// SPDX-License-Identifier: Apache-2.0
// Which nodes are shown, and in which order. Pure functions over the nodes of /api/v1/nodes; the choice itself lives in
// the page's address, so that it can be kept and sent to somebody.

import { details, healthMarks, isKnown, kPhases, phaseWord, reason, shortModel } from "./format.js";

const kLabels = ["group", "image", "installed", "switch"];

function addressNumber(address) {
  return address.split(".").reduce((sum, part) => sum * 256 + Number(part), 0);
}

const ofUp = (measure) => (node) => (node.phase === "up" ? node[measure] : null);

// Columns in their order. `key` gives what is compared; numbers start with the largest, for that is what one looks for.
export const kColumns = [
  { id: "name", label: "Node", key: (node, rank) => rank.get(node.name) ?? 0 },
  { id: "state", label: "State", key: (node) => kPhases.indexOf(node.phase) },
  { id: "address", label: "Address", key: (node) => addressNumber(node.address) },
  { id: "model", label: "Model", key: (node) => shortModel(node.model) },
  { id: "uptime", label: "Uptime", key: ofUp("uptime_seconds"), most: true },
  { id: "cpu", label: "CPU", key: ofUp("cpu_percent"), most: true },
  { id: "memory", label: "Memory", key: ofUp("memory_percent"), most: true },
  { id: "disk", label: "Disk", key: ofUp("disk_percent"), most: true },
  { id: "temperature", label: "Temp", key: ofUp("temperature_celsius"), most: true },
  { id: "seen", label: "Last seen", key: (node) => node.last_seen, most: true },
];

export const kDefaultSelection = { text: "", phases: [], model: "", label: "", sort: "state", reverse: false, shape: "rows" };

function isShown(node, selection, words) {
  if (selection.phases.length > 0 && !selection.phases.includes(node.phase)) return false;
  if (selection.model && shortModel(node.model) !== selection.model) return false;
  if (selection.label) {
    const [label, ...value] = selection.label.split("=");
    if (node[label] !== value.join("=")) return false;
  }
  if (words.length === 0) return true;
  const why = node.phase === "up" ? "" : `${reason(node)} ${details(node)} ${node.stuck ? "stuck" : ""}`;
  const marks = healthMarks(node).map((mark) => mark.short).join(" ");
  const labels = kLabels.map((label) => node[label] ?? "").join(" ");
  const text = [node.name, node.address, node.mac, node.model, phaseWord(node.phase), why, marks, labels].join(" ").toLowerCase();
  return words.every((word) => text.includes(word));
}

/**
 * The names of the nodes to show, sorted: equals by name, unknown values last whichever way the column is sorted. `rank`
 * has each name's place when all are sorted by name.
 */
export function select(nodes, selection, rank) {
  const words = selection.text.toLowerCase().split(/\s+/).filter(Boolean);
  const column = kColumns.find((each) => each.id === selection.sort) ?? kColumns[1];
  const shown = [];
  for (const node of nodes) {
    if (!isShown(node, selection, words)) continue;
    shown.push({ name: node.name, key: column.key(node, rank), rank: rank.get(node.name) ?? 0 });
  }
  const unknown = (key) => typeof key !== "string" && !isKnown(key);
  const direction = selection.reverse !== (column.most ?? false) ? -1 : 1;
  shown.sort((a, b) => {
    const [noA, noB] = [unknown(a.key), unknown(b.key)];
    if (noA !== noB) return noA ? 1 : -1;
    const order = noA || a.key === b.key ? 0 : a.key < b.key ? -direction : direction;
    return order || a.rank - b.rank;
  });
  return shown.map((each) => each.name);
}

/** What there is to choose from: models, and labels as "group=kiosk", each with its count, the most frequent first. */
export function choices(nodes) {
  const models = new Map();
  const labels = new Map();
  const count = (map, key) => map.set(key, (map.get(key) ?? 0) + 1);
  for (const node of nodes) {
    if (node.model) count(models, shortModel(node.model));
    for (const label of kLabels) if (node[label]) count(labels, `${label}=${node[label]}`);
  }
  const sorted = (map) => [...map].sort(([a, countA], [b, countB]) => countB - countA || (a < b ? -1 : 1));
  return { models: sorted(models), labels: sorted(labels) };
}

export function selectionFromQuery(query) {
  const parameters = new URLSearchParams(query);
  const sort = parameters.get("sort") ?? "";
  const id = sort.replace(/^-/, "");
  const known = kColumns.some((column) => column.id === id);
  return {
    text: parameters.get("q") ?? "",
    phases: (parameters.get("state") ?? "").split(",").filter((phase) => kPhases.includes(phase)),
    model: parameters.get("model") ?? "",
    label: parameters.get("label") ?? "",
    sort: known ? id : kDefaultSelection.sort,
    reverse: known && sort.startsWith("-"),
    shape: parameters.get("view") === "cards" ? "cards" : "rows",
  };
}

/** "" for the default selection, else "?q=...". */
export function queryOfSelection(selection) {
  const parameters = new URLSearchParams();
  if (selection.text.trim()) parameters.set("q", selection.text.trim());
  if (selection.phases.length > 0) parameters.set("state", selection.phases.join(","));
  if (selection.model) parameters.set("model", selection.model);
  if (selection.label) parameters.set("label", selection.label);
  if (selection.sort !== kDefaultSelection.sort || selection.reverse) {
    parameters.set("sort", (selection.reverse ? "-" : "") + selection.sort);
  }
  if (selection.shape !== kDefaultSelection.shape) parameters.set("view", selection.shape);
  const text = parameters.toString();
  return text ? `?${text}` : "";
}
