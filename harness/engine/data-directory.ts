import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { Fault } from "../fault/fault.ts";
import type { Binaries } from "./binaries.ts";
import { cached } from "./cache.ts";
import type { Machine } from "./machine.ts";
import { runToEnd } from "./supervisor.ts";

/**
 * `directory` has a fresh data directory in `data`: UTF-8, with one superuser. It is a copy of the first that these
 * binaries made, since copying takes a tenth of the time. @throws Fault ENGINE_START, NO_SPACE.
 */
export async function fillDataDirectory(
  binaries: Binaries,
  directory: string,
  superuser: string,
  machine: Machine,
  patienceMs: number,
): Promise<void> {
  const run = (file: string, ...args: string[]) =>
    runToEnd({ directory, file, args, libraries: binaries.libraries, account: machine.account }, patienceMs);
  const initialize = (locale: string) =>
    run(
      join(binaries.folder, "initdb"),
      ...["-D", join(directory, "data"), "-U", superuser, "--auth=trust", "--no-sync", "--no-instructions"],
      ...["-E", "UTF8", `--locale=${locale}`],
    );
  const pristine = await cached(machine, await keyOf(binaries, superuser, machine), async (folder) => {
    try {
      await initialize("C.UTF-8");
    } catch (thrown) {
      // macOS and old C libraries have no such locale.
      if (!(thrown instanceof Fault && /invalid locale/i.test(thrown.message))) throw thrown;
      await initialize("C");
    }
    await run("mv", join(directory, "data"), folder);
  });
  await run("cp", "-pR", join(pristine, "data"), directory);
}

/** Another build or another account makes another data directory; where the build lies makes no difference. */
async function keyOf(binaries: Binaries, superuser: string, { account }: Machine): Promise<string> {
  const whose = createHash("sha256").update(JSON.stringify([superuser, account]));
  return `data-${await buildOf(binaries)}-${whose.digest("hex").slice(0, 8)}`;
}

/** Tells one build of the server from every other, by its content. */
export async function buildOf({ folder }: Binaries): Promise<string> {
  const content = await readFile(join(folder, "postgres"));
  return createHash("sha256").update(content).digest("hex").slice(0, 16);
}
