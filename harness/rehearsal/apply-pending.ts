import { parseScript, type Script } from "../migrations/script.ts";
import { stemOf } from "../migrations/version.ts";
import type { RehearsalPlan } from "../workload/rehearsal-plan.ts";
import type { Stage } from "./stage.ts";
import type { FileRun } from "./watch/facts.ts";
import { performFile } from "./watch/perform.ts";
import type { Discretion } from "./watch/told.ts";

export interface Manner {
  readonly discretion: Discretion;
  readonly remedies: NonNullable<RehearsalPlan["remedies"]>;
  /** Settings of the session beside its own. */
  readonly settings?: Readonly<Record<string, string>>;
  readonly say?: (line: string) => void;
}

/**
 * Every script is run in its order, up to the first that fails and that nobody knows a remedy for; that one is the last of
 * the answer. @throws Fault ENGINE_LOST.
 */
export async function applyAll(
  stage: Stage,
  scripts: readonly Script[],
  manner: Manner,
): Promise<readonly FileRun[]> {
  const runs: FileRun[] = [];
  for (const script of scripts) {
    const run = await applyOne(stage, script, manner);
    runs.push(run);
    if (run.outcome === "failed") break;
  }
  return runs;
}

/** The file, and where it stops as the project says it may, what the project does then, and the file once more. */
export async function applyOne(stage: Stage, script: Script, manner: Manner): Promise<FileRun> {
  const first = await perform(stage, script, manner);
  const remedy = manner.remedies.find(
    ({ file, sqlstate }) => stemOf(file) === stemOf(script.file) && sqlstate === first.error?.sqlstate,
  );
  if (remedy === undefined || first.error === undefined) return first;
  const text = remedy.statements.map((statement) => `${statement.trim().replace(/;$/, "")};`).join("\n");
  const between = await perform(
    stage,
    await parseScript(text, `remedy of ${script.file}`, script.path),
    manner,
  );
  if (between.outcome === "failed") return join(first, between);
  const again = await perform(stage, script, manner);
  return {
    ...join(join(first, between), again),
    remedied: { statements: remedy.statements, first: first.error },
  };
}

function perform(stage: Stage, script: Script, { discretion, settings, say }: Manner): Promise<FileRun> {
  const { deployer: connection, superuser, sampler, tables } = stage;
  return performFile(script, {
    ...{ connection, superuser, sampler, tables, discretion },
    ...(settings && { settings }),
    ...(say && { say }),
  });
}

/** Two runs as one: how it ended is how the second did. */
function join(first: FileRun, second: FileRun): FileRun {
  const { error, ...last } = second;
  return {
    ...last,
    file: first.file,
    ...(error && { error }),
    elapsedMs: first.elapsedMs + second.elapsedMs,
    statements: [...first.statements, ...second.statements],
    notices: [...first.notices, ...second.notices],
    waiters: [...first.waiters, ...second.waiters],
    walBytes: first.walBytes + second.walBytes,
    diskBytes: first.diskBytes + second.diskBytes,
  };
}
