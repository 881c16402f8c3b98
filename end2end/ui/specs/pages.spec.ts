// What holds on every page: accessible in light and dark, nothing cut off on a phone, hydrated without complaint.
import AxeBuilder from "@axe-core/playwright";
import { type Page, expect, test } from "@playwright/test";

import { hydrated, logRun, post } from "./seed";

const PAGES = [
  "experiments",
  "runs",
  "comparison of runs",
  "run",
  "models",
  "deleted models",
  "model",
  "version",
  "comparison of versions",
  "webhooks",
  "storage",
] as const;
let paths: Record<(typeof PAGES)[number], string>;

test.beforeAll(async ({ request }) => {
  const name = `pages-${Date.now()}-${test.info().workerIndex}`;
  const { experiment, run, model } = await logRun(request, name);
  const { run: other } = await post(request, "runs/create", { experiment_id: experiment, run_name: "mlp-32", start_time: 1_700_000_100_000 });
  await post(request, "runs/log-metric", { run_id: other.info.run_id, key: "accuracy", value: 0.7, timestamp: 1, step: 0 });
  await post(request, "registered-models/create", { name, description: "Reads **digits**.", tags: [{ key: "team", value: "vision" }] });
  for (const description of ["The first.", "The second."]) {
    await post(request, "model-versions/create", { name, source: `models:/${model}`, run_id: run, model_id: model, description });
  }
  await post(request, "model-versions/transition-stage", { name, version: "2", stage: "Production", archive_existing_versions: true });
  await post(request, "registered-models/create", { name: `${name}-gone` });
  await request.delete("/api/2.0/mlflow/registered-models/delete", { data: { name: `${name}-gone` } });
  await post(request, "webhooks", { name, url: "https://8.8.8.8/hook", status: "DISABLED", events: [{ entity: "MODEL_VERSION", action: "CREATED" }] });
  paths = {
    experiments: "/experiments",
    runs: `/experiments/${experiment}`,
    "comparison of runs": `/experiments/${experiment}/compare?runs=${run},${other.info.run_id}`,
    run: `/experiments/${experiment}/runs/${run}`,
    models: "/models",
    "deleted models": "/models?view=deleted",
    model: `/models/${name}?on=2026-01-01`,
    version: `/models/${name}/versions/2`,
    "comparison of versions": `/models/${name}/compare?versions=1,2`,
    webhooks: "/webhooks",
    storage: "/settings/storage",
  };
});

/** Opens a page and waits until it has been hydrated; its console's errors and warnings are collected. */
async function open(page: Page, path: string): Promise<string[]> {
  const problems: string[] = [];
  page.on("console", (message) => {
    if (message.type() === "error" || message.type() === "warning") problems.push(message.text());
  });
  page.on("pageerror", (error) => problems.push(String(error)));
  const answer = await page.goto(path);
  await hydrated(page);
  expect(answer?.status()).toBe(200);
  await expect(page.getByRole("heading", { level: 1 }).first()).toBeVisible();
  return problems;
}

for (const name of PAGES) {
  for (const scheme of ["light", "dark"] as const) {
    test(`${name}: accessible in ${scheme}`, async ({ page }) => {
      await page.emulateMedia({ colorScheme: scheme });
      const problems = await open(page, paths[name]);
      const { violations } = await new AxeBuilder({ page }).withTags(["wcag2a", "wcag2aa", "wcag21aa"]).analyze();
      expect(violations.map((v) => `${v.id}: ${v.nodes.map((n) => n.html).join(" ")}`)).toEqual([]);
      expect(problems).toEqual([]);
    });
  }

  test(`${name}: fits a phone`, async ({ page }) => {
    await page.setViewportSize({ width: 400, height: 800 });
    await open(page, paths[name]);
    const overflow = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
    expect(overflow).toBe(0);
  });
}
