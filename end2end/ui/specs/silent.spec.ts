// An artifact store that takes connections and never answers must not hold up pages.
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { type AddressInfo, type Server, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { expect, test } from "@playwright/test";

/** Whether the page shows within a time in which nobody notices a wait; far below what a silent store takes. */
const SOON = 2_000;
let store: Server;
let server: ChildProcess;
let folder: string;
let base: string;

test.beforeAll(async () => {
  const binary = process.env.FERROFLOW_BIN;
  if (!binary) throw new Error("FERROFLOW_BIN names no binary to start");
  store = createServer(() => {});
  await new Promise<void>((resolve) => store.listen(0, "127.0.0.1", resolve));
  folder = mkdtempSync(join(tmpdir(), "ferroflow-silent."));
  const environment = { ...process.env, MLFLOW_S3_ENDPOINT_URL: `http://127.0.0.1:${(store.address() as AddressInfo).port}`, AWS_ACCESS_KEY_ID: "a", AWS_SECRET_ACCESS_KEY: "b", AWS_REGION: "us-east-1" };
  server = spawn(binary, ["server", "--port", "0", "--backend-store-uri", `sqlite:///${folder}/f.db`, "--artifacts-destination", "s3://silent/x"], { env: environment, stdio: ["ignore", "pipe", "ignore"] });
  base = await new Promise((resolve, reject) => {
    let text = "";
    server.stdout!.on("data", (data) => {
      text += data;
      const found = /http:\/\/localhost:\d+/.exec(text);
      if (found) resolve(found[0]);
    });
    server.on("exit", () => reject(new Error(`the server ended: ${text}`)));
  });
});

test.afterAll(() => {
  server.kill();
  store.close();
  rmSync(folder, { recursive: true, force: true });
});

test("pages show all but what the silent store has", async ({ page, request }) => {
  const post = async (path: string, data: unknown) => (await request.post(`${base}/api/2.0/mlflow/${path}`, { data })).json();
  await post("registered-models/create", { name: "m" });
  for (const source of ["s3://silent/1", "s3://silent/2"]) await post("model-versions/create", { name: "m", source });
  const { run } = await post("runs/create", { experiment_id: "0", run_name: "r" });
  for (const path of ["/models/m/versions/1", "/models/m/compare?versions=1,2", `/experiments/0/runs/${run.info.run_id}`]) {
    const began = Date.now();
    const answer = await request.get(base + path);
    expect(answer.status(), path).toBe(200);
    expect(Date.now() - began, path).toBeLessThan(SOON);
  }
  // The page reacts while the store is being waited for.
  await page.goto(`${base}/models/m/versions/1`);
  await expect(page.locator("html[data-hydrated]")).toBeAttached();
  await page.getByRole("button", { name: "Edit description" }).click();
  await expect(page.getByLabel("Description in Markdown")).toBeVisible();
  await page.keyboard.press("Escape");
  const schema = page.getByRole("region", { name: "Schema" });
  await expect(schema.getByRole("alert")).toContainText("store", { timeout: 25_000 });
});
