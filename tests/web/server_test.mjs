// SPDX-License-Identifier: Apache-2.0
// The page of a real `piman server` that watches real agents, in a real browser: logins, alerts, silences, the 65th
// browser, a server that restarts. PIMAN and PIMAN_AGENT name the programs.

import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { get as httpGet } from "node:http";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";

import { launchBrowser } from "./browser.mjs";

const kPiman = process.env.PIMAN ?? "build/dev/bin/piman";
const kAgent = process.env.PIMAN_AGENT ?? "build/dev/bin/piman-node-agent";
const kSoonMs = 30000;

function freePort() {
  return new Promise((resolve) => {
    const probe = createServer().listen(0, "127.0.0.1", () => {
      const { port } = probe.address();
      probe.close(() => resolve(port));
    });
  });
}

describe("the page of a real server", () => {
  const folder = mkdtempSync(join(tmpdir(), "piman-page-"));
  const running = new Map(); // what this test started, by its name
  let browser;
  let port;
  let agentPort;
  let url;

  function start(name, program, ...words) {
    const child = spawn(program, words, { stdio: ["ignore", "ignore", "pipe"] });
    let log = "";
    child.stderr.on("data", (text) => (log += text));
    running.set(name, { child, log: () => log, ended: new Promise((resolve) => child.on("exit", resolve)) });
  }
  async function stop(name, signal = "SIGTERM") {
    const { child, ended } = running.get(name);
    running.delete(name);
    child.kill(signal);
    await ended;
  }
  const startAgent = (i) => start(`pi${i}`, kAgent, `--web.listen-address=127.0.0.${10 + i}:${agentPort}`);
  async function startServer() {
    start("server", kPiman, "server", `--config.file=${folder}/piman.yml`);
    for (let i = 0; i < 200; i += 1) {
      const answer = await fetch(`${url}healthz`).catch(() => null);
      if (answer?.ok) return;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    throw new Error(`the server does not answer: ${running.get("server").log()}`);
  }
  function setUser(name, role, password) {
    const done = spawnSync(kPiman, ["users", "set", name, `--role=${role}`, `--config.file=${folder}/piman.yml`], { input: `${password}\n`, encoding: "utf8" });
    assert.equal(done.status, 0, done.stderr);
  }
  async function open(hash = "", options = {}) {
    const page = await browser.newPage({ viewport: { width: 1280, height: 900 }, ...options });
    page.complaints = [];
    page.on("console", (message) => page.complaints.push(message.text()));
    page.on("pageerror", (error) => page.complaints.push(error.message));
    page.setDefaultTimeout(kSoonMs);
    await page.goto(url + hash);
    return page;
  }
  const becomes = (page, selector, text) => page.waitForFunction(
    ([where, what]) => document.querySelector(where)?.textContent.includes(what), [selector, text], { timeout: kSoonMs },
  );
  async function logIn(page, name, password) {
    await page.getByRole("button", { name: "Log in" }).first().click();
    const dialog = page.locator("#login");
    await dialog.getByLabel("Name").fill(name);
    await dialog.getByLabel("Password").fill(password);
    await dialog.getByRole("button", { name: "Log in" }).click();
    return dialog;
  }

  before(async () => {
    [port, agentPort] = [await freePort(), await freePort()];
    url = `http://127.0.0.1:${port}/`;
    writeFileSync(join(folder, "hosts.csv"), [1, 2, 3].map((i) => `b8:27:eb:00:00:0${i};127.0.0.${10 + i};pi${i};\n`).join(""));
    writeFileSync(join(folder, "piman.yml"), [
      "site: testlab", "web:", `  listen_address: 127.0.0.1:${port}`, "  users_file: users", "agents:", `  port: ${agentPort}`,
      "scrape:", "  interval: 1s", "  timeout: 900ms", "  max_backoff: 1s", "watch:", "  agent_down_for: 1s", "  node_down_for: 1s", "  resolve_after: 1s", "",
    ].join("\n"));
    setUser("anna", "operator", "correct horse");
    setUser("wall", "viewer", "look");
    for (const i of [1, 2, 3]) startAgent(i);
    await startServer();
    browser = await launchBrowser();
  });
  after(async () => {
    await browser?.close();
    for (const name of [...running.keys()]) await stop(name, "SIGKILL");
    rmSync(folder, { recursive: true, force: true });
  });

  it("shows the fleet live: a node comes, an agent goes and comes back, and its alert with it", async () => {
    const page = await open();
    await becomes(page, ".headline", "3 of 3 nodes up");
    assert.equal(await page.locator("#live-text").textContent(), "Live");
    await page.waitForFunction(() => document.querySelector('.spark[aria-label^="Memory of the last"]') !== null, null, { timeout: kSoonMs });
    const hosts = join(folder, "hosts.csv");
    writeFileSync(hosts, `${readFileSync(hosts, "utf8")}b8:27:eb:00:00:04;127.0.0.14;pi4;\n`);
    startAgent(4);
    await becomes(page, ".headline", "4 of 4 nodes up");
    await stop("pi2");
    await becomes(page, ".headline", "3 of 4 nodes up");
    await becomes(page, '[data-view="alerts"]', "1");
    await page.getByRole("link", { name: /^Alerts/ }).click();
    await page.locator("#view-alerts").getByText("1 firing").waitFor();
    startAgent(2);
    await page.locator("#view-alerts").getByText("0 firing").waitFor();
    await page.getByRole("link", { name: "Events" }).click();
    await becomes(page, "#view-events", "agent-down");
    assert.deepEqual(page.complaints, []);
    await page.close();
  });

  it("lets an operator silence, a viewer look, and nobody guess", async () => {
    const page = await open("#/alerts");
    await page.getByRole("button", { name: "Silence nodes" }).click();
    await page.locator("#action").getByLabel("Nodes").fill("pi3");
    await page.locator("#action").getByRole("button", { name: "Silence", exact: true }).click();
    const login = page.locator("#login");
    await login.getByLabel("Name").waitFor(); // the change was refused, and a login is asked for
    await login.getByLabel("Name").fill("wall");
    await login.getByLabel("Password").fill("wrong");
    await login.getByRole("button", { name: "Log in" }).click();
    await login.getByText("the name or the password is wrong").waitFor();
    await login.getByLabel("Password").fill("look");
    await login.getByRole("button", { name: "Log in" }).click();
    await login.waitFor({ state: "hidden" });
    await page.locator("#action").getByRole("button", { name: "Silence", exact: true }).click();
    await page.locator("#action").getByText("only operators").waitFor();
    await page.locator("#action").getByRole("button", { name: "Cancel" }).click();
    await page.getByRole("button", { name: "Log out wall" }).click();
    await logIn(page, "anna", "correct horse");
    await page.getByRole("button", { name: "Log out anna" }).waitFor();
    await page.getByRole("button", { name: "Silence nodes" }).click();
    await page.locator("#action").getByLabel("Nodes").fill("pi3");
    await page.locator("#action").getByRole("button", { name: "Silence", exact: true }).click();
    await page.locator("#view-alerts").getByText("anna at 127.0.0.1").waitFor();
    const cookies = await page.context().cookies();
    assert.deepEqual(cookies.map(({ name, httpOnly, sameSite }) => [name, httpOnly, sameSite]), [["piman_session", true, "Strict"]]);
    assert.equal(await page.evaluate(() => document.cookie), "");
    const guesses = [];
    for (let i = 0; i < 8; i += 1) {
      const answer = await fetch(`${url}api/v1/session`, { method: "POST", headers: { "Content-Type": "application/json" }, body: '{"user":"anna","password":"x"}' });
      guesses.push(answer.status);
    }
    assert.equal(guesses.at(-1), 429);
    await page.close();
  });

  it("gives 64 browsers a stream, and the 65th asks", async () => {
    const first = await open();
    await becomes(first, "#live-text", "Live");
    const streams = [];
    const follow = () => new Promise((resolve, reject) => {
      const request = httpGet(`${url}api/v1/live`, (response) => {
        response.once("data", () => resolve({ request, status: response.statusCode }));
        response.on("error", () => {});
      });
      request.on("error", reject);
    });
    const end = Date.now() + kSoonMs; // the server notices within seconds that a browser is gone: those of other tests
    while (streams.length < 63 && Date.now() < end) {
      const { request, status } = await follow();
      if (status === 200) streams.push(request);
      else await new Promise((resolve) => setTimeout(resolve, 500));
    }
    assert.equal(streams.length, 63);
    assert.equal((await follow()).status, 503);
    const last = await open();
    await becomes(last, ".headline", "4 of 4 nodes up");
    await becomes(last, "#live-text", "Polling");
    await stop("pi4");
    await Promise.all([first, last].map((page) => becomes(page, ".headline", "3 of 4 nodes up")));
    startAgent(4);
    await Promise.all([first, last].map((page) => becomes(page, ".headline", "4 of 4 nodes up")));
    for (const request of streams) request.destroy();
    await Promise.all([first.close(), last.close()]);
  });

  it("recovers by itself from a server that is killed and comes back", async () => {
    const page = await open();
    await becomes(page, ".headline", "4 of 4 nodes up");
    await stop("server", "SIGKILL");
    await becomes(page, "#live-text", "Offline");
    assert.equal(await page.locator("#banner").isVisible(), true);
    await startServer();
    await becomes(page, "#live-text", "Live");
    await becomes(page, ".headline", "4 of 4 nodes up");
    assert.equal(await page.locator("#banner").isVisible(), false);
    await page.close();
  });

  it("shows one node with its raw page, the targets and the configuration, under a strict policy", async () => {
    const page = await open("#/node/pi1");
    await page.locator("#view-node .chart canvas").nth(2).waitFor();
    await page.getByRole("button", { name: "Show the last page" }).click();
    await page.locator("#view-node").getByText("node_load1").waitFor();
    await page.getByRole("link", { name: "Targets" }).click();
    await page.locator("#view-targets").getByText("4 of 4 up").waitFor();
    await page.getByRole("link", { name: "About" }).click();
    await page.locator("#view-about").getByText("web.users_file").waitFor();
    const answer = await fetch(url);
    assert.match(answer.headers.get("content-security-policy"), /default-src 'self'.*frame-ancestors 'none'/);
    const violations = page.complaints.filter((text) => /Content Security Policy/.test(text));
    assert.deepEqual(violations, []);
    await page.close();
  });
});
