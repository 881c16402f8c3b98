// What people change in place, and what they find again: tags, filters, menus, the table's refresh and export.
import { readFile } from "node:fs/promises";

import { type Page, expect, test } from "@playwright/test";

import { logRun, open, post } from "./seed";

const tags = (page: Page) => page.getByRole("region", { name: "Tags" });

test("a tag is added, edited with the keyboard, and deleted after a question", async ({ page, request }) => {
  const { experiment, run } = await logRun(request, `tags-${Date.now()}`);
  await open(page, `/experiments/${experiment}/runs/${run}`);
  await tags(page).getByLabel("Tag name").fill("reviewer");
  await tags(page).getByLabel("Tag value").fill("maria");
  await page.keyboard.press("Enter");
  const row = tags(page).getByRole("row", { name: /reviewer/ });
  await expect(row).toContainText("maria");
  await expect(tags(page).getByLabel("Tag name")).toHaveValue("");
  await expect(tags(page).getByLabel("Tag name")).toBeFocused();

  await row.getByRole("button", { name: "Edit tag reviewer" }).click();
  const field = row.getByLabel("Value of reviewer");
  await expect(field).toBeFocused();
  // Its text is selected: what is typed takes its place.
  await page.keyboard.type("keith");
  await page.keyboard.press("Escape");
  await expect(field).toHaveCount(0);
  await expect(row).toContainText("maria");
  await row.getByRole("button", { name: "Edit tag reviewer" }).click();
  await expect(field).toBeFocused();
  await page.keyboard.type("keith");
  await page.keyboard.press("Enter");
  await expect(row).toContainText("keith");
  await expect(row.getByRole("button", { name: "Edit tag reviewer" })).toBeFocused();

  await row.getByRole("button", { name: "Delete tag reviewer" }).click();
  const question = page.getByRole("dialog", { name: "Delete tag" });
  await expect(question).toContainText("reviewer");
  await question.getByRole("button", { name: "Cancel" }).click();
  await expect(row).toBeVisible();
  await row.getByRole("button", { name: "Delete tag reviewer" }).click();
  await question.getByRole("button", { name: "Delete", exact: true }).click();
  await expect(row).toHaveCount(0);
});

test("what was typed for a tag stays when it cannot be saved", async ({ page, request }) => {
  const { experiment, run } = await logRun(request, `refused-${Date.now()}`);
  await open(page, `/experiments/${experiment}/runs/${run}`);
  await page.route("**/_fn/set_run_tag*", (route) => route.abort());
  await tags(page).getByLabel("Tag name").fill("reviewer");
  await tags(page).getByLabel("Tag value").fill("maria");
  await tags(page).getByRole("button", { name: "Add" }).click();
  await expect(tags(page).getByRole("alert")).toBeVisible();
  await expect(tags(page).getByLabel("Tag name")).toHaveValue("reviewer");
  await expect(tags(page).getByLabel("Tag value")).toHaveValue("maria");
});

test("a model is registered with a description and tags in one step", async ({ page, request }) => {
  const name = `tagged-${Date.now()}`;
  const { experiment, run } = await logRun(request, name);
  await open(page, `/experiments/${experiment}/runs/${run}`);
  await page.getByRole("button", { name: "Register model" }).click();
  const dialog = page.getByRole("dialog", { name: "Register model" });
  await dialog.getByRole("option", { name: /Create new model/ }).click();
  await dialog.getByLabel("Model name").fill(name);
  await dialog.getByLabel("Version description").fill("The first.");
  await dialog.getByRole("button", { name: "Add a tag" }).click();
  await dialog.getByLabel("Tag name").fill("validated");
  await dialog.getByLabel("Tag value").fill("yes");
  await dialog.getByRole("button", { name: "Register", exact: true }).click();
  await page.getByRole("link", { name: `${name}, version 1` }).click();
  await expect(tags(page).getByRole("row", { name: /validated/ })).toContainText("yes");
  // The version's files open on what says what the model is.
  await expect(page.getByRole("region", { name: "Artifacts" })).toContainText("loader_module: mlflow.sklearn");
});

test("long lists of metrics are filtered", async ({ page, request }) => {
  const { experiment, run } = await logRun(request, `many-${Date.now()}`);
  const metrics = Array.from({ length: 60 }, (_, i) => ({ key: `layer_${i}/${i % 2 ? "norm" : "mean"}`, value: i, timestamp: 1, step: 0 }));
  await post(request, "runs/log-batch", { run_id: run, metrics });
  await open(page, `/experiments/${experiment}/runs/${run}`);
  const section = page.getByRole("region", { name: "Metrics" });
  await section.getByLabel("Filter metrics").fill("norm");
  await expect(section.getByRole("heading")).toContainText("30 of 61");
  await expect(section.getByRole("link", { name: "layer_2/mean" })).toBeHidden();
  await section.getByLabel("Filter metrics").fill("nothing like this");
  await expect(section).toContainText("No metric matches.");
  await page.keyboard.press("Escape");
  await expect(section.getByRole("link", { name: "layer_2/mean" })).toBeVisible();
  // One metric's chart has the whole page's width.
  const [chart, main] = await Promise.all(["#chart svg", "main"].map((selector) => page.locator(selector).first().boundingBox()));
  expect(chart!.width).toBeGreaterThan(main!.width - 60);
});

test("the runs are refreshed where they are, and exported by a link", async ({ page, request }) => {
  const { experiment, run } = await logRun(request, `fresh-${Date.now()}`);
  for (let i = 0; i < 40; i++) await post(request, "runs/create", { experiment_id: experiment, run_name: `later-${i}`, start_time: 1_700_000_100_000 + i });
  await open(page, `/experiments/${experiment}`);
  const scroller = page.locator(".runs-scroll");
  await scroller.evaluate((node) => node.scrollTo(0, node.scrollHeight));
  await page.getByRole("checkbox", { name: "Select mlp-64" }).check();
  const before = await scroller.evaluate((node) => node.scrollTop);
  expect(before).toBeGreaterThan(0);
  await post(request, "runs/log-metric", { run_id: run, key: "accuracy", value: 0.123, timestamp: 9_999_999_999_999, step: 99 });
  await page.getByRole("button", { name: "Refresh the runs" }).focus();
  await page.keyboard.press("Enter");
  await expect(page.getByRole("row", { name: /mlp-64/ })).toContainText("0.123");
  await expect(page.getByRole("checkbox", { name: "Select mlp-64" })).toBeChecked();
  expect(await scroller.evaluate((node) => node.scrollTop)).toBe(before);

  await open(page, `/experiments/${experiment}?filter=metrics.accuracy%20%3E%200`);
  const download = page.waitForEvent("download");
  await page.getByRole("link", { name: "Download all matching runs as CSV" }).click();
  const file = await (await download).path();
  const lines = (await readFile(file, "utf8")).trim().split("\n");
  expect(lines).toHaveLength(2);
  expect(lines[1]).toContain("mlp-64");
});

test("settings are found from every page", async ({ page }) => {
  await open(page, "/experiments");
  const menu = page.locator("summary[aria-label=Settings]");
  await menu.click();
  await page.keyboard.press("Escape");
  await expect(page.getByRole("link", { name: /Deleted models/ })).toBeHidden();
  await expect(menu).toBeFocused();
  for (const [name, heading] of [["Deleted models", "Deleted models"], ["Webhooks", "Webhooks"], ["Storage", "Storage"], ["Deleted experiments", "Experiments"]]) {
    await menu.click();
    await page.getByRole("banner").getByRole("link", { name: new RegExp(`^${name}`) }).click();
    await expect(page.getByRole("heading", { level: 1, name: heading })).toBeVisible();
    await expect(page.getByRole("banner").getByRole("link", { name: /^Storage/ })).toBeHidden();
  }
});
