import { execa } from "execa";
import type { Account } from "./machine.ts";
import { runToEnd } from "./supervisor.ts";

const leastPatienceMs = 60_000;
/** Slower than any disk that a server could be measured on. */
const bytesPerMs = 20_000;

interface Copying {
  /** Where it works and logs. It is removed when we end before the copy is made. */
  readonly directory: string;
  readonly account: Account | undefined;
  /** What there is to copy, for how long it may take. */
  readonly bytes: number;
  readonly signal?: AbortSignal | undefined;
}

/**
 * All that is in `from` is in the folder `to` as well, with the same rights and times; where the file system can, the
 * two share their blocks until one is written to. @throws Fault ENGINE_START, NO_SPACE.
 */
export async function copyContents(from: string, to: string, copying: Copying): Promise<void> {
  const { directory, account, bytes, signal } = copying;
  // Copied with the account's rights, so that a link leads nowhere.
  const args = ["-pR", ...(await sharing()), `${from}/.`, to];
  await runToEnd(
    // Half a copy is of no use to anybody.
    { directory, file: "cp", args, account, graceSeconds: 0 },
    Math.max(leastPatienceMs, bytes / bytesPerMs),
    signal,
  );
}

/** GNU's cp does it when asked; on others it is either usual or unknown. */
async function sharing(): Promise<string[]> {
  const { exitCode } = await execa("cp", ["--reflink=auto", "--version"], { reject: false, cwd: "/" });
  return exitCode === 0 ? ["--reflink=auto"] : [];
}
