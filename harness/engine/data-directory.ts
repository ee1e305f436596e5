import { join } from "node:path";
import { Fault } from "../fault/fault.ts";
import type { Binaries } from "./binaries.ts";
import type { Machine } from "./machine.ts";
import { runToEnd } from "./supervisor.ts";

const initdbTimeoutMs = 60_000;

/** `directory` has a fresh data directory in `data`, UTF-8, with one superuser. @throws Fault ENGINE_START, NO_SPACE. */
export async function fillDataDirectory(
  { folder, libraries }: Binaries,
  directory: string,
  superuser: string,
  { account }: Machine,
): Promise<void> {
  const initialize = (locale: string) =>
    runToEnd(
      {
        directory,
        file: join(folder, "initdb"),
        args: [
          ...["-D", join(directory, "data"), "-U", superuser, "--auth=trust", "-E", "UTF8"],
          ...[`--locale=${locale}`, "--no-sync", "--no-instructions"],
        ],
        libraries,
        account,
      },
      initdbTimeoutMs,
    );
  try {
    await initialize("C.UTF-8");
  } catch (thrown) {
    // macOS and old C libraries have no such locale.
    if (!(thrown instanceof Fault && /invalid locale/i.test(thrown.message))) throw thrown;
    await initialize("C");
  }
}
