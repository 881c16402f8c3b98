import AxeBuilder from "@axe-core/playwright";
import { expect, test } from "@playwright/test";

import { open } from "./seed";

test("the first page is there, reacts, and has no console errors", async ({ page }) => {
  const problems: string[] = [];
  page.on("console", (message) => {
    if (message.type() === "error" || message.type() === "warning") problems.push(message.text());
  });
  page.on("pageerror", (error) => problems.push(String(error)));

  await open(page, "/");
  await expect(page).toHaveURL(/\/experiments$/);
  await expect(page.getByRole("link", { name: "Default" })).toBeVisible();
  await page.getByRole("navigation", { name: "Main" }).getByRole("link", { name: "Models" }).click();
  await expect(page).toHaveURL(/\/models$/);

  const theme = () => page.locator("html").getAttribute("data-theme");
  const before = await theme();
  await page.getByRole("button", { name: "Switch between light and dark" }).click();
  expect(await theme()).not.toBe(before);
  expect(problems).toEqual([]);
});

test("the first page shows its content without JavaScript", async ({ browser }) => {
  const context = await browser.newContext({ javaScriptEnabled: false });
  const page = await context.newPage();
  await page.goto("/experiments");
  await expect(page.getByRole("link", { name: "Default" })).toBeVisible();
  await context.close();
});

test("an unknown page says so", async ({ page }) => {
  const answer = await page.goto("/no/such/page");
  expect(answer?.status()).toBe(404);
});

for (const scheme of ["light", "dark"] as const) {
  test(`the first page is accessible in ${scheme}`, async ({ page }) => {
    await page.emulateMedia({ colorScheme: scheme });
    await open(page, "/experiments");
    await expect(page.getByRole("link", { name: "Default" })).toBeVisible();
    const { violations } = await new AxeBuilder({ page }).withTags(["wcag2a", "wcag2aa", "wcag21aa"]).analyze();
    expect(violations.map((v) => `${v.id}: ${v.nodes.map((n) => n.html).join(" ")}`)).toEqual([]);
  });
}
