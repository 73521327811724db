// SPDX-License-Identifier: Apache-2.0
// A node's last boots in a dialog: what it asked for over the network, message by message, and where it got stuck.

import { element, setText } from "./dom.js";
import { bytes, clockTime, kUnknown, seconds } from "./format.js";

const kIntervalMs = 3000;
const kTimeoutMs = 6000;

const kStateWords = {
  running: "Booting",
  booted: "Booted",
  loaded: "Kernel loaded",
  stuck: "Stuck",
  restarted: "Began anew",
  address_only: "Own disk",
};

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

function eventRow(event, total) {
  const [words, details, kind] = eventWords(event);
  const bar = element("span", { class: "event-bar", "data-kind": kind || null });
  const duration = event.kind === "file" ? event.duration_seconds : (event.last_at ?? event.at) - event.at;
  // A transfer is told of when it began: its bar goes on from there. Set through the object model, as the content
  // security policy wants it.
  bar.style.insetInlineStart = `${Math.min(99, (100 * event.at) / total)}%`;
  bar.style.inlineSize = `${Math.max(0.6, Math.min(100 - (100 * event.at) / total, (100 * duration) / total))}%`;
  return element(
    "li",
    { class: "event", "data-kind": kind || null, "data-what": event.kind },
    element("span", { class: "event-at number" }, seconds(event.at)),
    element("span", { class: "event-words" }, words),
    element("span", { class: "event-details sub" }, details),
    element("span", { class: "event-lane", "aria-hidden": "true" }, bar),
  );
}

function bootSection(boot, isOpen) {
  const total = Math.max(1, boot.last_at);
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
    element("ol", { class: "events" }, ...boot.events.map((event) => eventRow(event, total))),
  );
  if (boot.dropped_events > 0) section.append(element("p", { class: "sub" }, `and ${boot.dropped_events} more events`));
  section.open = isOpen;
  return section;
}

export class BootsDialog {
  #dialog;
  #title;
  #body;
  #name = null;
  #timer = 0;
  #shown = "";
  #open = new Set(); // when the boots began that are unfolded

  constructor(dialog) {
    this.#dialog = dialog;
    this.#title = dialog.querySelector("h2");
    this.#body = dialog.querySelector(".boots-body");
    dialog.addEventListener("close", () => {
      clearTimeout(this.#timer);
      this.#name = null;
    });
    dialog.addEventListener("click", (event) => {
      if (event.target === dialog) dialog.close(); // beside its content
    });
  }

  show(name) {
    this.#name = name;
    this.#shown = "";
    this.#open.clear();
    setText(this.#title, `Boots of ${name}`);
    this.#body.replaceChildren(element("p", { class: "sub" }, "Loading …"));
    this.#dialog.showModal();
    this.#ask(name);
  }

  async #ask(name) {
    clearTimeout(this.#timer);
    try {
      const response = await fetch(`api/v1/nodes/${encodeURIComponent(name)}/boots`, {
        cache: "no-store",
        signal: AbortSignal.timeout(kTimeoutMs),
      });
      const answer = await response.json();
      if (this.#name !== name) return;
      if (answer.status !== "success") throw new Error(answer.error);
      this.#render(answer.data.boots);
    } catch (error) {
      if (this.#name !== name) return;
      this.#body.replaceChildren(element("p", {}, `The boots can't be shown: ${error.message}`));
      this.#shown = "";
    }
    this.#timer = setTimeout(() => this.#ask(name), kIntervalMs);
  }

  #render(boots) {
    const text = JSON.stringify(boots);
    if (text === this.#shown) return; // what a person reads or has selected stays as it is
    const isFirst = this.#shown === "";
    this.#shown = text;
    for (const section of this.#body.querySelectorAll("details")) {
      if (section.open) this.#open.add(section.dataset.started);
      else this.#open.delete(section.dataset.started);
    }
    if (isFirst && boots.length > 0) this.#open.add(String(boots[0].started));
    const sections = boots.map((boot) => {
      const section = bootSection(boot, this.#open.has(String(boot.started)));
      section.dataset.started = String(boot.started);
      return section;
    });
    this.#body.replaceChildren(
      ...(sections.length > 0 ? sections : [element("p", {}, "It was never seen booting here. "), element("code", {}, `piman doctor ${this.#name}`)]),
    );
  }
}
