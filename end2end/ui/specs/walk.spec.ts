// The walk's half in the browser: from an experiment's runs to a version in Production.
import { type APIRequestContext, expect, test } from "@playwright/test";

const SIGNATURE = {
  inputs: '[{"type": "tensor", "tensor-spec": {"dtype": "float64", "shape": [-1, 64]}}]',
  outputs: '[{"type": "long", "name": "digit", "required": true}]',
};

interface Logged {
  experiment: string;
  run: string;
  model: string;
}

async function post(request: APIRequestContext, path: string, data: unknown) {
  const answer = await request.post(`/api/2.0/mlflow/${path}`, { data });
  expect(answer.status(), await answer.text()).toBe(200);
  return answer.json();
}

/** What a 3.x client sends for a run with metrics, params, files and a model named `net`. */
async function logRun(request: APIRequestContext, name: string): Promise<Logged> {
  const { experiment_id: experiment } = await post(request, "experiments/create", { name });
  const { run } = await post(request, "runs/create", { experiment_id: experiment, run_name: "mlp-64", start_time: 1_700_000_000_000 });
  const id = run.info.run_id as string;
  const metrics = Array.from({ length: 20 }, (_, step) => ({ key: "accuracy", value: 0.5 + step / 50, timestamp: 1_700_000_000_000 + step, step }));
  await post(request, "runs/log-batch", { run_id: id, metrics, params: [{ key: "layers", value: "64" }], tags: [{ key: "team", value: "digits" }] });
  const { model } = await post(request, "logged-models", { experiment_id: experiment, name: "net", source_run_id: id });
  const model_id = model.info.model_id as string;
  await post(request, "runs/outputs", { run_id: id, models: [{ model_id, step: 0 }] });
  const put = async (path: string, body: string) => {
    const answer = await request.put(`/api/2.0/mlflow-artifacts/artifacts/${path}`, { data: Buffer.from(body) });
    expect(answer.status()).toBe(200);
  };
  const file = `flavors:\n  python_function:\n    loader_module: mlflow.sklearn\n  sklearn: {}\nmodel_id: ${model_id}\nsignature:\n  inputs: '${SIGNATURE.inputs}'\n  outputs: '${SIGNATURE.outputs}'\n`;
  await put(`${experiment}/models/${model_id}/artifacts/MLmodel`, file);
  await put(`${experiment}/${id}/artifacts/table.csv`, "digit,count\n0,178\n1,182\n");
  const ready = await request.patch(`/api/2.0/mlflow/logged-models/${model_id}`, { data: { model_id, status: "LOGGED_MODEL_READY" } });
  expect(ready.status()).toBe(200);
  await post(request, "runs/update", { run_id: id, status: "FINISHED", end_time: 1_700_000_060_000 });
  return { experiment, run: id, model: model_id };
}

test("a run's model is registered, described and moved to Production", async ({ page, request }) => {
  const name = `digits-${Date.now()}`;
  const { experiment, run } = await logRun(request, name);

  await page.goto("/experiments");
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

  await artifacts.getByRole("button", { name: "Register Model" }).click();
  const dialog = page.getByRole("dialog", { name: "Register Model" });
  await dialog.getByRole("option", { name: /Create New Model/ }).click();
  await dialog.getByLabel("Model Name").fill("bad/name");
  await expect(dialog).toContainText("cannot contain '/' or ':'");
  await dialog.getByLabel("Model Name").fill(name);
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
  await page.goto("/models");
  const row = page.getByRole("row", { name: new RegExp(name) });
  await expect(row).toContainText("1");
  const answer = await request.get("/api/2.0/mlflow/model-versions/get", { params: { name, version: "1" } });
  const { model_version: version } = await answer.json();
  expect(version.current_stage).toBe("Production");
  expect(version.description).toBe("Sees **digits**.");

  // The runs table names the version.
  await page.goto(`/experiments/${experiment}`);
  await expect(page.getByRole("link", { name: new RegExp(`${name}.*1`) }).first()).toBeVisible();
});

test("what is not there is a page that says so", async ({ page }) => {
  for (const address of ["/experiments/0/runs/deadbeef", "/models/nobody", "/models/nobody/versions/7", "/experiments/999999"]) {
    const answer = await page.goto(address);
    expect(answer?.status(), address).toBe(404);
    await expect(page.getByRole("alert").first()).toBeVisible();
  }
});
