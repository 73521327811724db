// SPDX-License-Identifier: Apache-2.0
// Takes the pictures of the fleet page: wide and narrow, light and dark.
//   node screenshot.mjs [--url=http://127.0.0.1:8080/] [--out=FOLDER] [--sizes=1280,390]
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
    sizes: { type: "string", default: "1280,390" },
  },
});

const demo = values.url ? null : await startDemo();
const browser = await launchBrowser();
mkdirSync(values.out, { recursive: true });
for (const width of values.sizes.split(",").map(Number)) {
  for (const colorScheme of ["light", "dark"]) {
    const page = await browser.newPage({
      viewport: { width, height: width < 800 ? 844 : Math.round(width * 0.5625) },
      colorScheme,
      deviceScaleFactor: width < 800 ? 2 : 1,
    });
    page.on("console", (message) => console.error(`console: ${message.text()}`));
    page.on("pageerror", (error) => console.error(`error: ${error.message}`));
    await page.goto(values.url ?? demo.url);
    await page.waitForSelector("#rows tr, #empty:not([hidden])");
    await page.waitForTimeout(1500); // the bars have grown, the texts that tick are there
    const path = `${values.out}/fleet-page-${width}-${colorScheme}.png`;
    await page.screenshot({ path, fullPage: width >= 800 });
    spawnSync("pngquant", ["--force", "--ext=.png", "--strip", "--speed=1", "--nofs", path]);
    const overflow = await page.evaluate(() => document.documentElement.scrollWidth > window.innerWidth);
    console.log(path, overflow ? "WIDER THAN THE SCREEN" : "");
    await page.close();
  }
}
await browser.close();
await demo?.stop();
