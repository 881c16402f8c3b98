// Where the UI could hide, mislead or keep people waiting.
import { expect, test } from "@playwright/test";

import { logRun, open, post } from "./seed";

const functions = (name: string) => `/_fn/${name}`;

test("server functions have the status of the mistake", async ({ request }) => {
  const status = async (name: string, form: Record<string, string>) => (await request.post(functions(name), { form })).status();
  const name = `status-${Date.now()}`;
  await post(request, "registered-models/create", { name });
  expect(await status("version_page", { name: "nobody", version: "1" })).toBe(404);
  expect(await status("version_page", { name, version: "one" })).toBe(400);
  expect(await status("version_page", { name })).toBe(400);
  expect(await status("rename_run", { run_id: "0", name: " " })).toBe(400);
  expect(await status("delete_experiment", { id: "no number" })).toBe(400);
  const { experiment } = await logRun(request, name);
  expect(await status("rename_experiment", { id: experiment, name: "" })).toBe(400);
  const taken = await request.post(functions("create_experiment"), { form: { name, artifact_location: "" } });
  expect(taken.status()).toBe(400);
  expect(await taken.text()).toContain("already exists");
});

test("a name with both kinds of quotes is found", async ({ page, request }) => {
  const name = `it's "${Date.now()}"`;
  await post(request, "experiments/create", { name });
  await post(request, "registered-models/create", { name });
  for (const list of ["experiments", "models"]) {
    const answer = await page.goto(`/${list}?search=${encodeURIComponent(name)}`);
    expect(answer?.status()).toBe(200);
    await expect(page.getByRole("main").getByRole("link", { name })).toBeVisible();
  }
});

test("a press before the page reacts is made afterwards", async ({ page }) => {
  let release = () => {};
  const held = new Promise<void>((resolve) => (release = resolve));
  await page.route("**/*.wasm", async (route) => {
    await held;
    await route.continue();
  });
  await page.goto("/models", { waitUntil: "commit" });
  await page.getByRole("button", { name: "Create model" }).click();
  await expect(page.getByRole("dialog", { name: "Create model" })).toHaveCount(0);
  release();
  await expect(page.getByRole("dialog", { name: "Create model" })).toBeVisible();
});

test("a large folder shows more on demand, also without scripts", async ({ browser, request }) => {
  const { experiment, run } = await logRun(request, `folder-${Date.now()}`);
  const put = (i: number) =>
    request.put(`/api/2.0/mlflow-artifacts/artifacts/${experiment}/${run}/artifacts/many/${String(i).padStart(4, "0")}.txt`, { data: Buffer.from("x") });
  for (let i = 0; i < 510; i += 30) await Promise.all(Array.from({ length: 30 }, (_, k) => put(i + k)));
  const context = await browser.newContext({ javaScriptEnabled: false });
  const page = await context.newPage();
  await page.goto(`/experiments/${experiment}/runs/${run}?artifact=many&wait=1`);
  const tree = page.getByRole("navigation", { name: "Artifact tree" });
  await expect(tree.getByRole("link", { name: "0509.txt" })).toHaveCount(0);
  const more = await tree.getByRole("link", { name: "Show more (10 not shown)" }).getAttribute("href");
  await page.goto(`/experiments/${experiment}/runs/${run}${more}&wait=1`);
  await expect(tree.getByRole("link", { name: "0509.txt" })).toBeVisible();
  await expect(tree.getByRole("link", { name: /Show more/ })).toHaveCount(0);
  await context.close();
});

test("deleted models and versions tell their history and come back", async ({ page, request }) => {
  const name = `gone-${Date.now()}`;
  await post(request, "registered-models/create", { name });
  await post(request, "model-versions/create", { name, source: "s3://bucket/1" });
  const remove = async (path: string, data: unknown) => expect((await request.delete(`/api/2.0/mlflow/${path}`, { data })).status()).toBe(200);
  await remove("model-versions/delete", { name, version: "1" });
  let answer = await open(page, `/models/${name}/versions/1`);
  expect(answer?.status()).toBe(404);
  await expect(page.getByText("This version was deleted")).toBeVisible();
  await expect(page.getByRole("region", { name: "History" })).toContainText(/registered/i);
  await page.getByRole("button", { name: "Restore" }).click();
  await expect(page.getByRole("button", { name: "Stage: None. Change" })).toBeVisible();

  await remove("registered-models/delete", { name });
  await open(page, "/models?view=deleted");
  await page.getByRole("link", { name }).click();
  await expect(page).toHaveURL(/deleted_id=/);
  await expect(page.getByText("This model was deleted")).toBeVisible();
  answer = await open(page, `/models/${name}`);
  expect(answer?.status()).toBe(404);
  await expect(page.getByRole("region", { name: "History" })).toContainText(/created/i);
  await page.getByRole("button", { name: "Restore" }).click();
  await expect(page.getByRole("heading", { name: "Versions", exact: true })).toBeVisible();
});

test("more versions than can be compared are refused at the selection", async ({ page, request }) => {
  const name = `many-${Date.now()}`;
  await post(request, "registered-models/create", { name });
  for (let i = 1; i <= 21; i++) await post(request, "model-versions/create", { name, source: `s3://bucket/${i}` });
  await open(page, `/models/${name}`);
  for (const box of await page.getByRole("checkbox").all()) await box.check();
  await expect(page.getByText("At most 20 versions can be compared")).toBeVisible();
  await expect(page.getByRole("button", { name: "Compare (21)" })).toBeDisabled();
  await page.getByRole("checkbox").first().uncheck();
  await expect(page.getByRole("button", { name: "Compare (20)" })).toBeEnabled();
});

test("a deleted run's tags are for reading", async ({ page, request }) => {
  const { experiment, run } = await logRun(request, `read-only-${Date.now()}`);
  await post(request, "runs/delete", { run_id: run });
  await open(page, `/experiments/${experiment}/runs/${run}`);
  const tags = page.getByRole("region", { name: "Tags" });
  await expect(tags).toContainText("Restore the run to change its tags.");
  await expect(tags.getByRole("button")).toHaveCount(0);
  await expect(page.getByRole("button", { name: "Edit description" })).toHaveCount(0);
  await page.getByRole("button", { name: "Restore" }).click();
  await expect(tags.getByRole("button", { name: "Edit tag team" })).toBeVisible();
});
