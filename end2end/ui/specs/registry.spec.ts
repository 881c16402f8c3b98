// What the registry remembers, asks and takes back; and whom it tells.
import { expect, test } from "@playwright/test";

import { hydrated, logRun, open, post } from "./seed";

test("a version lacks what its model requires, is deleted and comes back, and the history tells", async ({ page, request }) => {
  const name = `guarded-${Date.now()}`;
  await post(request, "registered-models/create", { name });
  for (const version of [1, 2]) await post(request, "model-versions/create", { name, source: `s3://bucket/${version}` });
  await post(request, "model-versions/transition-stage", { name, version: "1", stage: "Production" });

  await open(page, `/models/${name}`);
  await page.getByRole("button", { name: "Requirements" }).click();
  const requirements = page.getByRole("dialog", { name: "Requirements for Production" });
  await requirements.getByLabel("A description").check();
  await requirements.getByRole("button", { name: "Require a tag" }).click();
  await requirements.getByLabel("Required tag").fill("validated");
  await requirements.getByLabel("Required value").fill("yes");
  await requirements.getByRole("button", { name: "Save" }).click();
  await expect(page.getByText("a description, the tag validated = yes").first()).toBeVisible();

  await open(page, `/models/${name}/versions/2`);
  await page.getByRole("button", { name: "Stage: None. Change" }).click();
  await page.getByRole("button", { name: /Transition to.*Production/ }).click();
  const move = page.getByRole("dialog", { name: "Move to Production" });
  await expect(move).toContainText("the tag 'validated' with the value 'yes'");
  await move.getByRole("button", { name: "Move to Production" }).click();
  await expect(move.getByRole("alert")).toContainText("requires a description, the tag 'validated'");
  await move.getByRole("button", { name: "Cancel" }).click();

  await post(request, "model-versions/set-tag", { name, version: "2", key: "validated", value: "yes" });
  await request.patch("/api/2.0/mlflow/model-versions/update", { data: { name, version: "2", description: "Good." } });
  await page.reload();
  await hydrated(page);
  await page.getByRole("button", { name: "Stage: None. Change" }).click();
  await page.getByRole("button", { name: /Transition to.*Production/ }).click();
  await expect(move).toContainText("Version 1");
  await move.getByRole("button", { name: "Move to Production" }).click();
  await expect(page.getByRole("button", { name: "Stage: Production. Change" })).toBeVisible();

  await page.getByRole("button", { name: "Delete", exact: true }).click();
  const deletion = page.getByRole("dialog", { name: "Delete model version" });
  await expect(deletion).toContainText("This version is in Production");
  await deletion.getByRole("button", { name: "Delete", exact: true }).click();
  await expect(page).toHaveURL(new RegExp(`/models/${name}$`));
  await page.getByRole("button", { name: "Undo" }).click();
  await expect(page).toHaveURL(new RegExp(`/models/${name}/versions/2$`));
  await expect(page.getByRole("button", { name: "Stage: Production. Change" })).toBeVisible();

  await open(page, `/models/${name}`);
  const history = page.getByRole("region", { name: "History" });
  for (const line of ["restored", "deleted", /moved from\s*None\s*to\s*Production, archiving Version 1/, "requirements for Production changed", "created"]) {
    await expect(history.getByRole("row").filter({ hasText: line }).first()).toBeVisible();
  }
  await history.getByLabel("In Production on").fill(new Date().toISOString().slice(0, 10));
  await history.getByRole("button", { name: "Show" }).click();
  await expect(history.getByRole("status")).toContainText("Version 2, in Production since");
});

test("a deleted model is restored from the list of what was deleted", async ({ page, request }) => {
  const name = `undone-${Date.now()}`;
  await post(request, "registered-models/create", { name });
  await request.delete("/api/2.0/mlflow/registered-models/delete", { data: { name } });
  await open(page, "/models");
  await page.getByRole("link", { name: "Deleted", exact: true }).click();
  await page.getByRole("button", { name: `Restore ${name}` }).click();
  await page.getByRole("link", { name: "Open" }).click();
  await expect(page.getByRole("heading", { name })).toBeVisible();
});

test("two versions stand side by side", async ({ page, request }) => {
  const name = `compared-${Date.now()}`;
  const [first, second] = [await logRun(request, name), await logRun(request, `${name}-again`)];
  await post(request, "registered-models/create", { name });
  for (const { run, model } of [first, second]) {
    const tags = run === second.run ? [{ key: "kind", value: "other" }] : [];
    await post(request, "model-versions/create", { name, source: `models:/${model}`, run_id: run, model_id: model, tags });
  }
  await open(page, `/models/${name}/compare?versions=1,2`);
  const table = page.getByRole("table", { name: "Versions side by side" });
  // What differs: the tag, and the file that names its model. The param is the same.
  await expect(table.getByRole("row", { name: "kind" })).toContainText("other");
  const files = page.getByRole("table", { name: "Schemas and artifacts side by side" });
  await expect(files.getByRole("row", { name: "MLmodel" })).toContainText("SHA-256");
  await expect(table).not.toContainText("layers");
  await page.getByLabel("Show diff only").uncheck();
  await expect(table.getByRole("row", { name: "layers" })).toContainText("64");
});

test("a webhook is set up, refused where it is wrong, disabled and deleted", async ({ page }) => {
  const name = `hook-${Date.now()}`;
  await open(page, "/models");
  await page.getByRole("link", { name: "Webhooks" }).click();
  await page.getByRole("button", { name: "New webhook" }).first().click();
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("Name").fill(name);
  await dialog.getByLabel("URL").fill("https://127.0.0.1/hook");
  await dialog.getByLabel("model_version_alias.deleted").check();
  await dialog.getByRole("button", { name: "Create" }).click();
  await expect(dialog.getByRole("alert").first()).toBeVisible();
  await dialog.getByLabel("URL").fill("https://8.8.8.8/hook");
  await dialog.getByRole("button", { name: "Create" }).click();
  const row = page.getByRole("row", { name: new RegExp(name) });
  await expect(row).toContainText("https://8.8.8.8/hook");
  await row.getByRole("button", { name: `Disable ${name}` }).click();
  await expect(row.getByRole("button", { name: `Enable ${name}` })).toBeVisible();
  await row.getByRole("button", { name: `Delete ${name}` }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Delete", exact: true }).click();
  await expect(row).toHaveCount(0);
});

test("a folder is downloaded as one archive", async ({ page, request }) => {
  const { experiment, run } = await logRun(request, `zipped-${Date.now()}`);
  await open(page, `/experiments/${experiment}/runs/${run}`);
  const download = page.waitForEvent("download");
  await page.getByRole("link", { name: "Download folder" }).click();
  expect((await download).suggestedFilename()).toBe("net.zip");
  expect(await (await download).failure()).toBeNull();
});

test("the runs table goes by keyboard", async ({ page, request }) => {
  const { experiment, run } = await logRun(request, `keys-${Date.now()}`);
  await open(page, `/experiments/${experiment}`);
  const table = page.getByRole("grid");
  await table.focus();
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("Space");
  await expect(page.getByText("1 selected")).toBeVisible();
  await page.keyboard.press("Enter");
  await expect(page).toHaveURL(new RegExp(`/runs/${run}`));
});
