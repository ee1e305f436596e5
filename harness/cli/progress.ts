import ora from "ora";
import { createColors } from "picocolors";
import type { StageResult } from "../report/result.ts";
import { showsColors } from "./colors.ts";

/** Shows one line a stage while it runs, and remembers how long each took. */
export interface Progress {
  readonly stages: readonly StageResult[];
  /** Runs `work`; each `say` replaces the stage's detail, the last one stays. */
  stage<T>(name: string, work: (say: (detail: string) => void) => Promise<T>): Promise<T>;
}

const nameWidth = 12;

interface ProgressOptions {
  readonly stream: NodeJS.WriteStream;
  /** Milliseconds. */
  readonly now: () => number;
  /** Rejects when the stage under way is to be given up. */
  readonly interruption: Promise<never>;
}

/** Progress on standard error, which leaves standard output to the result. */
export function openProgress({ stream, now, interruption }: ProgressOptions): Progress {
  const stages: StageResult[] = [];
  // The marks of ora itself are coloured in files, too.
  const colors = createColors(showsColors(stream));
  return {
    stages,
    async stage(name, work) {
      const startedAt = now();
      let detail = "";
      const title = () => `${name.padEnd(nameWidth)}${detail}`;
      // Without a terminal a spinner would print its start line as well: only ends are worth a line in a log.
      const spinner = ora({ text: title(), stream, discardStdin: false });
      if (stream.isTTY) spinner.start();
      try {
        const value = await Promise.race([
          work((line) => {
            detail = line;
            spinner.text = title();
          }),
          interruption,
        ]);
        const durationMs = now() - startedAt;
        stages.push({ name, detail, durationMs });
        spinner.stopAndPersist({
          symbol: colors.green("✔"),
          text: `${title()}  ${(durationMs / 1000).toFixed(2)} s`,
        });
        return value;
      } catch (error) {
        spinner.stopAndPersist({ symbol: colors.red("✖"), text: title() });
        throw error;
      }
    },
  };
}
