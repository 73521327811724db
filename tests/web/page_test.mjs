// SPDX-License-Identifier: Apache-2.0
// The page in a real browser, against a made-up fleet: `npm ci && node --test page_test.mjs`. The real server is driven
// by server_test.mjs.

import assert from "node:assert/strict";
import { after, afterEach, before, beforeEach, describe, it } from "node:test";

import { launchBrowser } from "./browser.mjs";
import { demoNode, demoPhases, startDemo } from "./demo_server.mjs";

const kNow = Date.now() / 1000;
const kNobody = { user: null, role: null, csrf: null, may_read: true, may_change: false, users: true };

let browser;
before(async () => {
  browser = await launchBrowser();
});
after(() => browser?.close());

describe("the page", () => {
  let demo;
  let page;
  let complaints;

  async function open({ query = "", nodes, session, live, ...options } = {}) {
    demo = await startDemo({ nodes, session, live });
    page = await browser.newPage({ viewport: { width: 1280, height: 1000 }, ...options });
    page.on("console", (message) => complaints.push(message.text()));
    page.on("pageerror", (error) => complaints.push(error.message));
    await page.goto(demo.url + query);
    await page.waitForSelector(".node, #empty:not([hidden]), #nothing:not([hidden]), main > div:not([hidden]):not(#view-fleet)");
  }
  const names = () => page.locator("#nodes .node-name").allTextContents();
  const row = (name) => page.locator("#nodes .node", { has: page.getByText(name, { exact: true }) });
  const view = (id) => page.locator(`#view-${id}`);

  beforeEach(() => {
    complaints = [];
  });
  afterEach(async () => {
    await page?.close();
    await demo?.stop();
  });

  it("shows every node, the worst first, and says nothing on the console", async () => {
    await open();
    assert.deepEqual(await names(), ["pi7", "pi4", "pi9", "pi1", "pi2", "pi3", "pi5", "pi6", "pi8"]);
    assert.match(await page.locator(".headline").textContent(), /6 of 9 nodes up/);
    assert.match(await row("pi4").textContent(), /Agent down.*Nothing listens on the agent's port.*connection refused/);
    assert.match(await row("pi3").textContent(), /PowerThrottled/);
    assert.match(await row("pi6").textContent(), /SD/);
    assert.equal(await page.title(), "6/9 up · Lab 3 · piman");
    assert.equal(await page.locator("#links a").count(), 3);
    assert.match(await page.locator("#views").textContent(), /Netboot1Alerts2/);
    await page.waitForFunction(() => document.querySelectorAll('.spark[aria-label^="CPU of the last"]').length === 6);
    assert.deepEqual(complaints, []);
  });

  it("shows where each node stands, and follows it without a scrape", async () => {
    await open({ nodes: demoPhases(kNow) });
    assert.equal((await names()).length, 14);
    assert.match(await row("pi0").textContent(), /Quarantined.*5 boots in a row came to nothing/);
    assert.match(await row("pi6").textContent(), /Downloading48.%, \d+.(s|min).*being fetched/);
    const stuck = page.locator("#nodes .node[data-stuck]");
    assert.equal(await stuck.count(), 1);
    assert.match(await stuck.textContent(), /Booting.*Stuck: It has its kernel/);
    const colour = (locator) => locator.locator(".phase").evaluate((e) => getComputedStyle(e).color);
    const [busy, late, bad, well] = [await colour(row("pi9")), await colour(stuck), await colour(row("pi1")), await colour(row("pi13"))];
    assert.equal(new Set([busy, late, bad, well]).size, 4);
    await page.getByRole("button", { name: /Verifying$/ }).click();
    assert.deepEqual(await names(), ["pi7"]);
    await page.getByRole("button", { name: /Verifying$/ }).click();
    Object.assign(demo.nodes[6], { phase_percent: 97 });
    demo.changed();
    await page.waitForFunction(() => document.querySelector("#nodes").textContent.includes("97"));
    assert.deepEqual(complaints, []);
  });

  it("sorts by any column, both ways, with unknown values last", async () => {
    await open();
    await page.getByRole("button", { name: "Temp" }).click();
    assert.equal((await names())[0], "pi3");
    await page.getByRole("button", { name: "Temp" }).click();
    assert.equal((await names()).indexOf("pi3"), 4); // the hottest, then those whose heat is not known
    await page.getByRole("button", { name: "Node" }).click();
    assert.equal((await names())[0], "pi1");
    assert.equal(await page.locator(".head-name").getAttribute("aria-sort"), "ascending");
    assert.match(page.url(), /sort=name/);
  });

  it("filters by text, state, model and label, and keeps the choice in its address", async () => {
    await open({ query: "?q=zero" });
    assert.deepEqual(await names(), ["pi8"]);
    await page.locator("#filter").press("Escape");
    assert.equal((await names()).length, 9);
    await page.locator("#filter").blur();
    await page.keyboard.press("/");
    await page.keyboard.type("10.20.0.1 pi");
    assert.equal((await names()).length, 9);
    await page.keyboard.type("x");
    assert.equal(await page.locator("#nothing").isVisible(), true);
    await page.getByRole("button", { name: "Show all nodes" }).click();
    await page.getByRole("button", { name: /Down$/ }).last().click();
    assert.deepEqual(await names(), ["pi7"]);
    assert.match(page.url(), /state=down/);
    await page.getByRole("button", { name: /Down$/ }).last().click();
    await page.locator("#model").selectOption("Pi 5 B");
    assert.deepEqual(await names(), ["pi1"]);
    await page.locator("#model").selectOption("");
    await page.locator("#label").selectOption("group=kiosk");
    assert.deepEqual((await names()).sort(), ["pi3", "pi6", "pi9"]);
    await page.reload();
    await page.waitForSelector(".node");
    assert.equal((await names()).length, 3);
  });

  it("is fed by one stream, falls back to asking, and finds the stream again", async () => {
    await open();
    assert.equal(await page.locator("#live-text").textContent(), "Live");
    demo.nodes = demo.nodes.filter((node) => node.name !== "pi9");
    Object.assign(demo.nodes.find((node) => node.name === "pi7"), demoNode(7, Date.now() / 1000), { scrapes: 3 });
    demo.changed();
    await page.waitForFunction(() => document.querySelector(".headline").textContent.includes("7 of 8"));
    assert.doesNotMatch(await row("pi7").textContent(), /No answer/);
    assert.match(await page.locator("#announce").textContent(), /pi7 is up/);
    assert.equal(demo.requests.filter((request) => request.path === "/api/v1/nodes").length, 0);
    demo.live = false;
    demo.drop();
    await page.waitForFunction(() => document.querySelector("#live-text").textContent === "Polling", null, { timeout: 15000 });
    demo.nodes = demo.nodes.slice(1);
    demo.changed();
    await page.waitForFunction(() => document.querySelector(".headline").textContent.includes("of 7"), null, { timeout: 15000 });
  });

  it("tells when the server is lost, and comes back by itself", async () => {
    await open();
    demo.mode = "error";
    demo.drop();
    await page.waitForSelector("#banner:not([hidden])", { timeout: 15000 });
    assert.match(await page.locator("#banner").textContent(), /Connection to piman lost.*as of/);
    assert.equal(await page.locator("#live-text").textContent(), "Offline");
    demo.mode = "ok";
    await page.waitForSelector("#banner", { state: "hidden", timeout: 20000 });
    await page.waitForFunction(() => document.querySelector("#live-text").textContent === "Live", null, { timeout: 15000 });
    assert.equal((await names()).length, 9);
  });

  it("shows one node: charts, boots to the first scrape, installs, events, its page", async () => {
    await open({ query: "#/node/pi1" });
    await view("node").locator(".boot").first().waitFor();
    await view("node").locator(".chart canvas").nth(2).waitFor();
    const text = await view("node").textContent();
    assert.match(text, /pi1Up for .*Raspberry Pi 5 Model B.*raspios@2026-11/s);
    assert.match(text, /Booted in 19\.4.s, 4 files, 13\.1.MB/s);
    assert.match(text, /DISCOVER → OFFER.*kernel8\.img10\.8.MB, 5\.0.MB\/s.*Formatting9\.4.s.*First scrapeits agent answers/s);
    assert.equal(await view("node").locator(".boot").count(), 2);
    await view("node").locator(".boot summary").nth(1).click();
    assert.match(await view("node").locator(".boot").nth(1).textContent(), /not answered: pool_empty, pi4, 5 times until 20\.0.s/);
    assert.match(text, /reinstallinstalled90\.0.s/);
    assert.match(text, /cycled at poe1 port 4/);
    await page.getByRole("button", { name: "Show the last page" }).click();
    await view("node").getByText("node_load1 0.21").waitFor();
    await page.getByRole("link", { name: "← Fleet" }).click();
    assert.equal((await names()).length, 9);
    await row("pi2").locator("a").click();
    await page.getByRole("heading", { name: "pi2" }).waitFor();
    await page.goto(`${demo.url}#/node/nobody`);
    await view("node").getByText("The inventory has no node of this name").waitFor();
    assert.deepEqual(complaints.filter((text) => !text.includes("404")), []);
  });

  it("shows netboot, alerts, events, targets and what it is", async () => {
    await open({ query: "#/netboot" });
    await view("netboot").getByText("kernel8.img").waitFor();
    assert.match(await view("netboot").textContent(), /Reinstall 4 nodesrunning: 1 of 4 done, 1 waiting.*installing.*download, 48.%, 11\.0.MB\/s/s);
    assert.match(await view("netboot").textContent(), /raspios@2026-11 \(default\).*10\.20\.0\.16pi6/s);
    await page.getByRole("link", { name: /^Alerts/ }).click();
    await view("alerts").getByText("node down").waitFor();
    assert.match(await view("alerts").textContent(), /2 firing, 1 pending, 1 silenced.*firingpi7.*firing, silencedpi5.*slacklast message/s);
    demo.alerts = demo.alerts.slice(2);
    demo.changed("alerts");
    await view("alerts").getByText("0 firing").waitFor();
    await page.getByRole("link", { name: "Events" }).click();
    await view("events").getByText("up, after 12.3 s in booting").waitFor();
    await view("events").locator("select").selectOption("stuck");
    await view("events").getByText("up, after 12.3 s in booting").waitFor({ state: "detached" });
    demo.events.push({ id: 10050, time: kNow, kind: "stuck", node: "pi8", text: "in booting for more than 300 s", data: null });
    demo.changed("events");
    await view("events").getByText("in booting for more than 300 s").waitFor();
    await page.getByRole("link", { name: "Targets" }).click();
    await view("targets").getByText("6 of 9 up").waitFor();
    assert.match(await view("targets").locator("tbody tr").first().textContent(), /pi[47]down/);
    await page.getByRole("link", { name: "About" }).click();
    await view("about").getByText("web.threads").waitFor();
    assert.match(await view("about").textContent(), /admin, operator.*Prometheus/s);
    assert.deepEqual(complaints, []);
  });

  it("accepts a machine that asks to boot", async () => {
    await open({ query: "#/netboot" });
    await page.getByLabel("Name for dc:a6:32:00:00:01").fill("pi1");
    await page.getByRole("button", { name: "Accept" }).click();
    await page.getByText("name pi1 is taken").waitFor();
    await page.getByLabel("Name for dc:a6:32:00:00:01").fill("pi10");
    await page.getByRole("button", { name: "Accept" }).click();
    await view("netboot").getByText("No unknown machine asks.").waitFor();
    assert.deepEqual(demo.changes.at(-1).body, { mac: "dc:a6:32:00:00:01", name: "pi10", address: null });
    assert.equal(demo.requests.filter((request) => request.path === "/api/v1/hosts").at(-1).csrf, "0123");
  });

  it("names what will happen to which nodes before it does", async () => {
    await open();
    await row("pi2").getByRole("checkbox").click();
    await row("pi5").getByRole("checkbox").click({ modifiers: ["Shift"] });
    assert.equal(await page.locator("#chosen-count").textContent(), "3 nodes chosen");
    await page.locator("#chosen").getByRole("button", { name: "Reinstall" }).click();
    const dialog = page.locator("#action");
    await dialog.getByText("pi2, pi3, pi5").waitFor();
    assert.match(await dialog.locator("#action-sentence").textContent(), /3 nodes will be installed with raspios@2026-11\. All that is on the cards is lost\. pi2, pi3, pi5\./);
    await dialog.locator("select").selectOption("raspios@2026-10");
    await dialog.getByText("raspios@2026-10. All").waitFor();
    await dialog.getByLabel("At once").fill("2");
    await dialog.getByRole("button", { name: "Reinstall 3 nodes" }).click();
    await view("netboot").getByText("Reinstall 3 nodes").waitFor();
    const order = demo.changes.at(-1).body;
    assert.deepEqual([order.action, order.image, order.canary, order.max_parallel, order.nodes.length], ["reinstall", "raspios@2026-10", 1, 2, 3]);
    await page.goto(`${demo.url}#/node/pi3`);
    await view("node").getByRole("button", { name: "Restart" }).click();
    await dialog.getByText("1 node will be switched off and on again. pi3.").waitFor();
    await dialog.getByRole("button", { name: "Cancel" }).click();
    assert.equal(demo.changes.filter(({ body }) => body?.action === "restart" && !body.preview).length, 0);
    await view("node").getByRole("button", { name: "Silence" }).click();
    assert.match(await dialog.textContent(), /Nobody will be told of alerts of pi3 for 2.h/);
    await dialog.getByRole("button", { name: "Silence", exact: true }).click();
    await view("alerts").getByRole("button", { name: "End silence 3" }).waitFor();
    await page.getByRole("button", { name: "End silence 3" }).click();
    await view("alerts").getByText("Nothing is silenced.").waitFor();
    assert.deepEqual(complaints, []);
  });

  it("asks for a login where one is needed, and says when it is refused", async () => {
    await open({ session: kNobody, query: "#/netboot" });
    await page.getByLabel("Name for dc:a6:32:00:00:01").fill("pi10");
    await page.getByRole("button", { name: "Accept" }).click();
    const login = page.locator("#login");
    await login.getByLabel("Name").fill("admin");
    await login.getByLabel("Password").fill("wrong");
    await login.getByRole("button", { name: "Log in" }).click();
    await login.getByText("name or password is wrong").waitFor();
    await login.getByLabel("Password").fill("correct horse");
    await login.getByRole("button", { name: "Log in" }).click();
    await login.waitFor({ state: "hidden" });
    await page.getByRole("button", { name: "Accept" }).click();
    await view("netboot").getByText("No unknown machine asks.").waitFor();
    await page.getByRole("button", { name: "Log out admin" }).click();
    await page.getByRole("button", { name: "Log in" }).first().waitFor();
  });

  it("shows nothing of the fleet without a login where reading needs one", async () => {
    demo = await startDemo({ session: { ...kNobody, may_read: false } });
    page = await browser.newPage();
    await page.goto(demo.url);
    await page.locator("#login").getByRole("button", { name: "Log in" }).waitFor();
    assert.match(await page.locator("#login").textContent(), /needs a login/);
  });

  it("tells what to do when there is no node", async () => {
    await open({ nodes: [] });
    assert.match(await page.locator("#empty").textContent(), /hosts\.csv.*b8:27:eb/s);
    assert.equal(await page.locator("#fleet").isVisible(), false);
    assert.deepEqual(complaints, []);
  });

  it("shows hostile texts as text, and follows no hostile link", async () => {
    const evil = '<img src=x onerror="document.title=1">';
    await open({
      nodes: [
        demoNode(1, kNow, { name: evil, model: evil, installed: evil }),
        demoNode(2, kNow, { phase: "down", last_error: { kind: "other", message: `${evil} ${"x".repeat(500)}` } }),
      ],
    });
    assert.ok((await names()).includes(evil));
    demo.boots[0].events.push({ at: 5, kind: "console", text: evil });
    demo.events.push({ id: 1, time: kNow, kind: "boot", node: evil, text: evil, data: null });
    demo.alerts[0].annotations.description = evil;
    await row(evil).locator("a").click();
    await view("node").getByText(evil).nth(2).waitFor();
    for (const id of ["events", "alerts", "netboot", "targets"]) {
      await page.goto(`${demo.url}#/${id}`);
      await page.waitForTimeout(200);
    }
    assert.equal(await page.locator("main img").count(), 0);
    assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= window.innerWidth));
    const { safeUrl } = await import("../../manager/web/format.js");
    assert.equal(safeUrl("javascript:alert(1)"), null);
    assert.equal(safeUrl("http://127.0.0.1:9090"), "http://127.0.0.1:9090/");
  });

  for (const width of [360, 390, 820, 1090, 1280, 1920, 3840]) {
    it(`fits a screen of ${width} pixels`, async () => {
      await open({ viewport: { width, height: 900 }, nodes: demoPhases(kNow) });
      for (const hash of ["#/fleet", "#/node/pi13", "#/netboot", "#/alerts", "#/events", "#/targets", "#/about"]) {
        await page.goto(demo.url + hash);
        await page.waitForTimeout(250);
        const wide = await page.evaluate(() =>
          [...document.querySelectorAll("main > div:not([hidden]) *, header *")]
            .filter((e) => !e.closest(".unseen, .list-box, .views, .uplot") && e.getBoundingClientRect().right > window.innerWidth + 1)
            .map((e) => e.className.baseVal ?? e.className),
        );
        assert.deepEqual(wide, [], hash);
      }
      await page.goto(`${demo.url}#/fleet`);
      await page.waitForSelector(".node");
      // No item is higher than its place, and none covers another.
      const cut = await page.evaluate(() => [...document.querySelectorAll(".node")].filter((e) => e.scrollHeight > e.clientHeight + 1).map((e) => e.textContent));
      assert.deepEqual(cut, []);
    });
  }

  it("can be used by the keyboard alone", async () => {
    await open();
    await page.keyboard.press("Tab");
    assert.equal(await page.evaluate(() => document.activeElement.className), "skip");
    await page.keyboard.press("Enter");
    assert.equal(await page.evaluate(() => document.activeElement.id), "main");
    assert.equal(new URL(page.url()).hash, "");
    for (let i = 0; i < 4; i += 1) await page.keyboard.press("Tab");
    const outline = await page.evaluate(() => getComputedStyle(document.activeElement).outlineStyle);
    assert.equal(outline, "solid");
    await page.locator("#nodes .choose").first().focus();
    await page.keyboard.press("Space");
    assert.equal(await page.locator("#chosen").isVisible(), true);
    await page.locator("#nodes .node-name").first().focus();
    await page.keyboard.press("Enter");
    await page.getByRole("heading", { name: "pi7" }).waitFor();
  });
});
