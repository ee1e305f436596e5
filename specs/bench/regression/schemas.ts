// Schemas that differ in one thing: this package's migrations, some of them edited, each with the same rows in it.
import { cp, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { cellsOf } from "../../../harness/bench/regression/arms.ts";
import { compareSchemas } from "../../../harness/bench/regression/compare.ts";
import { type Prepared, prepareContestant } from "../../../harness/bench/regression/contestant.ts";
import type { RegressionResult } from "../../../harness/bench/result.ts";
import { type GroundHost, readSubject, type Stages } from "../../../harness/guarantees/ground.ts";
import { scaleOf } from "../../../harness/workload/scale.ts";
import type { Query, Workload } from "../../../harness/workload/workload.ts";
import { configuredProject } from "../../promises/subject.ts";

/** What stands in a migration, and what is to stand there; without `from`, what is to stand behind everything. */
export interface Edit {
  readonly file: string;
  readonly from?: string;
  readonly to: string;
}

export interface Schemas extends AsyncDisposable {
  readonly queries: readonly Query[];
  /** The migrations with these edits, with the rows. */
  make(edits?: readonly Edit[]): Promise<Prepared>;
  compare(base: Prepared, head: Prepared, queries: readonly Query[]): Promise<RegressionResult>;
}

const seed = 7;
const scale = scaleOf(20_000, 20, new Date("2025-01-10T00:00:00Z"));
const stages: Stages = { stage: (_, work) => work(() => {}) };

export async function openSchemas(cluster: GroundHost): Promise<Schemas> {
  const project = configuredProject();
  const all = project.workload as Workload;
  const sheets = all.sheets.filter(({ name }) => ["organizations", "users", "contacts"].includes(name));
  const workload = { ...all, sheets };
  const folder = await mkdtemp(join(tmpdir(), "schemas-"));
  const made: AsyncDisposable[] = [];
  return {
    queries: workload.queries,
    async make(edits = []) {
      const migrations = join(folder, String(made.length));
      await cp(project.migrations, migrations, { recursive: true });
      for (const edit of edits) await apply(join(migrations, `20250110_${edit.file}.sql`), edit);
      const subject = await readSubject({ ...project, migrations });
      const contestant = await prepareContestant(migrations, {
        ...{ cluster, subject, workload, scale, seed, stages },
      });
      made.push(contestant);
      return contestant;
    },
    compare: (base, head, queries) =>
      compareSchemas({
        ...{ cluster, base, head, workload, scale, seed, tenancy: project.tenancy },
        deployer: head.deployer,
        cells: cellsOf(queries, scale).filter(({ at }) => at === "largest"),
        ...{ rounds: { first: 10, most: 10 }, samples: 10, warmUps: 12 },
        say: () => {},
      }),
    async [Symbol.asyncDispose]() {
      for (const one of made) await one[Symbol.asyncDispose]();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function apply(file: string, { from, to }: Edit): Promise<void> {
  const text = await readFile(file, "utf8");
  if (from !== undefined && !text.includes(from)) throw new Error(`nothing to replace in ${file}: ${from}`);
  await writeFile(file, from === undefined ? `${text}\n${to};\n` : text.replaceAll(from, () => to));
}
