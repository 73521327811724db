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

  it("selections survive the address", async () => {
    const { selectionFromQuery, queryOfSelection } = await import("../../manager/web/selection.js");
    for (const query of ["", "?q=pi+4", "?state=down%2Cup", "?sort=-cpu", "?q=a%26b&state=up&sort=name"]) {
      assert.equal(queryOfSelection(selectionFromQuery(query)), query);
    }
    assert.equal(queryOfSelection(selectionFromQuery("?sort=nonsense&state=x")), "");
  });

  it("chart slots hold means, and gaps stay gaps", async () => {
    const { slots, runs } = await import("../../manager/web/sparkline.js");
    const values = slots([[10, 4], [12, 6], [95, 8], [97, null]], 100, 100, 10);
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
