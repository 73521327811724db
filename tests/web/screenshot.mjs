// SPDX-License-Identifier: Apache-2.0
// Takes the pictures of the page: wide and narrow, light and dark, and the views that the documentation shows.
//   node screenshot.mjs [--url=http://127.0.0.1:8080/] [--out=FOLDER] [--sizes=1920,1280,390]
// Without --url it shows the demo fleet. Where Debian's pngquant is installed it makes the files a third as large.

import { spawnSync } from "node:child_process";
import { mkdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

import { launchBrowser } from "./browser.mjs";
import { startDemo } from "./demo_server.mjs";

const { values } = parseArgs({
  options: {
    url: { type: "string" },
    out: { type: "string", default: fileURLToPath(new URL("../../docs/images", import.meta.url)) },
    sizes: { type: "string", default: "1920,1280,390" },
  },
});

const demo = values.url ? null : await startDemo();
const browser = await launchBrowser();
mkdirSync(values.out, { recursive: true });

async function take(name, { hash = "", width = 1280, height, colorScheme = "light", part = null }) {
  const page = await browser.newPage({ viewport: { width, height: height ?? Math.round(width * 0.5625) }, colorScheme });
  page.on("console", (message) => console.error(`console: ${message.text()}`));
  page.on("pageerror", (error) => console.error(`error: ${error.message}`));
  await page.goto((values.url ?? demo.url) + hash);
  await page.waitForSelector(".node, #empty:not([hidden]), main > div:not([hidden]):not(#view-fleet)");
  await page.waitForTimeout(2000); // the charts are drawn, the texts that tick are there
  const path = `${values.out}/${name}.png`;
  if (part) await page.locator(part).first().screenshot({ path });
  else await page.screenshot({ path });
  spawnSync("pngquant", ["--force", "--ext=.png", "--strip", "--speed=1", "--nofs", path]);
  const overflow = await page.evaluate(() => document.documentElement.scrollWidth > window.innerWidth);
  console.log(path, overflow ? "WIDER THAN THE SCREEN" : "");
  await page.close();
}

for (const width of values.sizes.split(",").map(Number)) {
  for (const colorScheme of ["light", "dark"]) await take(`fleet-page-${width}-${colorScheme}`, { width, colorScheme, height: width < 800 ? 844 : width < 1900 ? 800 : 900 });
}
await take("page-node", { hash: "#/node/pi1", height: 760 });
await take("page-netboot", { hash: "#/netboot", height: 860, colorScheme: "dark" });
await take("boots", { hash: "#/node/pi1", part: "#view-node .boots" });
await browser.close();
await demo?.stop();
