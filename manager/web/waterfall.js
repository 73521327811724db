// SPDX-License-Identifier: Apache-2.0
// A node's last boots, each as a waterfall: what it asked for over the network, message by message, and the phases that
// followed, until its first scrape.

import { element } from "./dom.js";
import { bytes, clockTime, kUnknown, phaseWord, seconds } from "./format.js";

const kStateWords = {
  running: "Booting",
  booted: "Booted",
  loaded: "Kernel loaded",
  stuck: "Stuck",
  restarted: "Began anew",
  address_only: "Own disk",
};
const kLaterPhases = ["hello", "formatting", "downloading", "verifying", "booting", "up"];

const counted = (count, what) => `${count} ${what}${count === 1 ? "" : "s"}`;

/** What happened at one point of a boot, as [words, details, "good" | "bad" | ""]. Pure. */
export function eventWords(event) {
  if (event.kind === "dhcp") {
    const answer = event.sent ? ` → ${event.sent}` : "";
    const details = [
      event.address,
      event.drop_reason && `not answered: ${event.drop_reason}`,
      event.other_server && `it chose ${event.other_server}`,
      event.model,
      event.relayed && "relayed",
      event.count > 1 && `${event.count} times until ${seconds(event.last_at)}`,
    ];
    return [event.received + answer, details.filter(Boolean).join(", "), event.sent && event.sent !== "NAK" ? "" : "bad"];
  }
  if (event.kind === "file") {
    const part = event.outcome === "complete" ? bytes(event.sent_bytes) : `${bytes(event.sent_bytes)} of ${bytes(event.size_bytes)}`;
    const details = [
      event.outcome === "complete" ? "" : event.outcome.replaceAll("_", " "),
      event.size_bytes > 0 && event.outcome !== "probe" && part,
      event.bytes_per_second && `${bytes(event.bytes_per_second)}/s`,
      event.blocks > 0 && counted(event.blocks, "block"),
      event.retransmits > 0 && `${event.retransmits} sent again`,
    ];
    const harmless = ["complete", "probe", "not_found", "started"].includes(event.outcome);
    return [event.requested, details.filter(Boolean).join(", "), event.outcome === "complete" ? "good" : harmless ? "" : "bad"];
  }
  if (event.kind === "phase") {
    const isUp = event.phase === "up";
    return [isUp ? "First scrape" : phaseWord(event.phase), isUp ? "its agent answers" : seconds(event.duration_seconds), isUp ? "good" : ""];
  }
  return [event.text ?? "", "", ""];
}

/** One line on a whole boot. Pure. */
export function bootWords(boot) {
  const took = boot.booted_at ?? boot.last_at;
  const parts = [`${kStateWords[boot.state] ?? boot.state} ${boot.state === "booted" ? "in" : "after"} ${seconds(took)}`];
  if (boot.stuck_at) parts.push(`at ${boot.stuck_at}`);
  if (boot.files > 0) parts.push(`${counted(boot.files, "file")}, ${bytes(boot.sent_bytes)}`);
  if (boot.retransmits > 0) parts.push(`${counted(boot.retransmits, "block")} sent again`);
  return parts.join(", ");
}

/**
 * The events of a boot with the node's phases that followed it, as events of their own: those from its begin to the
 * first scrape, or until the next boot began (`until`). Pure.
 */
export function withPhases(boot, phases, until) {
  const later = [];
  for (const span of phases) {
    if (span.since < boot.started || span.since >= until || !kLaterPhases.includes(span.phase)) continue;
    const isUp = span.phase === "up";
    later.push({ kind: "phase", at: span.since - boot.started, phase: span.phase, duration_seconds: isUp ? 0 : span.seconds });
    if (isUp) break;
  }
  return [...boot.events, ...later].sort((a, b) => a.at - b.at);
}

const lengthOf = (event) => (event.kind === "dhcp" || event.kind === "console" ? (event.last_at ?? event.at) - event.at : event.duration_seconds);

function eventRow(event, total) {
  const [words, details, kind] = eventWords(event);
  const bar = element("span", { class: "event-bar", "data-kind": kind || null });
  // A transfer is told of when it began: its bar goes on from there. Set through the object model, as the content
  // security policy wants it.
  bar.style.insetInlineStart = `${Math.min(99, (100 * event.at) / total)}%`;
  bar.style.inlineSize = `${Math.max(0.6, Math.min(100 - (100 * event.at) / total, (100 * lengthOf(event)) / total))}%`;
  return element(
    "li",
    { class: "event", "data-kind": kind || null, "data-what": event.kind },
    element("span", { class: "event-at number" }, seconds(event.at)),
    element("span", { class: "event-words" }, words),
    element("span", { class: "event-details sub" }, details),
    element("span", { class: "event-lane", "aria-hidden": "true" }, bar),
  );
}

function bootSection(boot, phases, until, isOpen) {
  const events = withPhases(boot, phases, until);
  const total = events.reduce((most, event) => Math.max(most, event.at + lengthOf(event)), Math.max(1, boot.last_at));
  const section = element(
    "details",
    { class: "boot", "data-state": boot.state },
    element(
      "summary",
      {},
      element("span", { class: "boot-started" }, clockTime(boot.started)),
      element("span", { class: "boot-words" }, bootWords(boot)),
      element("span", { class: "sub boot-model" }, boot.model ?? kUnknown),
    ),
    element("ol", { class: "events" }, ...events.map((event) => eventRow(event, total))),
  );
  if (boot.dropped_events > 0) section.append(element("p", { class: "sub" }, `and ${boot.dropped_events} more events`));
  section.open = isOpen;
  return section;
}

/** The boots of one node, in `element`. */
export class Waterfall {
  element = element("div", { class: "boots" });
  #shown = "";
  #open = new Set(); // when the boots began that are unfolded

  clear() {
    this.#shown = "";
    this.#open.clear();
    this.element.replaceChildren();
  }

  /** `boots` newest first, `phases` of the node oldest first. */
  show(boots, phases, name) {
    // The phase that goes on grows with each answer; what a person reads or has selected stays as it is meanwhile.
    const text = JSON.stringify([boots, phases.map((span) => [span.phase, span.since])]);
    if (text === this.#shown) return;
    const isFirst = this.#shown === "";
    this.#shown = text;
    for (const section of this.element.querySelectorAll("details")) {
      if (section.open) this.#open.add(section.dataset.started);
      else this.#open.delete(section.dataset.started);
    }
    if (isFirst && boots.length > 0) this.#open.add(String(boots[0].started));
    const sections = boots.map((boot, i) => {
      const until = i > 0 ? boots[i - 1].started : Infinity;
      const section = bootSection(boot, phases, until, this.#open.has(String(boot.started)));
      section.dataset.started = String(boot.started);
      return section;
    });
    const nothing = element("p", { class: "nothing" }, "It was never seen booting here. ", element("code", {}, `piman doctor ${name}`));
    this.element.replaceChildren(...(sections.length > 0 ? sections : [nothing]));
  }
}
