import { basename } from "node:path";
import type { Address } from "../../engine/cluster.ts";
import { connect, runErrand } from "../../engine/connection.ts";
import type { Job, JobPlan } from "./job.ts";
import { type Outline, OutlineMaker } from "./outline.ts";
import { openProgress, type Progress } from "./progress.ts";
import { restoreScript } from "./restore-script.ts";
import { heed, quietly } from "./restore-session.ts";
import { judge } from "./rules.ts";
import { readScript } from "./script.ts";
import { readSource } from "./source.ts";
import { Ending } from "./whole.ts";

/** Plain SQL is read twice: what it needs must be there before its first statement, and its last comment says whether it is whole. */
export async function openScriptJob(plan: JobPlan): Promise<Job> {
  const outline = await survey(plan);
  return {
    outline,
    async restore(address, missing) {
      try {
        return await restoreFiles(plan, address, outline, missing);
      } catch (thrown) {
        heed(plan.signal);
        throw thrown;
      }
    },
    async [Symbol.asyncDispose]() {},
  };
}

async function survey(plan: JobPlan): Promise<Outline> {
  const { snapshot, cluster, say, signal } = plan;
  const maker = new OutlineMaker();
  const progress = openProgress(say, "reading", snapshot.bytes);
  try {
    for await (const { file, chunks } of sourcesOf(plan, progress)) {
      const ending = new Ending();
      for await (const piece of readScript(chunks, file)) {
        judge(piece, cluster.major, file);
        ending.pass(piece.text);
        if (piece.kind === "copy") await maker.addCopy(piece.text, `${file}:${piece.line}`);
        if (piece.kind === "statement") await maker.addStatement(piece.text);
      }
      // A project need not have roles of its own.
      if (snapshot.kind !== "supabase" || basename(file) !== "roles.sql")
        ending.check(file, snapshot.kind === "supabase");
    }
  } catch (thrown) {
    heed(signal);
    throw thrown;
  }
  return maker.outline();
}

async function restoreFiles(
  plan: JobPlan,
  address: Address,
  outline: Outline,
  missing: ReadonlyMap<string, string>,
): Promise<readonly string[]> {
  const { snapshot, cluster, say, signal } = plan;
  heed(signal);
  const explained = new Set<string>();
  const progress = openProgress(say, "restoring", snapshot.bytes);
  await using connection = await connect(quietly(address));
  const { rows } = await connection.query<{ pid: number }>("select pg_catalog.pg_backend_pid() as pid");
  const end = () => {
    // Its statement may take long: the session is ended, and what waits for it is told.
    runErrand(cluster.superuser, (superuser) =>
      superuser.query("select pg_catalog.pg_terminate_backend($1)", [rows[0]?.pid]),
    ).catch(() => {});
  };
  signal?.addEventListener("abort", end, { once: true });
  try {
    for await (const { file, chunks } of sourcesOf(plan, progress)) {
      // The Supabase CLI restores rows so: no trigger fires, and no order of tables matters.
      if (snapshot.kind === "supabase" && basename(file) === "data.sql") {
        await connection.query("set session_replication_role = replica");
      }
      const { major } = cluster;
      await restoreScript(connection, { file, chunks, major, outline, missing, explained });
    }
  } finally {
    signal?.removeEventListener("abort", end);
  }
  return [...explained];
}

async function* sourcesOf({ snapshot, signal }: JobPlan, progress: Progress) {
  let before = 0;
  for (const file of snapshot.files) {
    let here = 0;
    const onBytes = (bytes: number) => {
      here = bytes;
      progress.at(before + here);
    };
    yield { file, chunks: readSource(file, snapshot.compression, { onBytes, signal }) };
    before += here;
  }
}
