// What the specs start from, logged over MLflow's API as a 3.x client does.
import { type APIRequestContext, type Page, expect } from "@playwright/test";

const SIGNATURE = {
  inputs: '[{"type": "tensor", "tensor-spec": {"dtype": "float64", "shape": [-1, 64]}}]',
  outputs: '[{"type": "long", "name": "digit", "required": true}]',
};

export interface Logged {
  experiment: string;
  run: string;
  model: string;
}

/** Waits until the page reacts. */
export const hydrated = (page: Page) => expect(page.locator("html[data-hydrated]")).toBeAttached();

/** Goes to an address and waits until the page reacts; its answer. */
export async function open(page: Page, address: string) {
  const answer = await page.goto(address);
  await hydrated(page);
  return answer;
}

/** A POST to MLflow's API that must succeed; its answer. */
export async function post(request: APIRequestContext, path: string, data: unknown) {
  const answer = await request.post(`/api/2.0/mlflow/${path}`, { data });
  expect(answer.status(), await answer.text()).toBe(200);
  return answer.json();
}

/** What a 3.x client sends for a run with metrics, params, files and a model named `net`. */
export async function logRun(request: APIRequestContext, name: string): Promise<Logged> {
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
