// SPDX-License-Identifier: Apache-2.0
// A made-up fleet in the forms of the manager's API: for nodes that of tests/testdata/manager/nodes.json, which the C++
// tests hold the manager to.

import { readFileSync } from "node:fs";

import { kPhases } from "../../manager/web/format.js";

export const kDay = 86400;

/** The version of this tree, for the pictures. */
export function version() {
  return /project\(piman VERSION ([0-9.]+)/.exec(readFileSync(new URL("../../CMakeLists.txt", import.meta.url), "utf8"))[1];
}

/** The form of an answer, with the values that the C++ tests fill in. */
export function templateAnswer() {
  return JSON.parse(readFileSync(new URL("../testdata/manager/nodes.json", import.meta.url), "utf8"));
}

// Always the same "random" numbers: pictures differ only where the page does.
function randomFrom(seed) {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

function pastOf(seed, now, base, swing, memory, disk, heat) {
  const random = randomFrom(seed);
  const history = { at: [], cpu_percent: [], memory_percent: [], disk_percent: [], temperature_celsius: [] };
  let burst = 0;
  for (let i = 60; i > 0; i -= 1) {
    if (random() < 0.06) burst = swing * (0.5 + random());
    burst *= 0.75;
    const at = now - i * 60 + 45;
    history.at.push(at);
    history.cpu_percent.push(Math.round(Math.min(100, base + random() * base * 0.6 + burst) * 10) / 10);
    history.memory_percent.push(Math.round((memory + random() * 3) * 10) / 10);
    history.disk_percent.push(disk);
    history.temperature_celsius.push(heat === null ? null : Math.round((heat - 4 + burst / 12 + random() * 2) * 10) / 10);
  }
  return history;
}

/** One node in the manager's form; `change` overrides what is given. */
export function demoNode(index, now, change = {}) {
  const name = change.name ?? `pi${index}`;
  const memory = change.memory_percent ?? 22 + ((index * 37) % 40);
  const disk = change.disk_percent ?? 31 + ((index * 23) % 30);
  const heat = change.temperature_celsius === undefined ? 46 + ((index * 5) % 13) : change.temperature_celsius;
  const history = pastOf(index * 7919, now, change.base ?? 6 + index * 3, change.swing ?? 25, memory, disk, heat);
  const up = (change.phase ?? "up") === "up";
  const node = {
    ...templateAnswer().data.nodes[0],
    name,
    address: `10.20.0.${10 + index}`,
    mac: `b8:27:eb:6c:${(index >> 8).toString(16).padStart(2, "0")}:${((0x10 + index) & 0xff).toString(16).padStart(2, "0")}`,
    phase: "up",
    phase_since: now - kDay * (3 + index) - 5000,
    last_seen: now - 2 - index,
    model: "Raspberry Pi 4 Model B Rev 1.4",
    boot_time: now - kDay * (3 + index) - 5060,
    cpu_percent: up ? history.cpu_percent.at(-1) : 38,
    memory_percent: memory, disk_percent: disk, temperature_celsius: heat,
    group: index % 3 === 0 ? "kiosk" : null, image: null, installed: index % 4 === 0 ? "raspios@2026-10" : "raspios@2026-11", switch: "poe1",
    phase_detail: null, phase_percent: null, stuck: false,
    last_error: null,
    scrape: { at: now - 2 - index, duration_seconds: 0.031, samples: 812, bytes: 61234 },
    history,
  };
  delete change.base;
  delete change.swing;
  Object.assign(node, change);
  node.uptime_seconds = node.last_seen && node.boot_time ? node.last_seen - node.boot_time : null;
  return node;
}

/** Nine nodes of a classroom in mixed states. */
export function demoNodes(now) {
  const failed = (kind, message) => ({ kind, message });
  const unknown = {
    model: null, boot_time: null, last_seen: null, cpu_percent: null, memory_percent: null, disk_percent: null,
    num_pids: null, temperature_celsius: null, scrape: null, scrapes: 0,
    history: { at: [], cpu_percent: [], memory_percent: [], disk_percent: [], temperature_celsius: [] },
  };
  return [
    demoNode(1, now, { model: "Raspberry Pi 5 Model B Rev 1.0", base: 9, swing: 30 }),
    demoNode(2, now, { swing: 55 }),
    demoNode(3, now, { base: 58, swing: 40, temperature_celsius: 78.4, memory_percent: 71, health: { throttled: true, under_voltage_occurred: true } }),
    demoNode(4, now, {
      phase: "agent-down", phase_since: now - 190, last_seen: now - 196, memory_percent: 97, cpu_percent: 99,
      last_error: failed("refused", "/metrics: connection refused"),
    }),
    demoNode(5, now, { model: "Raspberry Pi 3 Model B Plus Rev 1.3", disk_percent: 96.2 }),
    demoNode(6, now, { boot_time: now - 740, phase_since: now - 680, health: { mmc_errors: 3, mmc_name: "SD32G" } }),
    demoNode(7, now, {
      phase: "down", phase_since: now - kDay * 2 - 9000, last_seen: now - kDay * 2 - 9010, model: "Raspberry Pi 3 Model B Plus Rev 1.3",
      last_error: failed("timeout", "/metrics: no answer within 5000 ms"),
    }),
    demoNode(8, now, { model: "Raspberry Pi Zero 2 W Rev 1.0", base: 14, temperature_celsius: null }),
    demoNode(9, now, { ...unknown, phase: "downloading", phase_percent: 48, phase_since: now - 31, installed: null, model: "Raspberry Pi 4 Model B Rev 1.4" }),
  ];
}

/** A node in every phase, and one that is stuck. */
export function demoPhases(now) {
  const change = {
    downloading: { phase_percent: 48 }, loading: { phase_detail: "kernel8.img, block 1200 of 7357" },
    failed: { phase_detail: "failed in download: no more bytes after 1048576 of 52428800" },
    quarantined: { phase_detail: "5 boots in a row came to nothing" }, hello: { phase_detail: "waits for orders: no_order" },
    down: { last_error: { kind: "timeout", message: "/metrics: no answer within 5000 ms" } },
    booting: { stuck: true, phase_since: now - 900 },
  };
  return kPhases.map((phase, index) =>
    demoNode(index, now, { phase, phase_since: now - 40 - index, ...(phase === "up" ? {} : { scrapes: 3 }), ...change[phase] }),
  );
}

const kBoot = {
  serial: "e09200d8", revision: "00d03114", model: "pi4", address: "10.20.0.11", missing: 1, dropped_events: 0, blocks: 9000,
  stuck_at: null, booted_at: null,
};
const dhcp = (at, received, sent, change = {}) => ({
  at, kind: "dhcp", received, sent, drop_reason: null, model: "pi4", address: sent ? "10.20.0.11" : null, other_server: null,
  relayed: false, count: 1, last_at: at, ...change,
});
const file = (at, requested, outcome, size = 0, change = {}) => ({
  at, kind: "file", protocol: "tftp", requested, served: null, outcome, size_bytes: size,
  sent_bytes: outcome === "complete" ? size : 0, blocks: Math.ceil(size / 1468), retransmits: 0,
  duration_seconds: size / 5e6, bytes_per_second: size ? 5e6 : null, ...change,
});

/** A good boot and one that got stuck, newest first. */
export function demoBoots(now) {
  return [
    {
      ...kBoot, started: now - 700, state: "booted", last_at: 19.4, booted_at: 19.4, files: 4, sent_bytes: 13052928, retransmits: 0,
      events: [
        dhcp(0, "DISCOVER", "OFFER"), dhcp(0.1, "REQUEST", "ACK"), file(0.3, "e09200d8/start4.elf", "complete", 2252928),
        file(0.9, "e09200d8/config.txt", "complete", 1200), file(1, "e09200d8/pieeprom.sig", "not_found"),
        file(1.2, "e09200d8/cmdline.txt", "complete", 180), file(1.4, "e09200d8/kernel8.img", "complete", 10798620),
        { at: 4.1, kind: "console", text: "NET_BOOT: done" },
        dhcp(19, "DISCOVER", "OFFER", { model: "linux" }), dhcp(19.4, "REQUEST", "ACK", { model: "linux" }),
      ],
    },
    {
      ...kBoot, started: now - 90000, state: "stuck", last_at: 38, files: 1, sent_bytes: 1761600, retransmits: 42,
      stuck_at: "kernel8.img, block 1200 of 7357 (timed_out)",
      events: [
        dhcp(0, "DISCOVER", null, { drop_reason: "pool_empty", count: 5, last_at: 20 }), dhcp(25, "DISCOVER", "OFFER"),
        dhcp(25.1, "REQUEST", "ACK"), file(25.4, "e09200d8/config.txt", "complete", 1200),
        file(26, "e09200d8/kernel8.img", "timed_out", 10798620, { sent_bytes: 1761600, blocks: 1200, retransmits: 42, duration_seconds: 12 }),
      ],
    },
  ];
}

export function demoPending(now) {
  return [{
    mac: "dc:a6:32:00:00:01", model: "pi4", serial: "9e1200aa", revision: "00d03114", first_seen: now - 300, last_seen: now - 4,
    messages: 12, interface: "eth0", address: null,
  }];
}


const kOrder = { order: 40, attempts: 1, since: null, detail: null, stage: null, percent: 0, bytes: 0, size_bytes: 1.9e9, bytes_per_second: 0 };

/** A rollout that goes on. */
export function demoActions(now) {
  const order = (name, state, change = {}) => ({ ...kOrder, name, state, since: now - 60, ...change });
  return [{
    id: 17, action: "reinstall", state: "running", image: "raspios@2026-11", canary: 1, max_parallel: 2, stop_after_failures: 1,
    created: now - 400, ended: null, who: "admin at 10.20.0.2", why: "new kernel", detail: null,
    nodes: [
      order("pi1", "done"), order("pi2", "installing", { stage: "download", percent: 48, bytes: 9e8, bytes_per_second: 1.1e7 }),
      order("pi3", "open", { stage: "boot", detail: "expected to ask for its install" }), order("pi5", "waiting"),
    ],
  }];
}

export function demoAlerts(now) {
  const alert = (node, condition, state, since, description, change = {}) => ({
    labels: { alertname: condition, severity: "critical", site: "Lab 3", node }, annotations: { summary: "", description }, state,
    activeAt: new Date(since * 1000).toISOString(), value: "0", condition, node, since, fired: since + 60, ended: null, threshold: null, silenced: false, ...change,
  });
  return [
    alert("pi7", "node_down", "firing", now - kDay * 2, "Nothing answers: no answer within 5000 ms"),
    alert("pi4", "agent_down", "firing", now - 190, "connection refused", { labels: { severity: "warning" } }),
    alert("pi3", "temperature", "pending", now - 40, "78.4 C, more than 75 C", { labels: { severity: "warning" } }),
    alert("pi5", "disk", "firing", now - 4000, "96.2 % of the root file system, more than 90 %", { silenced: true }),
    alert("pi1", "cpu", "resolved", now - 1800, "97 % of the CPU", { ended: now - 900 }),
  ];
}

export function demoEvents(now) {
  const texts = [
    ["phase", "pi6", "up, after 12.3 s in booting"], ["phase", "pi6", "booting, after 7.1 s in loading"], ["order", "pi2", "reinstall with raspios@2026-11, by admin at 10.20.0.2: new kernel"],
    ["install", "pi1", "install 12 of raspios@2026-11: installed"], ["power", "pi1", "cycled at poe1 port 4"], ["stuck", "pi7", "in dhcp for more than 300 s"],
  ];
  return texts.map(([kind, node, text], i) => ({ id: 10042 - i, time: now - 30 - i * 71, kind, node, text, data: null })).reverse();
}

export const demoImages = [
  { name: "raspios", version: "2026-10", size_bytes: 1.8e9, sha256: "3f".repeat(32) },
  { name: "raspios", version: "2026-11", size_bytes: 1.9e9, sha256: "a9".repeat(32) },
];

export function demoLeases(now, nodes) {
  return nodes.slice(0, 6).map((node, i) => ({ address: node.address, mac: node.mac, node: node.name, state: "bound", hostname: node.name, since: now - kDay * (i + 1), expires: i === 0 ? null : now + 30000 + i }));
}
