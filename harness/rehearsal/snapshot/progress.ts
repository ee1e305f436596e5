// Progress: how far a restore has come, said now and then.
import { showBytes } from "../../engine/bytes.ts";

type Say = (line: string) => void;

/** How often at most. */
const everyMs = 500;
const mib = 1024 ** 2;

export interface Progress {
  /** `bytes` are done; `all`, where that is known. */
  at(bytes: number): void;
}

/** Says "restoring 312 MB of 900 MB, 45 MB/s" through `say`; `all` is absent where nobody knows. `now` is in milliseconds. */
export function openProgress(
  say: Say,
  what: string,
  all: number | undefined,
  now: () => number = () => performance.now(),
): Progress {
  const started = now();
  let said = started;
  return {
    at(bytes) {
      const time = now();
      if (time - said < everyMs) return;
      said = time;
      const rate = bytes / mib / ((time - started) / 1000);
      const of = all === undefined ? "" : ` of ${showBytes(all)}`;
      say(
        `${what} ${showBytes(Math.min(bytes, all ?? bytes))}${of}, ${rate < 10 ? rate.toFixed(1) : Math.round(rate)} MB/s`,
      );
    },
  };
}
