// SPDX-License-Identifier: Apache-2.0
// The page's pure parts; needs Node.js and no browser.

import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { demoNodes, demoPhases, templateAnswer } from "./demo_server.mjs";

describe("words and numbers", async () => {
  const format = await import("../../manager/web/format.js");
  const plain = (text) => text.replaceAll("\u00a0", " ");

  it("durations", () => {
    const cases = [[0, "0 s"], [59.9, "59 s"], [60, "1 min"], [3600, "1 h"], [12000, "3 h 20 min"], [446400, "5 d 4 h"], [90 * 86400, "90 d"], [-3, "0 s"], [NaN, "–"]];
    for (const [seconds, expected] of cases) assert.equal(plain(format.duration(seconds)), expected);
    assert.equal(plain(format.ago(0.2)), "just now");
    assert.equal(plain(format.ago(61)), "1 min ago");
  });

  it("bytes and seconds", () => {
    for (const [value, expected] of [[0, "0 B"], [999, "999 B"], [1234, "1.2 kB"], [999600, "1.0 MB"], [123456789, "123 MB"], [null, "–"]]) {
      assert.equal(plain(format.bytes(value)), expected);
    }
    for (const [value, expected] of [[0, "0.0 s"], [12.34, "12.3 s"], [205.2, "205 s"], [undefined, "–"]]) {
      assert.equal(plain(format.seconds(value)), expected);
    }
  });

  it("models", () => {
    assert.equal(format.shortModel("Raspberry Pi 4 Model B Rev 1.4"), "Pi 4 B");
    assert.equal(format.shortModel("Raspberry Pi 3 Model B Plus Rev 1.3"), "Pi 3 B+");
    assert.equal(format.shortModel("Raspberry Pi Compute Module 4 Rev 1.0"), "Pi CM4");
    assert.equal(format.shortModel("Raspberry Pi Zero 2 W Rev 1.0"), "Pi Zero 2 W");
    assert.equal(format.shortModel("QEMU Standard PC"), "QEMU Standard PC");
    assert.equal(format.shortModel(null), "–");
  });

  it("reasons", () => {
    const failed = (phase, kind) => format.reason({ phase, last_error: { kind, message: "" } });
    assert.equal(failed("down", "timeout"), "No answer in time");
    assert.equal(failed("down", "a new kind"), "Nothing answers at the node's address");
    assert.equal(format.reason({ phase: "pending", last_error: null }), "Waiting for the first scrape");
  });

  it("levels", () => {
    assert.equal(format.level("temperature_celsius", 74), "");
    assert.equal(format.level("temperature_celsius", 75), "high");
    assert.equal(format.level("temperature_celsius", 82), "critical");
    assert.equal(format.level("disk_percent", null), "");
  });

  it("selections survive the address, with model, label and cards", async () => {
    const { selectionFromQuery, queryOfSelection } = await import("../../manager/web/selection.js");
    for (const query of ["", "?q=pi+4", "?state=down%2Cup", "?sort=-cpu", "?q=a%26b&state=up&sort=name", "?model=Pi+4+B&label=group%3Dkiosk&view=cards"]) {
      assert.equal(queryOfSelection(selectionFromQuery(query)), query);
    }
    assert.equal(queryOfSelection(selectionFromQuery("?sort=nonsense&state=x")), "");
  });

  it("chart slots hold means, and gaps stay gaps", async () => {
    const { slots, runs } = await import("../../manager/web/sparkline.js");
    const values = slots([10, 12, 95, 97], [4, 6, 8, null], 100, 100, 10);
    assert.deepEqual(values, [null, 5, null, null, null, null, null, null, null, 8]);
    assert.deepEqual(runs(values), [[[1, 5]], [[9, 8]]]);
    assert.equal(runs([1, null, null, 2]).length, 1);
  });

  it("every phase that the manager knows has a word and a meaning", () => {
    const { counts } = templateAnswer().data;
    assert.deepEqual([...format.kPhases].sort(), Object.keys(counts).sort());
    for (const phase of format.kPhases) {
      assert.notEqual(format.phaseWord(phase), phase);
      assert.ok(format.phaseMeaning(phase).length > 10, phase);
    }
    assert.equal(format.phaseWord("of a newer manager"), "of a newer manager");
  });

  it("nodes are chosen and sorted by the rank of their names", async () => {
    const { choices, kDefaultSelection, select } = await import("../../manager/web/selection.js");
    const nodes = demoNodes(1.7e9);
    const rank = new Map(["pi1", "pi2", "pi3", "pi4", "pi5", "pi6", "pi7", "pi8", "pi9"].map((name, i) => [name, i]));
    const shown = (change) => select(nodes, { ...kDefaultSelection, ...change }, rank);
    assert.deepEqual(shown({}).slice(0, 4), ["pi7", "pi4", "pi9", "pi1"]);
    assert.deepEqual(shown({ sort: "name", reverse: true })[0], "pi9");
    assert.deepEqual(shown({ label: "group=kiosk" }).sort(), ["pi3", "pi6", "pi9"]);
    assert.deepEqual(shown({ model: "Pi 5 B" }), ["pi1"]);
    assert.deepEqual(shown({ text: "throttled" }), ["pi3"]);
    assert.deepEqual(shown({ sort: "temperature", reverse: true }).slice(-4).sort(), ["pi4", "pi7", "pi8", "pi9"]);
    assert.deepEqual(choices(nodes).models[0], ["Pi 4 B", 5]);
  });

  it("routes", async () => {
    const { hashOf, routeOf } = await import("../../manager/web/router.js");
    assert.deepEqual(routeOf(""), { view: "fleet", name: null });
    assert.deepEqual(routeOf("#/alerts"), { view: "alerts", name: null });
    assert.deepEqual(routeOf(hashOf("node", "a/b c%")), { view: "node", name: "a/b c%" });
    for (const odd of ["#main", "#/node", "#/node/", "#/nonsense", "#/%E0%A4%A"]) assert.equal(routeOf(odd).view, "fleet");
    assert.equal(routeOf("#/node/%E0%A4%A").name, "%E0%A4%A");
  });

  it("which items are on the screen", async () => {
    const { itemsBetween } = await import("../../manager/web/node_list.js");
    assert.deepEqual(itemsBetween(0, 600, 2000, 1, 60), [0, 10]);
    assert.deepEqual(itemsBetween(-400, 200, 2000, 3, 100), [0, 6]);
    assert.deepEqual(itemsBetween(150, 250, 5, 2, 100), [2, 5]);
    assert.deepEqual(itemsBetween(9000, 9600, 5, 1, 60), [5, 5]);
    assert.deepEqual(itemsBetween(-900, -300, 5, 1, 60), [0, 0]);
    assert.deepEqual(itemsBetween(0, 600, 0, 1, 60), [0, 0]);
  });

  it("the phases of an install end its boot's waterfall", async () => {
    const { withPhases } = await import("../../manager/web/waterfall.js");
    const boot = { started: 100, events: [{ kind: "dhcp", at: 0 }, { kind: "file", at: 2 }] };
    const phases = [["down", 50, 40], ["dhcp", 100, 2], ["formatting", 110, 9], ["up", 140, 60], ["booting", 200, 5]].map(([phase, since, seconds]) => ({ phase, since, seconds }));
    assert.deepEqual(withPhases(boot, phases, Infinity).map((event) => event.phase ?? event.kind), ["dhcp", "file", "formatting", "up"]);
    assert.deepEqual(withPhases(boot, phases, 120).map((event) => event.phase ?? event.kind), ["dhcp", "file", "formatting"]);
  });

  it("marks of health", () => {
    const marks = (health) => format.healthMarks({ health }).map((mark) => `${mark.short}:${mark.level}`);
    assert.deepEqual(marks({}), []);
    assert.deepEqual(format.healthMarks({}), []);
    assert.deepEqual(marks({ under_voltage: true, throttled_occurred: true, root_read_only: true }), ["Power:critical", "Throttled:note", "Read-only:critical"]);
    assert.deepEqual(marks({ mmc_life_used_ratio: 0.9 }), ["SD:high"]);
    assert.deepEqual(marks({ ext4_errors: 1, mmc_life_used_ratio: 0.9 }), ["SD:high"]);
  });

  it("the store replaces nodes and keeps their past", async () => {
    const { FleetStore } = await import("../../manager/web/fleet_store.js");
    const store = new FleetStore();
    const { data } = templateAnswer();
    store.takeAll({ ...data, history_seconds: 60, nodes: demoNodes(1.7e9).map(({ history, ...node }) => node) });
    const before = store.nodes.get("pi1");
    store.takeHistory("pi1", { at: [1.7e9 - 70, 1.7e9 - 20], cpu_percent: [1, 2], memory_percent: [1, 2], disk_percent: [1, 2], temperature_celsius: [1, 2] });
    assert.deepEqual(store.history("pi1").at, [1.7e9 - 20, 1.7e9 - 3]); // what is too old went
    const changed = store.takeChange({ now: 1.7e9, nodes: [{ name: "pi1", cpu_percent: 99, scrape: { at: 1.7e9 + 12 }, phase: "down", last_error: { kind: "timeout" } }, { name: "stranger" }] });
    assert.deepEqual(changed, ["pi1"]);
    assert.notEqual(store.nodes.get("pi1"), before);
    assert.equal(store.nodes.get("pi1").model, before.model);
    assert.equal(store.history("pi1").cpu_percent.at(-1), null); // a scrape that failed
    assert.equal(store.nodes.has("stranger"), false);
    assert.equal(store.rank.get("pi2"), 1);
  });

  it("what a node is at", () => {
    const node = { phase: "loading", phase_detail: "kernel8.img", stuck: false, last_error: { kind: "timeout", message: "no answer" } };
    assert.equal(format.reason(node), "It loads its boot files");
    assert.equal(format.details(node), "kernel8.img");
    assert.equal(format.reason({ ...node, stuck: true }), "Stuck: It loads its boot files");
    assert.equal(format.details({ ...node, phase_detail: null }), "", "nobody expects an agent to answer yet");
    assert.equal(format.details({ ...node, phase: "down", phase_detail: null }), "no answer");
    assert.equal(format.phaseKind("verifying"), "install");
    assert.equal(format.phaseKind("dhcp"), "boot");
    assert.equal(format.phaseKind("up"), "up");
  });

  it("the demo fleets have nodes in every state", () => {
    assert.equal(new Set(demoNodes(1.7e9).map((node) => node.phase)).size, 4);
    assert.deepEqual(demoPhases(1.7e9).map((node) => node.phase), format.kPhases);
  });
});
