// SPDX-License-Identifier: ISC
//
// test/e2e/browser.mjs: the site in a real browser. Usage: node browser.mjs URL SCREENSHOT
// Prints one line per finding and exits 1 if there is any.

import { createRequire } from "node:module";
import { existsSync } from "node:fs";

const [url, screenshot] = process.argv.slice(2);
const require = createRequire(process.env.FATA_NPM + "/");
const { chromium } = require("playwright-core");
const found = [];

function check(claim, holds) {
    if (!holds) {
        found.push(claim);
    }
}

const executablePath = ["/usr/bin/chromium", "/usr/bin/chromium-browser"].find(existsSync);
const browser = await chromium.launch({
    executablePath,
    args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
        "--disable-background-networking", "--disable-component-update", "--disable-sync"],
});
try {
    const page = await browser.newPage({ viewport: { width: 1280, height: 900 } });
    page.on("console", (m) => check(`console: ${m.text()}`, m.type() !== "error"));
    page.on("pageerror", (e) => check(`page error: ${e}`, false));
    // Going on to the next page breaks off what the last one still loads, such as its icon.
    const brokenOff = (r) => r.failure()?.errorText === "net::ERR_ABORTED";
    page.on("requestfailed", (r) => check(`request failed: ${r.url()}`, brokenOff(r)));
    page.on("response", (r) => check(`${r.status()} for ${r.url()}`, r.status() < 400));

    await page.goto(url, { waitUntil: "networkidle" });
    check(`title names the project: ${await page.title()}`, /Fata/.test(await page.title()));
    check("there is a heading", (await page.locator("h1").count()) >= 1);
    const font = await page.evaluate(() => getComputedStyle(document.body).fontFamily);
    check(`the style sheet is applied: ${font}`, font !== "" && !/^"?Times/.test(font));
    await page.screenshot({ path: screenshot });

    // Every page that the navigation names loads and has a heading.
    const links = await page.locator("nav a").evaluateAll((all) => all.map((a) => a.href));
    check("the navigation has links", links.length > 3);
    for (const link of new Set(links.map((l) => l.split("#")[0]))) {
        await page.goto(link, { waitUntil: "load" });
        check(`${link} has a heading`, (await page.locator("h1").count()) >= 1);
    }

    // A narrow window does not scroll sideways.
    await page.setViewportSize({ width: 390, height: 844 });
    await page.goto(url, { waitUntil: "load" });
    const wide = await page.evaluate(() => document.documentElement.scrollWidth);
    check(`fits a phone: ${wide} px`, wide <= 390);
} finally {
    await browser.close();
}
for (const claim of found) {
    console.log(claim);
}
process.exit(found.length === 0 ? 0 : 1);
