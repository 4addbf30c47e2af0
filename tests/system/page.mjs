// The chat page in headless Chromium: `node page.mjs URL [SCREENSHOT_DIR]`.
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { chromium } from "playwright-core";

const [url, shots] = process.argv.slice(2);
const executablePath = [process.env.CHROMIUM, "/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"].find((path) => path && existsSync(path));
assert.ok(executablePath, "no Chromium: install the Debian package chromium or set CHROMIUM");
const browser = await chromium.launch({ executablePath, args: ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"] });

async function open(options) {
  const context = await browser.newContext(options);
  const page = await context.newPage();
  page.troubles = [];
  page.on("pageerror", (error) => page.troubles.push(String(error)));
  page.on("console", (message) => message.type() === "error" && page.troubles.push(message.text()));
  page.on("request", (request) => request.url().startsWith(url) || request.url().startsWith("data:") || page.troubles.push("outside request: " + request.url()));
  await page.goto(url);
  await page.waitForFunction(() => document.querySelector("#model").options.length > 0);
  return page;
}

const shoot = (page, name) => (shots ? page.screenshot({ path: `${shots}/${name}.png` }) : undefined);

/// Returns once the page has taken the question; a short answer may be over by then.
async function say(page, text) {
  const before = await page.locator("article.user").count();
  await page.fill("#prompt", text);
  await page.press("#prompt", "Enter");
  await page.waitForFunction((count) => document.querySelectorAll("article.user").length > count || document.querySelector("#error:not([hidden])"), before);
}
const settled = (page) => page.waitForSelector("#send:not([hidden])", { timeout: 120_000 });
const lastAnswer = (page) => page.locator("article.assistant .body").last().innerText();
const setting = (page, name, value) => page.$eval("#" + name, (field, text) => ((field.value = text), field.dispatchEvent(new Event("input", { bubbles: true }))), value);

try {
  const page = await open({ viewport: { width: 1100, height: 760 } });
  await shoot(page, "welcome");

  // A whole exchange, with its figures.
  await setting(page, "temperature", "0");
  await setting(page, "max_tokens", "40");
  await say(page, "Name three fruits as a list.");
  await settled(page);
  const first = await lastAnswer(page);
  assert.ok(first.trim().length > 0, "no answer");
  const stats = await page.innerText("#stats");
  assert.match(stats, /First token after [\d.]+ s/);
  assert.match(stats, /[\d.]+ tokens\/s/);
  assert.match(stats, /\d+ tokens/);
  await shoot(page, "answer");

  // Temperature 0 from the start again: the same words.
  await page.click("#clear");
  assert.equal(await page.locator("article").count(), 0);
  await say(page, "Name three fruits as a list.");
  await settled(page);
  assert.equal(await lastAnswer(page), first);

  // Stop keeps what was said.
  await setting(page, "max_tokens", "1200");
  await say(page, "Write a very long story about a lighthouse and the sea.");
  await page.waitForFunction(() => (document.querySelectorAll("article.assistant .body")[1]?.innerText.length ?? 0) > 10);
  await page.click("#stop");
  await settled(page);
  assert.match(await page.innerText("#stats"), /stopped by you/);

  // What is typed or said never becomes markup.
  await setting(page, "max_tokens", "4");
  await say(page, "<img src=x onerror=\"document.title='owned'\"><b id=bold>x</b>");
  await settled(page);
  assert.equal(await page.locator("#bold").count(), 0);
  const injected = await page.evaluate(async () => {
    const { render } = await import("./markdown.js");
    const box = document.createElement("div");
    box.append(...render("# Title\n\n**bold** `<i>` [ok](https://example.org) [bad](javascript:alert(1))\n<script>1</script>\n- one\n- two\n\n```js\nlet a = '<b>';\n```\n~~~\nopen"));
    return { html: box.innerHTML, links: [...box.querySelectorAll("a")].map((a) => a.href), scripts: box.querySelectorAll("script,i,b").length, items: box.querySelectorAll("li").length, blocks: box.querySelectorAll(".code").length };
  });
  assert.deepEqual(injected.links, ["https://example.org/"]);
  assert.equal(injected.scripts, 0);
  assert.equal(injected.items, 2);
  assert.equal(injected.blocks, 2);

  // Errors are shown and the question is given back.
  await page.route("**/v1/chat/completions", (route) => route.fulfill({ status: 429, headers: { "Retry-After": "3" }, contentType: "application/json", body: JSON.stringify({ error: { message: "The queue is full" } }) }));
  await say(page, "Is anybody there?");
  await page.waitForSelector("#error:not([hidden])");
  assert.match(await page.innerText("#error"), /busy.*3 s/);
  assert.equal(await page.inputValue("#prompt"), "Is anybody there?");
  await shoot(page, "error");
  await page.unroute("**/v1/chat/completions");

  // Settings stay over a reload.
  await page.click("#settings-toggle");
  await setting(page, "seed", "12");
  await shoot(page, "settings");
  await page.reload();
  assert.equal(await page.inputValue("#seed"), "12");
  assert.deepEqual(page.troubles.filter((text) => !text.includes("429")), []);

  // A setting that cannot be sent is shown, though the settings were closed, and the question stays.
  await setting(page, "seed", "1.5");
  await page.fill("#prompt", "What is the capital of France?");
  await page.press("#prompt", "Enter");
  assert.equal(await page.isVisible("#settings"), true);
  assert.equal(await page.evaluate(() => document.activeElement.id), "seed");
  assert.equal(await page.inputValue("#prompt"), "What is the capital of France?");
  await setting(page, "seed", "");

  // The page was there before the node: the next question finds it.
  await page.route("**/v1/models", (route) => route.abort());
  await page.reload();
  await page.waitForSelector("#error:not([hidden])");
  await page.unroute("**/v1/models");
  await setting(page, "max_tokens", "4");
  await say(page, "Hello");
  await page.waitForSelector("article.assistant");
  await settled(page);
  assert.equal(await page.isHidden("#error"), true);
  assert.ok((await lastAnswer(page)).length > 0);

  // A phone, in the dark.
  const phone = await open({ viewport: { width: 375, height: 700 }, colorScheme: "dark", hasTouch: true, isMobile: true });
  await setting(phone, "max_tokens", "60");
  await say(phone, "Show a short Python function that adds two numbers.");
  await settled(phone);
  assert.ok(await phone.evaluate(() => document.documentElement.scrollWidth <= window.innerWidth), "the page is wider than the phone");
  await shoot(phone, "phone");
  await phone.click("#settings-toggle");
  await shoot(phone, "phone-settings");
  assert.deepEqual(phone.troubles, []);
} finally {
  await browser.close();
}
console.log("ok");
