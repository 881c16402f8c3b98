// The walk's half in the browser: from an experiment's runs to a version in Production.
import { expect, test } from "@playwright/test";

import { logRun, open } from "./seed";

test("a run's model is registered, described and moved to Production", async ({ page, request }) => {
  const name = `digits-${Date.now()}`;
  const { experiment, run } = await logRun(request, name);

  await open(page, "/experiments");
  await page.getByRole("main").getByRole("link", { name }).first().click();
  await expect(page).toHaveURL(new RegExp(`/experiments/${experiment}`));
  await page.getByRole("link", { name: "mlp-64" }).first().click();
  await expect(page).toHaveURL(new RegExp(`/experiments/${experiment}/runs/${run}`));
  await expect(page.getByRole("heading", { name: "mlp-64" })).toBeVisible();
  await expect(page.getByRole("region", { name: "Metrics" })).toContainText("0.88");
  await expect(page.getByRole("region", { name: "Parameters" })).toContainText("layers");
  await expect(page.getByRole("img", { name: /20 points; last value 0.88/ })).toBeVisible();

  // The model's folder is selected on opening, with its schema.
  const artifacts = page.getByRole("region", { name: "Artifacts" });
  await expect(artifacts).toContainText("Tensor (dtype: float64, shape: [-1,64])");
  await artifacts.getByRole("link", { name: /table\.csv/ }).click();
  await expect(artifacts.getByRole("cell", { name: "178" })).toBeVisible();
  await page.goBack();

  await artifacts.getByRole("button", { name: "Register model" }).click();
  const dialog = page.getByRole("dialog", { name: "Register model" });
  await dialog.getByRole("option", { name: /Create new model/ }).click();
  await dialog.getByLabel("Model name").fill("bad/name");
  await expect(dialog).toContainText("cannot contain '/' or ':'");
  await dialog.getByLabel("Model name").fill(name);
  await dialog.getByRole("button", { name: "Register", exact: true }).click();
  await page.getByRole("link", { name: `${name}, version 1` }).click();

  await expect(page).toHaveURL(new RegExp(`/models/${name}/versions/1$`));
  await expect(page.getByText("Tensor (dtype: float64, shape: [-1,64])")).toBeVisible();
  await page.getByRole("button", { name: "Edit description" }).click();
  await page.getByLabel("Description in Markdown").fill("Sees **digits**.");
  await page.getByRole("button", { name: "Save" }).click();
  await expect(page.locator(".markdown strong")).toHaveText("digits");

  await page.getByRole("button", { name: "Stage: None. Change" }).click();
  await page.getByRole("button", { name: /Transition to.*Production/ }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Move to Production" }).click();
  await expect(page.getByRole("button", { name: "Stage: Production. Change" })).toBeVisible();

  // The pages show the change, and so does the API.
  await open(page, "/models");
  const row = page.getByRole("row", { name: new RegExp(name) });
  await expect(row).toContainText("1");
  const answer = await request.get("/api/2.0/mlflow/model-versions/get", { params: { name, version: "1" } });
  const { model_version: version } = await answer.json();
  expect(version.current_stage).toBe("Production");
  expect(version.description).toBe("Sees **digits**.");

  // The runs table names the version.
  await open(page, `/experiments/${experiment}`);
  await expect(page.getByRole("link", { name: `${name} v1` })).toBeVisible();
});

test("what is not there is a page that says so", async ({ page }) => {
  for (const address of ["/experiments/0/runs/deadbeef", "/models/nobody", "/models/nobody/versions/7", "/experiments/999999"]) {
    const answer = await page.goto(address);
    expect(answer?.status(), address).toBe(404);
    await expect(page.getByRole("alert").first()).toBeVisible();
  }
});
