// SPDX-License-Identifier: Apache-2.0
// The page of a running lab whose Pis ask to come in: PIMAN_PAGE is its address, PIMAN_TOKEN_FILE its token's file.
// tests/e2e/lab/page_test starts the lab and this.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";

import { launchBrowser } from "./browser.mjs";

const kUrl = process.env.PIMAN_PAGE;
const kToken = readFileSync(process.env.PIMAN_TOKEN_FILE, "utf8").trim();
const kMac = "dc:a6:32:32:00:0"; // and the number of the Pi
const kBootMs = 120000;

let browser;
let page;
const complaints = [];
before(async () => {
  browser = await launchBrowser();
  page = await browser.newPage({ viewport: { width: 1280, height: 900 } });
  page.on("pageerror", (error) => complaints.push(error.message));
  page.setDefaultTimeout(30000);
});
after(() => browser?.close());

const phasesSeen = new Set();
/**
 * Asks, as the page itself would, until what comes is as wanted. waitForFunction is of no use for that: it takes a promise
 * for true, whatever comes of it.
 */
const answers = async (path, isWanted) => {
  const until = Date.now() + kBootMs;
  for (;;) {
    const { data } = await page.evaluate(async (where) => (await fetch(where)).json(), path);
    if (isWanted(data)) return;
    assert.ok(Date.now() < until, `${path} still says ${JSON.stringify(data).slice(0, 500)}`);
    await sleep(500);
  }
};
/** Whatever view is shown: the fleet's own headline is kept fresh only while it is on the screen. */
const nodesUp = (count) => answers("api/v1/nodes", (data) => data.counts.up === count);

it("accepts two machines after a login", async () => {
  await page.goto(`${kUrl}#/netboot`);
  await page.exposeFunction("sawPhase", (phase) => phasesSeen.add(phase));
  const name = (i) => page.getByLabel(`Name for ${kMac}${i}`);
  for (const i of [1, 2]) await name(i).waitFor();
  assert.equal(await page.locator('[data-view="netboot"] .count').textContent(), "2");
  await page.evaluate(() => {
    // Every phase that the page shows in its list of what is under way.
    new MutationObserver(() => {
      for (const row of document.querySelectorAll("#view-netboot li[data-phase]")) window.sawPhase(row.dataset.phase);
    }).observe(document.querySelector("#view-netboot"), { subtree: true, childList: true, attributes: true });
  });
  const accept = (i) => page.locator(".waiting li", { hasText: `${kMac}${i}` }).getByRole("button", { name: "Accept" });
  await name(1).fill("pi1");
  await accept(1).click();
  const login = page.locator("#login");
  await login.getByLabel("Token").waitFor();
  await login.getByLabel("Token").fill("a wrong one");
  await login.getByRole("button", { name: "Log in" }).click();
  await login.getByText("this is not the server's token").waitFor();
  await login.getByLabel("Token").fill(kToken);
  await login.getByRole("button", { name: "Log in" }).click();
  await login.waitFor({ state: "hidden" });
  await accept(1).click();
  await name(1).waitFor({ state: "detached" });
  await name(2).fill("pi2");
  await accept(2).click();
  await page.locator("#view-netboot").getByText("No unknown machine asks.").waitFor();
});

it("shows them boot and be installed, live, until they are up", async () => {
  await nodesUp(2);
  const installing = ["hello", "formatting", "downloading", "verifying"].filter((phase) => phasesSeen.has(phase));
  console.log(`phases seen on the page: ${[...phasesSeen].join(", ")}`);
  // The page is told once a second, and on a fast machine a virtual card is written in less.
  assert.ok(installing.length >= 1, [...phasesSeen].join(", "));
  await page.goto(`${kUrl}#/node/pi1`);
  await page.locator("#view-node .boot").first().waitFor();
  const text = await page.locator("#view-node").textContent();
  assert.match(text, /DISCOVER → OFFER/);
  assert.match(text, /On its card: \S+@\S+/);
  await page.waitForFunction(() => document.querySelector("#view-node .boots").textContent.includes("First scrape"));
});

it("restarts a node by its button, and follows that to its end", async () => {
  await page.goto(`${kUrl}#/node/pi1`);
  // A first install is under observation for a moment; only then another order is taken.
  await answers("api/v1/nodes/pi1/installs", (data) => data.order === null);
  await page.locator("#view-node").getByRole("button", { name: "Restart" }).click();
  await page.locator("#action").getByText("1 node will be switched off and on again. pi1.").waitFor();
  await page.locator("#action").getByRole("button", { name: "Restart 1 node" }).click();
  const rollout = page.locator(".rollout").first();
  await rollout.getByText("Restart pi1").waitFor();
  await rollout.getByText("running:").waitFor();
  await nodesUp(1);
  await rollout.getByText("done: 1 of 1 done").waitFor({ timeout: kBootMs });
  await nodesUp(2);
  await page.goto(`${kUrl}#/fleet`);
  await page.waitForFunction(() => document.querySelector(".headline").textContent.includes("2 of 2 nodes up"));
  await page.goto(`${kUrl}#/events`);
  await page.locator("#view-events").getByText(/restart/).first().waitFor();
  assert.deepEqual(complaints, []);
});
