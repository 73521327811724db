// SPDX-License-Identifier: Apache-2.0
// A stand-in for the manager with a made-up fleet: serves the page's real files under the real security headers, and
// answers in the manager's forms. `node demo_server.mjs [PORT]` shows it in any browser.

import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { fileURLToPath } from "node:url";

import { kPhases } from "../../manager/web/format.js";
import {
  demoActions, demoAlerts, demoBoots, demoEvents, demoImages, demoLeases, demoNodes, demoPending, kDay, templateAnswer, version,
} from "./demo_fleet.mjs";

export * from "./demo_fleet.mjs";

const kWeb = new URL("../../manager/web/", import.meta.url);
const kBundle = "0123456789abcdef";
const kTypes = { html: "text/html; charset=utf-8", css: "text/css", js: "text/javascript", svg: "image/svg+xml" };
const kPolicy = "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; object-src 'none'";
const kOperator = { user: "admin", role: "operator", csrf: "0123", may_read: true, may_change: true, users: true };
const kNobody = { user: null, role: null, csrf: null, may_read: true, may_change: false, users: true };
const kPassword = "correct horse";

/** Starts the server; what it returns may be changed at will, `mode` set to "ok" or "error", and told by changed(). */
export async function startDemo({ port = 0, nodes, session = kOperator, live = true } = {}) {
  const now = Date.now() / 1000;
  const demo = {
    mode: "ok", version: 1, requests: [], changes: [], nodes: nodes ?? demoNodes(now), site: "Lab 3", links: true, netboot: true,
    boots: demoBoots(now), pending: demoPending(now), actions: demoActions(now), alerts: demoAlerts(now), silences: [],
    events: demoEvents(now), session, live, topics: { alerts: 1, actions: 1, pending: 1, events: 1 },
  };
  const streams = new Set();
  const started = now - kDay * 12 - 4000;
  const sent = new Map();

  function counts() {
    const found = Object.fromEntries(kPhases.map((phase) => [phase, 0]));
    for (const node of demo.nodes) found[node.phase] += 1;
    return found;
  }

  const badges = () => ({ alerts: demo.alerts.filter((alert) => alert.state === "firing" && !alert.silenced).length, pending: demo.pending.length });

  function answer(withHistory, chosen = demo.nodes) {
    const { data } = templateAnswer();
    const shown = chosen.map((node) => {
      const { history, ...rest } = node;
      return withHistory ? node : rest;
    });
    const link = (at) => (demo.links ? `http://127.0.0.1:${at}/` : null);
    return {
      ...data, site: demo.site, piman_version: version(), version: demo.version, now: Date.now() / 1000, started, page: kBundle,
      hosts_file: "/etc/piman/hosts.csv", netboot: demo.netboot, orders: true, power: true, watch: true, topics: demo.topics, badges: badges(),
      counts: counts(), nodes: shown, links: { prometheus: link(9090), alertmanager: link(9093), grafana: link(3001) },
    };
  }

  const frame = (kind, data) => `event: ${kind}\nid: ${demo.version}\ndata: ${JSON.stringify(data)}\n\n`;
  /** The name, and the keys that have another value. */
  const difference = (before, node) => Object.fromEntries(Object.entries(node).filter(([key, value]) => key === "name" || JSON.stringify(before[key]) !== JSON.stringify(value)));
  const remember = () => demo.nodes.forEach(({ history, ...node }) => sent.set(node.name, JSON.stringify(node)));

  /** Tells all browsers what is another than when it was told last, as the manager does each second. */
  demo.changed = (...topics) => {
    demo.version += 1;
    for (const topic of topics) demo.topics[topic] += 1;
    const isSame = demo.nodes.length === sent.size && demo.nodes.every((node) => sent.has(node.name));
    const changed = isSame ? demo.nodes.map(({ history, ...node }) => difference(JSON.parse(sent.get(node.name)), node)).filter((node) => Object.keys(node).length > 1) : [];
    const text = isSame
      ? frame("change", { now: Date.now() / 1000, version: demo.version, counts: counts(), topics: demo.topics, badges: badges(), nodes: changed })
      : frame("fleet", answer(false));
    if (!isSame) sent.clear();
    remember();
    for (const stream of streams) stream.write(text);
  };
  remember();

  const success = (data) => ({ status: 200, body: { status: "success", data } });
  const failure = (status, errorType, error) => ({ status, body: { status: "error", errorType, error } });

  function route(method, path, query, body) {
    const name = /^\/api\/v1\/nodes\/([^/]+)(\/[a-z]+)?$/.exec(path);
    const time = Date.now() / 1000;
    if (method !== "GET") demo.changes.push({ method, path, body });
    if (path === "/api/v1/session") {
      if (method === "GET") return success(demo.session);
      if (method === "DELETE") return success((demo.session = kNobody));
      const isRight = body.token === "secret" || (body.user === "admin" && body.password === kPassword);
      return isRight ? success((demo.session = kOperator)) : failure(401, "unauthorized", "name or password is wrong");
    }
    if (method !== "GET" && demo.session.role !== "operator") return failure(401, "unauthorized", "orders need a login");
    if (path === "/api/v1/nodes") {
      const macs = query.getAll("node");
      return success(answer(query.has("history"), macs.length > 0 ? demo.nodes.filter((node) => macs.includes(node.mac)) : demo.nodes));
    }
    if (name) {
      const node = demo.nodes.find((each) => each.name === decodeURIComponent(name[1]));
      if (!node) return failure(404, "not_found", `no node "${name[1]}" in the inventory`);
      if (name[2] === "/boots") return success({ name: node.name, mac: node.mac, now: time, boots: demo.boots });
      if (name[2] === "/installs") {
        return success({
          name: node.name, now: time, card: { state: "installed", image: "raspios", version: "2026-11", installed: time - 680, accepted: true }, order: null, session: null,
          installs: [{ id: 12, order: 40, cause: "reinstall", image: "raspios", version: "2026-11", sha256: "a9".repeat(32), started: time - 690, ended: time - 600, result: "installed", stage: null, reason: null }],
        });
      }
      const spans = ["hello", "formatting", "downloading", "verifying", "booting", "up"];
      const lengths = [2.1, 9.4, 74.2, 3.3, 20.8, 570];
      let since = time - 680;
      const phases = spans.map((phase, i) => ({ phase, since: (since += i > 0 ? lengths[i - 1] : 0), seconds: lengths[i] }));
      return success({ ...node, now: time, phases });
    }
    if (path === "/api/v1/hosts/pending") return success({ unknown_hosts: "pending", now: time, hosts: demo.pending });
    if (path === "/api/v1/hosts") {
      if (demo.nodes.some((node) => node.name === body.name)) return failure(409, "conflict", `name ${body.name} is taken`);
      demo.pending = demo.pending.filter((each) => each.mac !== body.mac);
      return success(body);
    }
    if (path === "/api/v1/actions" && method === "GET") return success({ now: time, actions: demo.actions });
    if (path === "/api/v1/actions") {
      const chosen = demo.nodes.filter((node) => body.nodes.includes(node.mac)).map((node) => ({ ...demo.actions[0].nodes[3], name: node.name }));
      const action = { ...demo.actions[0], ...body, id: demo.actions[0].id + 1, state: "running", created: time, nodes: chosen };
      if (!body.preview) demo.actions.unshift(action);
      return success(action);
    }
    if (path === "/api/v1/images") return success({ default: "raspios@2026-11", images: demoImages });
    if (path === "/api/v1/leases") return success({ now: time, leases: demoLeases(time, demo.nodes) });
    if (path === "/api/v1/doctor") {
      return success({ findings: [{ machine: "pi7", code: "file_missing", severity: "problem", summary: "Asked for and not there: kernel8.img.", next: "Put what is missing into its image; piman netboot tree pi7 lists what it is served." }] });
    }
    if (path === "/api/v1/alerts") return success({ now: time, alerts: demo.alerts });
    if (path === "/api/v1/silences" && method === "POST") {
      demo.silences.push({ id: 3, nodes: body.nodes, conditions: [], created: time, expires: time + body.seconds, left_seconds: body.seconds, who: "admin", why: body.why || null });
      for (const alert of demo.alerts) if (body.nodes.includes(alert.node)) alert.silenced = true;
    }
    if (path.startsWith("/api/v1/silences/")) demo.silences = [];
    if (path.startsWith("/api/v1/silences")) return success({ silences: demo.silences });
    if (path === "/api/v1/notifiers") {
      return success({ now: time, notifiers: [{ name: "slack", queued: 0, sent: 12, failed: 0, dropped: 0, last_sent: time - 190, last_sent_id: 12, failing_since: null, last_error: null, next_try_seconds: 0 }] });
    }
    if (path === "/api/v1/events") {
      const kinds = query.getAll("kind");
      const names = query.getAll("node");
      const events = demo.events.filter((event) => (kinds.length === 0 || kinds.includes(event.kind)) && (names.length === 0 || names.includes(event.node)));
      return success({ now: time, last: 10042, next: 10042, events });
    }
    if (path === "/api/v1/targets") {
      const targets = demo.nodes.map((node) => ({
        labels: { node: node.name, instance: node.name }, scrapeUrl: "", health: node.scrape ? (node.last_error ? "down" : "up") : "unknown", lastError: node.last_error?.message ?? "",
        facts: {
          scrape_duration_seconds: node.scrape?.duration_seconds ?? null, scrape_delay_seconds: 0.002, scrape_samples_scraped: node.scrape?.samples ?? 0, scrape_body_bytes: node.scrape?.bytes ?? 0,
          scrapes: node.scrapes, failures: node.failures, last_scrape_seconds: node.scrape?.at ?? null,
        },
      }));
      return success({ activeTargets: targets, droppedTargets: [] });
    }
    if (path === "/api/v1/config") return success({ keys: [{ key: "site", value: demo.site, is_default: false }, { key: "web.threads", value: "160", is_default: true }] });
    return null;
  }

  const server = createServer(async (request, response) => {
    const url = new URL(request.url, "http://demo");
    demo.requests.push({ path: url.pathname + url.search, ifNoneMatch: request.headers["if-none-match"], csrf: request.headers["x-piman-csrf"], type: request.headers["content-type"] });
    const send = (status, type, body, headers = {}) => {
      response.writeHead(status, { "Content-Type": type, "X-Content-Type-Options": "nosniff", ...headers });
      response.end(body);
    };
    if (demo.mode === "error") return response.destroy();
    if (url.pathname === "/api/v1/live") {
      if (!demo.live) return send(503, "application/json", "{}");
      response.writeHead(200, { "Content-Type": "text/event-stream", "Cache-Control": "no-cache" });
      response.write(frame("fleet", answer(false)));
      streams.add(response);
      return response.on("close", () => streams.delete(response));
    }
    if (/^\/nodes\/[^/]+\/metrics$/.test(url.pathname)) return send(200, "text/plain", "# HELP node_load1 1m load average.\nnode_load1 0.21\n");
    if (url.pathname.startsWith("/api/")) {
      let text = "";
      for await (const chunk of request) text += chunk;
      const etag = `W/"${demo.version}-${url.search.length}"`;
      if (url.pathname === "/api/v1/nodes" && request.headers["if-none-match"] === etag) return send(304, "application/json", undefined, { ETag: etag });
      const found = route(request.method, url.pathname, url.searchParams, text ? JSON.parse(text) : null) ?? failure(404, "not_found", "not found");
      return send(found.status, "application/json", JSON.stringify(found.body), { ETag: etag });
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
  /** Ends every stream, as a server does that ends. */
  demo.drop = () => server.closeAllConnections();
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
