import { existsSync } from "node:fs";
import { type Browser, chromium } from "playwright-core";

const usual = "/usr/bin/chromium";

/** Debian's Chromium, or that of TENANTPROOF_CHROMIUM. @throws Error with what to do when there is none. */
export async function openChromium(): Promise<Browser> {
  const executablePath = process.env.TENANTPROOF_CHROMIUM ?? usual;
  if (!existsSync(executablePath))
    throw new Error(
      `there is no Chromium at ${executablePath}: install it (apt-get install -y chromium), or name one in TENANTPROOF_CHROMIUM`,
    );
  return chromium.launch({
    executablePath,
    args: [
      ...["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"],
      ...["--disable-background-networking", "--disable-component-update", "--disable-sync"],
    ],
  });
}
