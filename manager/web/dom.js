// SPDX-License-Identifier: Apache-2.0
// The few words with which the page builds its elements. Text from the network gets in only as text: never as markup.

import { phaseKind } from "./format.js";

/** Makes an element: element("td", {class: "name", title: "pi1"}, "text", child). */
export function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== undefined && value !== null) made.setAttribute(name, value);
  }
  made.append(...children);
  return made;
}

const kSvg = "http://www.w3.org/2000/svg";

/** Makes an SVG element. */
export function shape(tag, attributes = {}, ...children) {
  const made = document.createElementNS(kSvg, tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children);
  return made;
}

/** Sets what is shown, but touches the page only where it differs: most values stay from one update to the next. */
export function setText(target, text) {
  if (target.textContent !== text) target.textContent = text;
}

export function setAttribute(target, name, value) {
  if (value === null || value === undefined) {
    if (target.hasAttribute(name)) target.removeAttribute(name);
  } else if (target.getAttribute(name) !== value) {
    target.setAttribute(name, value);
  }
}

// Each kind of phase has its own shape as well as its own colour: a tick, a triangle, a cross, a dotted ring, arrows, ...
const kPhaseShapes = {
  up: "M8 1a7 7 0 1 1 0 14A7 7 0 0 1 8 1Zm3.2 4.2-4.1 4.3-2.2-2.2-1.1 1.1 3.3 3.3 5.2-5.4-1.1-1.1Z",
  "agent-down": "M8 1.2 15.4 14.4H.6L8 1.2Zm-.8 4.6v4.3h1.6V5.8H7.2Zm0 5.4v1.6h1.6v-1.6H7.2Z",
  down: "M8 1a7 7 0 1 1 0 14A7 7 0 0 1 8 1ZM5.6 4.5 4.5 5.6 6.9 8l-2.4 2.4 1.1 1.1L8 9.1l2.4 2.4 1.1-1.1L9.1 8l2.4-2.4-1.1-1.1L8 6.9 5.6 4.5Z",
  failed: "M8 .6 15.4 8 8 15.4.6 8 8 .6Zm-.8 3.8v4.8h1.6V4.4H7.2Zm0 6V12h1.6v-1.6H7.2Z",
  quarantined: "M8 1a7 7 0 1 1 0 14A7 7 0 0 1 8 1ZM4 7v2h8V7H4Z",
  off: "M8 1a7 7 0 1 1 0 14A7 7 0 0 1 8 1Zm0 1.6a5.4 5.4 0 1 0 0 10.8A5.4 5.4 0 0 0 8 2.6Zm-.8 1.9h1.6v4H7.2v-4Z",
  boot: "M8 1a7 7 0 1 1 0 14A7 7 0 0 1 8 1Zm0 2.9L4.3 7.6l1.1 1.1 1.8-1.8v5h1.6v-5l1.8 1.8 1.1-1.1L8 3.9Z",
  install: "M8 1a7 7 0 1 1 0 14A7 7 0 0 1 8 1Zm0 11.1 3.7-3.7-1.1-1.1-1.8 1.8v-5H7.2v5L5.4 7.3 4.3 8.4 8 12.1Z",
  pending: "M7.2 1h1.6v2.2H7.2V1Zm4.6 1.4 1.2 1.2-1.6 1.5-1.1-1.1 1.5-1.6ZM15 7.2v1.6h-2.2V7.2H15ZM13 12.4l-1.2 1.2-1.5-1.6 1.1-1.1 1.6 1.5ZM7.2 12.8h1.6V15H7.2v-2.2Zm-3-.2L3 11.4l1.6-1.5L5.7 11l-1.5 1.6ZM1 7.2h2.2v1.6H1V7.2Zm2-3.6 1.2-1.2L5.7 4 4.6 5.1 3 3.6Z",
};

/** The mark of a phase. Its word always stands beside it, so it is hidden from screen readers. */
export function phaseIcon(phase) {
  const path = shape("path", { d: kPhaseShapes[phaseKind(phase)] ?? kPhaseShapes.pending, "fill-rule": "evenodd" });
  return shape("svg", { class: "icon", viewBox: "0 0 16 16", "aria-hidden": "true" }, path);
}
