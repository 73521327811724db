// SPDX-License-Identifier: Apache-2.0
// What can be done to nodes, and the dialog that says what will happen to which of them before it does.

import { element, setText } from "./dom.js";
import { duration } from "./format.js";

const byId = (id) => document.getElementById(id);
const kMostNamed = 40; // nodes whose names stand in the dialog
const kHours = [1, 2, 8, 24, 168];

const kActions = {
  restart: { word: "Restart", sentence: (what) => `${what} will be switched off and on again.`, power: true },
  reinstall: { word: "Reinstall", sentence: (what, image) => `${what} will be installed with ${image}. All that is on the cards is lost.` },
  power_off: { word: "Power off", sentence: (what) => `The power of ${what} will be switched off.`, power: true },
  power_on: { word: "Power on", sentence: (what) => `The power of ${what} will be switched on.`, power: true },
};

const counted = (count) => `${count} ${count === 1 ? "node" : "nodes"}`;

/** "pi1, pi2 and 3 more". Pure. */
export function namesInWords(names) {
  const shown = names.slice(0, kMostNamed).join(", ");
  return names.length > kMostNamed ? `${shown} and ${names.length - kMostNamed} more` : shown;
}

export class Actions {
  #store;
  #api;
  #onDone;
  #dialog = byId("action");
  #title = byId("action-title");
  #form = this.#dialog.querySelector("form");
  #fields = byId("action-fields");
  #sentence = byId("action-sentence");
  #problem = byId("action-problem");
  #confirm = byId("action-confirm");
  #submit = null;

  /** `onDone(view)` is called when an order is on record: the view that shows how it goes on. */
  constructor(store, api, onDone) {
    this.#store = store;
    this.#api = api;
    this.#onDone = onDone;
    this.#form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#run();
    });
    byId("action-cancel").addEventListener("click", () => this.#dialog.close());
  }

  /** Puts the buttons into `box`, once: for the nodes that `names()` says at the moment of the press. */
  fill(box, names) {
    const { facts } = this.#store;
    const wanted = [
      ...(facts?.orders ? Object.keys(kActions).filter((id) => (id === "reinstall" ? facts.netboot : facts.power)) : []),
      ...(facts?.watch ? ["silence"] : []),
    ];
    if (box.dataset.filled === wanted.join(" ")) return;
    box.dataset.filled = wanted.join(" ");
    box.replaceChildren(...wanted.map((id) => {
      const button = element("button", { type: "button", class: "button", "data-action": id }, `${kActions[id]?.word ?? "Silence"} …`);
      button.addEventListener("click", () => (id === "silence" ? this.silence(names()) : this.#ask(id, names())));
      return button;
    }));
  }

  // --- orders ---

  async #ask(id, names) {
    if (names.length === 0) return;
    const { word, sentence } = kActions[id];
    const macs = names.map((name) => this.#store.nodes.get(name)?.mac).filter(Boolean);
    const many = names.length > 1;
    const fields = [];
    const number = (name, label, value, hint) => {
      const input = element("input", { type: "number", name, min: "0", max: String(names.length), value: String(value), inputmode: "numeric" });
      fields.push(element("label", { class: "form-row" }, element("span", {}, label), input, element("span", { class: "sub" }, hint)));
    };
    if (id === "reinstall") {
      const select = element("select", { name: "image" });
      fields.push(element("label", { class: "form-row" }, element("span", {}, "Image"), select));
      try {
        const { images, default: first } = await this.#api.get("api/v1/images");
        select.append(...images.map(({ name, version }) => element("option", { value: `${name}@${version}` }, `${name}@${version}`)).reverse());
        if (first) select.value = first;
      } catch (error) {
        return this.#show(word, [], error.message, null);
      }
      if (!select.value) return this.#show(word, [], "There is no image to install: piman image add FILE.", null);
    }
    if (many && id !== "power_on") number("canary", "Canary", id === "reinstall" ? 1 : 0, "so many first; the others when those are well");
    if (many) number("max_parallel", "At once", 0, "0: as many as the configuration allows");
    const why = element("input", { type: "text", name: "why", maxlength: "200", autocomplete: "off" });
    fields.push(element("label", { class: "form-row" }, element("span", {}, "Why"), why, element("span", { class: "sub" }, "for the journal; may be empty")));
    const body = () => {
      const form = new FormData(this.#form);
      const order = { action: id, nodes: macs, why: form.get("why") ?? "" };
      for (const key of ["canary", "max_parallel"]) if (form.has(key)) order[key] = Number(form.get(key));
      if (form.has("image")) order.image = form.get("image");
      return order;
    };
    this.#show(word, fields, null, async () => {
      const action = await this.#api.change("POST", "api/v1/actions", body());
      return { view: "netboot", words: `Action ${action.id} is on record` };
    });
    // The server says what it would do, so that what is confirmed is what happens.
    const preview = async () => {
      this.#confirm.disabled = true;
      try {
        const plan = await this.#api.change("POST", "api/v1/actions", { ...body(), preview: true });
        const planned = plan.nodes.map((node) => node.name);
        setText(this.#sentence, `${sentence(counted(planned.length), plan.image ?? "")} ${namesInWords(planned)}.`);
        setText(this.#problem, "");
        setText(this.#confirm, `${word} ${counted(planned.length)}`);
        this.#confirm.disabled = false;
      } catch (error) {
        setText(this.#problem, error.message);
      }
    };
    this.#fields.querySelector("select")?.addEventListener("change", preview);
    await preview();
  }

  // --- silences ---

  silence(names) {
    const nodes = element("input", { type: "text", name: "nodes", required: "", value: names.join(" "), autocomplete: "off", spellcheck: "false" });
    const hours = element("select", { name: "hours" }, ...kHours.map((each) => element("option", { value: String(each) }, duration(each * 3600))));
    hours.value = "2";
    const why = element("input", { type: "text", name: "why", maxlength: "200", autocomplete: "off" });
    const fields = [
      element("label", { class: "form-row" }, element("span", {}, "Nodes"), nodes, element("span", { class: "sub" }, "names, numbers, ranges, LABEL=VALUE or all")),
      element("label", { class: "form-row" }, element("span", {}, "For"), hours),
      element("label", { class: "form-row" }, element("span", {}, "Why"), why),
    ];
    this.#show("Silence", fields, null, async () => {
      await this.#api.change("POST", "api/v1/silences", {
        nodes: nodes.value.trim().split(/[\s,]+/), seconds: Number(hours.value) * 3600, why: why.value.trim(),
      });
      return { view: "alerts", words: "The silence began" };
    });
    const say = () => {
      const words = nodes.value.trim().split(/[\s,]+/).filter(Boolean);
      setText(this.#sentence, words.length > 0 ? `Nobody will be told of alerts of ${namesInWords(words)} for ${duration(Number(hours.value) * 3600)}. What still fires then is told.` : "Which nodes?");
      setText(this.#confirm, "Silence");
      this.#confirm.disabled = words.length === 0;
    };
    for (const field of [nodes, hours]) field.addEventListener("input", say);
    say();
  }

  // --- the dialog ---

  #show(title, fields, problem, submit) {
    setText(this.#title, title);
    this.#fields.replaceChildren(...fields);
    setText(this.#sentence, "");
    setText(this.#problem, problem ?? "");
    setText(this.#confirm, title);
    this.#confirm.disabled = true;
    this.#confirm.hidden = submit === null;
    this.#submit = submit;
    if (!this.#dialog.open) this.#dialog.showModal();
  }

  async #run() {
    if (!this.#submit || this.#confirm.disabled) return;
    this.#confirm.disabled = true;
    try {
      const { view, words } = await this.#submit();
      this.#dialog.close();
      this.#onDone(view, words);
    } catch (error) {
      setText(this.#problem, error.message);
      this.#confirm.disabled = false;
    }
  }
}
