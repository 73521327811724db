// SPDX-License-Identifier: Apache-2.0
// The last actions and how they go on, node by node.

import { element, setText } from "./dom.js";
import { bytes, clockTime, percent, duration, isKnown } from "./format.js";
import { hashOf } from "./router.js";

const kFastMs = 2000; // while one runs: bytes and percent
const kMostShown = 8;
const kMostNodes = 60; // of one action: what is over is left out first
const kOver = ["done", "failed", "expired", "withdrawn"];
const kActionWords = { reinstall: "Reinstall", restart: "Restart", power_on: "Power on", power_off: "Power off" };

/** "3 of 9 done, 1 failed, 5 waiting". Pure. */
export function rolloutWords(action) {
  const count = (...states) => action.nodes.filter((node) => states.includes(node.state)).length;
  const parts = [`${count("done")} of ${action.nodes.length} done`];
  if (count("failed", "expired") > 0) parts.push(`${count("failed", "expired")} failed`);
  if (count("withdrawn") > 0) parts.push(`${count("withdrawn")} withdrawn`);
  if (count("waiting") > 0) parts.push(`${count("waiting")} waiting`);
  return parts.join(", ");
}

/** How much of an order is done, 0 to 100, or null: not known. Pure. */
export function orderPercent(node) {
  if (node.state === "done") return 100;
  return node.state === "installing" ? node.percent : null;
}

export class Rollouts {
  element = element("div", { class: "rollouts" });
  #api;
  #store;
  #timer = 0;
  #shown = new Map();
  #asking = false;
  #problem = element("p", { class: "error", role: "alert" });
  #nothing = element("p", { class: "nothing" }, "Nothing was ordered yet.");

  constructor(api, store) {
    this.#api = api;
    this.#store = store;
    this.element.append(this.#problem, this.#nothing);
  }

  hide() {
    clearTimeout(this.#timer);
  }

  tick(now) {
    for (const { action, when } of this.#shown.values()) setText(when, `${duration(now - action.created)} ago`);
  }

  async ask() {
    if (this.#asking) return;
    this.#asking = true;
    clearTimeout(this.#timer);
    let isRunning = false;
    try {
      const { actions } = await this.#api.get("api/v1/actions");
      isRunning = actions.some((action) => action.state === "running");
      this.#show(actions.slice(0, kMostShown));
      setText(this.#problem, "");
    } catch (error) {
      if (error.status !== 401) setText(this.#problem, `The actions can't be shown: ${error.message}`);
    }
    this.#asking = false;
    if (isRunning && this.element.offsetParent !== null) this.#timer = setTimeout(() => this.ask(), kFastMs);
  }

  #show(actions) {
    this.#nothing.hidden = actions.length > 0;
    const ids = new Set(actions.map((action) => action.id));
    for (const [id, box] of this.#shown) {
      if (ids.has(id)) continue;
      box.element.remove();
      this.#shown.delete(id);
    }
    let before = this.#nothing;
    for (const action of actions) {
      let box = this.#shown.get(action.id);
      if (!box) this.#shown.set(action.id, (box = this.#box(action)));
      this.#fill(box, action);
      if (before.nextElementSibling !== box.element) before.after(box.element);
      before = box.element;
    }
    this.tick(this.#store.now());
  }

  #box(action) {
    const words = element("span", { class: "rollout-words" });
    const when = element("span", { class: "sub", title: clockTime(action.created) });
    const bar = element("progress", { max: String(action.nodes.length), "aria-label": `Progress of action ${action.id}` });
    const list = element("ul", { class: "plain progress-list" });
    const why = element("span", { class: "sub" });
    const stop = element("button", { type: "button", class: "button" }, "Withdraw the rest");
    stop.addEventListener("click", async () => {
      stop.disabled = true;
      try {
        await this.#api.change("DELETE", `api/v1/actions/${action.id}`);
      } catch (error) {
        setText(this.#problem, error.message);
      }
      stop.disabled = false;
      this.ask();
    });
    const title = `${kActionWords[action.action] ?? action.action} ${action.nodes.length === 1 ? action.nodes[0].name : `${action.nodes.length} nodes`}`;
    const box = element(
      "details", { class: "rollout" },
      element("summary", {}, element("strong", {}, title), words, when, bar),
      element("p", {}, why, " ", stop), list,
    );
    box.open = action.state === "running";
    return { element: box, words, when, bar, list, why, stop, action, said: "" };
  }

  #fill(box, action) {
    box.action = action;
    const said = JSON.stringify(action);
    if (said === box.said) return;
    box.said = said;
    box.element.dataset.state = action.state;
    setText(box.words, `${action.state}: ${rolloutWords(action)}`);
    const share = (node) => (kOver.includes(node.state) ? 1 : (orderPercent(node) ?? 0) / 100);
    box.bar.value = action.nodes.reduce((sum, node) => sum + share(node), 0);
    const how = [
      action.image && `image ${action.image}`, action.canary > 0 && `${action.canary} first`,
      action.max_parallel > 0 && `at most ${action.max_parallel} at once`, `by ${action.who}`, action.why, action.detail,
    ];
    setText(box.why, how.filter(Boolean).join(", "));
    box.stop.hidden = action.state !== "running" || !action.nodes.some((node) => node.state === "waiting" || node.state === "open");
    const nodes = [...action.nodes].sort((a, b) => kOver.includes(a.state) - kOver.includes(b.state)).slice(0, kMostNodes);
    box.list.replaceChildren(
      ...nodes.map((node) => {
        const value = orderPercent(node);
        const bar = element("progress", { max: "100", value, "aria-label": `Progress of ${node.name}` });
        bar.hidden = !isKnown(value);
        const said = [node.stage, node.state === "installing" ? percent(node.percent) : "", node.bytes_per_second > 0 ? `${bytes(node.bytes_per_second)}/s` : "", node.detail];
        return element(
          "li", { "data-state": node.state },
          element("a", { href: hashOf("node", node.name) }, node.name), element("span", {}, node.state), bar,
          element("span", { class: "sub" }, said.filter(Boolean).join(", ")),
        );
      }),
      ...(action.nodes.length > kMostNodes ? [element("li", { class: "nothing" }, `and ${action.nodes.length - kMostNodes} more`)] : []),
    );
  }
}
