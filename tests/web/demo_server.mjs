// SPDX-License-Identifier: Apache-2.0
// A stand-in for the manager with a made-up fleet: serves the page's real files under the real security headers, and
// answers /api/v1/nodes in the manager's form (tests/testdata/manager/nodes.json, which the C++ tests hold the manager to).
// `node demo_server.mjs [PORT]` shows it in any browser.

import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { fileURLToPath } from "node:url";

import { kPhases } from "../../manager/web/format.js";

const kWeb = new URL("../../manager/web/", import.meta.url);
const kBundle = "0123456789abcdef";
const kTypes = { html: "text/html; charset=utf-8", css: "text/css", js: "text/javascript", svg: "image/svg+xml" };
const kPolicy = "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; object-src 'none'";
const kDay = 86400;

/** The version of this tree, for the pictures. */
function version() {
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

function cpuHistory(seed, now, base, swing, until = now) {
  const random = randomFrom(seed);
  const history = { at: [], cpu_percent: [], memory_percent: [], disk_percent: [], temperature_celsius: [] };
  let burst = 0;
  for (let i = 60; i > 0; i -= 1) {
    if (random() < 0.06) burst = swing * (0.5 + random());
    burst *= 0.75;
    const at = now - i * 60 + 45;
    if (at > until) break;
    history.at.push(at);
    history.cpu_percent.push(Math.round(Math.min(100, base + random() * base * 0.6 + burst) * 10) / 10);
    history.memory_percent.push(null);
    history.disk_percent.push(null);
    history.temperature_celsius.push(null);
  }
  return history;
}

/** One node in the manager's form; `change` overrides what is given. */
export function demoNode(index, now, change = {}) {
  const name = change.name ?? `pi${index}`;
  const history = cpuHistory(index * 7919, now, change.base ?? 6 + index * 3, change.swing ?? 25);
  const up = (change.phase ?? "up") === "up";
  const node = {
    ...templateAnswer().data.nodes[0],
    name,
    address: `10.20.0.${10 + index}`,
    mac: `b8:27:eb:6c:4c:${(0x10 + index).toString(16)}`,
    phase: "up",
    phase_since: now - kDay * (3 + index) - 5000,
    last_seen: now - 2 - index,
    model: "Raspberry Pi 4 Model B Rev 1.4",
    boot_time: now - kDay * (3 + index) - 5060,
    cpu_percent: up ? history.cpu_percent.at(-1) : 38,
    memory_percent: 22 + ((index * 37) % 40),
    disk_percent: 31 + ((index * 23) % 30),
    temperature_celsius: 46 + ((index * 5) % 13),
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
    demoNode(3, now, { base: 58, swing: 40, temperature_celsius: 78.4, memory_percent: 71 }),
    demoNode(4, now, {
      phase: "agent-down", phase_since: now - 190, last_seen: now - 196, memory_percent: 97, cpu_percent: 99,
      last_error: failed("refused", "/metrics: connection refused"),
    }),
    demoNode(5, now, { model: "Raspberry Pi 3 Model B Plus Rev 1.3", disk_percent: 96.2 }),
    demoNode(6, now, { boot_time: now - 740, phase_since: now - 680 }),
    demoNode(7, now, {
      phase: "down", phase_since: now - kDay * 2 - 9000, last_seen: now - kDay * 2 - 9010, model: "Raspberry Pi 3 Model B Plus Rev 1.3",
      last_error: failed("timeout", "/metrics: no answer within 5000 ms"),
    }),
    demoNode(8, now, { model: "Raspberry Pi Zero 2 W Rev 1.0", base: 14, temperature_celsius: null }),
    demoNode(9, now, { ...unknown, phase: "pending", phase_since: now - 8 }),
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

/** Starts the server; `fleet` of what it returns may be changed at will, and `mode` set to "ok" or "error". */
export async function startDemo({ port = 0, nodes } = {}) {
  const now = Date.now() / 1000;
  const demo = { mode: "ok", version: 1, requests: [], nodes: nodes ?? demoNodes(now), site: "Lab 3", links: true, netboot: true, boots: demoBoots(now), pending: demoPending(now), accepted: [] };

  function answer(url) {
    const withHistory = url.searchParams.has("history");
    const { data } = templateAnswer();
    const counts = Object.fromEntries(kPhases.map((phase) => [phase, 0]));
    for (const node of demo.nodes) counts[node.phase] += 1;
    const shown = demo.nodes.map((node) => {
      const { history, ...rest } = node;
      return withHistory ? node : rest;
    });
    const link = (at) => (demo.links ? `http://127.0.0.1:${at}/` : null);
    return {
      status: "success",
      data: {
        ...data, site: demo.site, piman_version: version(), version: demo.version, now: Date.now() / 1000, started: now - kDay * 12 - 4000, page: kBundle,
        hosts_file: "/etc/piman/hosts.csv", netboot: demo.netboot, counts, nodes: shown,
        links: { prometheus: link(9090), alertmanager: link(9093), grafana: link(3001) },
      },
    };
  }

  const server = createServer((request, response) => {
    const url = new URL(request.url, "http://demo");
    demo.requests.push({ path: url.pathname + url.search, ifNoneMatch: request.headers["if-none-match"] });
    const send = (status, type, body, headers = {}) => {
      response.writeHead(status, { "Content-Type": type, "X-Content-Type-Options": "nosniff", ...headers });
      response.end(body);
    };
    if (demo.mode === "error") return response.destroy();
    if (url.pathname === "/api/v1/nodes") {
      const etag = `W/"${demo.version}-${url.search.length}"`;
      if (request.headers["if-none-match"] === etag) return send(304, "application/json", undefined, { ETag: etag });
      return send(200, "application/json", JSON.stringify(answer(url)), { ETag: etag });
    }
    if (/^\/api\/v1\/nodes\/[^/]+\/boots$/.test(url.pathname)) {
      const name = decodeURIComponent(url.pathname.split("/")[4]);
      const data = { name, mac: null, now: Date.now() / 1000, boots: demo.boots };
      return send(200, "application/json", JSON.stringify({ status: "success", data }));
    }
    if (url.pathname === "/api/v1/hosts/pending") {
      const data = { unknown_hosts: "pending", now: Date.now() / 1000, hosts: demo.pending };
      return send(200, "application/json", JSON.stringify({ status: "success", data }));
    }
    if (url.pathname === "/api/v1/hosts" && request.method === "POST") {
      let body = "";
      request.on("data", (chunk) => (body += chunk));
      request.on("end", () => {
        const host = JSON.parse(body);
        const taken = demo.nodes.some((node) => node.name === host.name);
        if (taken) return send(409, "application/json", JSON.stringify({ status: "error", errorType: "conflict", error: `name ${host.name} is taken` }));
        demo.accepted.push({ ...host, type: request.headers["content-type"] });
        demo.pending = demo.pending.filter((each) => each.mac !== host.mac);
        return send(201, "application/json", JSON.stringify({ status: "success", data: host }));
      });
      return undefined;
    }
    const name = url.pathname === "/" ? "index.html" : url.pathname.replace(`/assets/${kBundle}/`, "");
    if (!/^[a-z_]+\.[a-z]+$/.test(name)) return send(404, "text/plain", "not found\n");
    const file = readFileSync(new URL(name, kWeb), "utf8").replaceAll("@PIMAN_ASSETS@", `assets/${kBundle}`);
    return send(200, kTypes[name.split(".").pop()], file, {
      "Content-Security-Policy": kPolicy, "ETag": `"${createHash("sha256").update(file).digest("hex")}"`,
    });
  });
  await new Promise((resolve) => server.listen(port, "127.0.0.1", resolve));
  demo.url = `http://127.0.0.1:${server.address().port}/`;
  demo.stop = () => {
    server.closeAllConnections();
    return new Promise((resolve) => server.close(resolve));
  };
  return demo;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const demo = await startDemo({ port: Number(process.argv[2] ?? 0) });
  console.log(demo.url);
}
