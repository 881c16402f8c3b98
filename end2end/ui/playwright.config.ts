import { existsSync } from "node:fs";
import { defineConfig } from "@playwright/test";

// The main process chooses the port; its workers read this file again and inherit what it chose.
process.env.FERROFLOW_UI_PORT ??= String(15_000 + Math.floor(Math.random() * 15_000));
const given = process.env.FERROFLOW_UI_URL;
const baseURL = given ?? `http://127.0.0.1:${process.env.FERROFLOW_UI_PORT}`;
const chromium = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"].find((path) => existsSync(path));

export default defineConfig({
  testDir: "specs",
  fullyParallel: true,
  workers: 2,
  forbidOnly: true,
  timeout: 30_000,
  expect: { timeout: 7_000 },
  reporter: [["list"], ["html", { open: "never" }]],
  use: {
    baseURL,
    locale: "en-GB",
    timezoneId: "Europe/Berlin",
    trace: "retain-on-failure",
    screenshot: "only-on-failure",
  },
  projects: [
    {
      name: "chromium",
      use: {
        browserName: "chromium",
        viewport: { width: 1440, height: 900 },
        launchOptions: {
          // The system's browser where there is one, else the one that Playwright installed.
          executablePath: chromium,
          args: [
            "--no-sandbox",
            "--disable-gpu",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            "--no-first-run",
          ],
        },
      },
    },
  ],
  // Without FERROFLOW_UI_URL, the real binary is started for the tests, on PostgreSQL and S3 where they are given.
  webServer: given
    ? undefined
    : {
        command: "./serve.sh",
        url: `${baseURL}/health`,
        timeout: 30_000,
        gracefulShutdown: { signal: "SIGTERM", timeout: 10_000 },
        stdout: "ignore",
        stderr: "pipe",
      },
});
