import { fileURLToPath } from "node:url";
import { execa } from "execa";
import { withConnection } from "../harness/engine/connection.ts";
import { cloneDatabase } from "../harness/engine/database.ts";
import type { Ground } from "../harness/guarantees/ground.ts";
import { neighboursOf, strangersOf } from "../harness/guarantees/isolation/attackers.ts";
import { attacksOn } from "../harness/guarantees/isolation/attacks.ts";
import { targetsOf } from "../harness/guarantees/isolation/isolation.ts";
import { applyPlan } from "../harness/migrations/apply.ts";
import type { Experiment } from "../harness/session/session.ts";
import { engine, makeGround, openEngine, root, seed } from "./ground.ts";
import type { StageName } from "./harness.ts";

const bin = fileURLToPath(new URL("../harness/cli/bin.mjs", import.meta.url));

/** The samples of each stage, one after the other: nothing else of ours runs meanwhile. */
export async function* measureAll(): AsyncGenerator<{
  readonly stage: StageName;
  readonly samples: readonly number[];
}> {
  // The first start fetches and unpacks what later ones find in the cache.
  await startOnce();
  yield { stage: "firstSession", samples: await repeat(5, () => elapsedMs(startOnce)) };
  await using cluster = await openEngine();
  await Promise.all(ending);
  const ground = await makeGround(cluster);
  yield { stage: "migrations", samples: await repeat(9, () => applyOnce(ground)) };
  yield { stage: "clone", samples: await repeat(25, () => cloneOnce(ground)) };
  yield { stage: "experiments", samples: await repeat(9, () => attackOnce(ground)) };
  await cluster[Symbol.asyncDispose]();
  const tables = ["--only", "S,T,C,A,N"];
  yield { stage: "tables", samples: await repeat(5, () => elapsedMs(() => runGate(tables))) };
  yield { stage: "gate", samples: await repeat(3, () => elapsedMs(() => runGate())) };
}

async function repeat(times: number, measure: () => Promise<number>): Promise<number[]> {
  const samples: number[] = [];
  for (let run = 0; run < times; run++) samples.push(await measure());
  return samples;
}

async function elapsedMs(work: () => Promise<unknown>): Promise<number> {
  const startedAt = performance.now();
  await work();
  return performance.now() - startedAt;
}

/** Its end is not part of the sample: by then the first session has been had. */
async function startOnce(): Promise<void> {
  const cluster = await openEngine();
  await withConnection(cluster.superuser, (connection) => connection.query("select 1"));
  ending.push(cluster[Symbol.asyncDispose]());
}
const ending: PromiseLike<void>[] = [];

async function applyOnce(ground: Ground): Promise<number> {
  await using site = await ground.open("before");
  const deployer = await site.connection("deployer");
  return await elapsedMs(() => applyPlan(deployer, ground.plan, ground.limits));
}

async function cloneOnce({ cluster, templates }: Ground): Promise<number> {
  const startedAt = performance.now();
  await using _clone = await cloneDatabase(cluster, templates.populated);
  return performance.now() - startedAt;
}

/** Experiments a second, of those that T6 runs. */
async function attackOnce(ground: Ground): Promise<number> {
  await using site = await ground.open("populated");
  await using sessions = site.openSessions({ size: 1 });
  const experiments = attacksOf(ground);
  const tookMs = await elapsedMs(() => sessions.attempt(experiments));
  return experiments.length / (tookMs / 1000);
}

function attacksOf(ground: Ground): Experiment[] {
  const { population, society, tenancy } = ground;
  const { outsider, newcomer, member } = society;
  return targetsOf(ground).flatMap((target) => {
    const [victimRow] = population.rows(target.table, member.tenant);
    if (victimRow === undefined) return [];
    const victim = { victim: member.tenant, victimRow };
    const victimNewRow = population.newRow(target.table, member.tenant);
    const attacks = attacksOn(target, { ...victim, victimNewRow, own: undefined, reachable: 0 });
    const attackers = [...neighboursOf([outsider], tenancy), ...strangersOf(newcomer, tenancy)];
    return attackers.flatMap(({ actor }) => attacks.map(({ sql }) => ({ actor, sql })));
  });
}

async function runGate(only: readonly string[] = []): Promise<void> {
  const gate = [bin, "gate", "--engine", engine, "--seed", String(seed), ...only];
  const { exitCode } = await execa(process.execPath, gate, { cwd: root, reject: false });
  if (exitCode !== 0) console.log(`The gate itself ended in exit code ${exitCode}; see npm run gate.`);
}
