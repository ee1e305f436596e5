// Moment: the part of its life at which a real gate is killed; drawn by a seed, which TENANTPROOF_SEED gives again.
// Life: how long a gate takes that nobody kills, here and now; so a slow machine moves no moment.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdir, readFile, readlink } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { execa } from "execa";
import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { readOwner } from "../../harness/engine/owner.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const small = fileURLToPath(new URL("../../fixtures/projects/small", import.meta.url));
const bin = fileURLToPath(new URL("../../harness/cli/bin.mjs", import.meta.url));
const folders = ["/dev/shm", "/tmp"];

const seed = Number(process.env.TENANTPROOF_SEED ?? Date.now() % 2 ** 32);
const momentCount = 10;

/** Parts of a life, one from each tenth, so that none is missed. */
function drawMoments(engine: string): number[] {
  const drawn = fc.sample(fc.noBias(fc.integer({ min: 0, max: 99 })), {
    numRuns: momentCount,
    seed: seed + engine.length,
  });
  return drawn.map((within, tenth) => (tenth * 100 + within) / (momentCount * 100));
}

/** Run directories of the killed process, as its records say. */
async function directoriesOf(pid: number): Promise<string[]> {
  const found: string[] = [];
  for (const folder of folders)
    for (const name of (await readdir(folder)).filter((entry) => entry.startsWith("tenantproof-"))) {
      const record = await readFile(`${folder}/${name}/owner.json`, "utf8").catch(() => "");
      if (readOwner(record)?.pid === pid) found.push(`${folder}/${name}`);
    }
  return found;
}

async function processesIn(directories: readonly string[]): Promise<string[]> {
  const found: string[] = [];
  for (const pid of (await readdir("/proc")).filter((entry) => /^\d+$/.test(entry))) {
    const working = await readlink(`/proc/${pid}/cwd`).catch(() => "");
    if (directories.some((directory) => working.startsWith(directory))) found.push(`${pid} in ${working}`);
  }
  return found;
}

/** System V segments whose creator is gone: what a killed server would leave. */
async function segmentsMadeBy(postmasters: ReadonlySet<number>): Promise<string[]> {
  const lines = (await readFile("/proc/sysvipc/shm", "utf8")).trim().split("\n").slice(1);
  return lines.filter((line) => postmasters.has(Number(line.trim().split(/\s+/)[4])));
}

async function postmasterIn(directory: string): Promise<number> {
  return Number.parseInt(await readFile(`${directory}/data/postmaster.pid`, "utf8").catch(() => ""), 10);
}

/**
 * A gate that was killed so many ms after its start; `look` is called until then. One that was faster and came to its end
 * says how long a life is by now, and another is begun.
 */
async function killAt(
  engine: string,
  ageMs: (lifeMs?: number) => number,
  look: (pid: number) => Promise<void>,
): Promise<{ readonly pid: number; readonly said: string }> {
  for (let lifeMs: number | undefined; ; ) {
    const startedAt = performance.now();
    const gate = spawn(process.execPath, [bin, "gate", "--engine", engine], {
      cwd: root,
      stdio: ["ignore", "ignore", "pipe"],
    });
    const closed = once(gate, "close");
    let said = "";
    gate.stderr.on("data", (text) => {
      said += text;
    });
    const pid = gate.pid ?? 0;
    while (performance.now() < startedAt + ageMs(lifeMs) && gate.exitCode === null) {
      await look(pid);
      await sleep(20);
    }
    const ended = gate.exitCode !== null;
    gate.kill("SIGKILL");
    await closed;
    if (!ended) return { pid, said };
    lifeMs = performance.now() - startedAt;
  }
}

describe.runIf(process.platform === "linux").each(["local", "embedded"])(
  "a gate on the %s engine",
  (engine) => {
    let lifeMs = 0;

    beforeAll(async () => {
      const startedAt = performance.now();
      await execa(process.execPath, [bin, "gate", "--engine", engine], { cwd: root, reject: false });
      lifeMs = performance.now() - startedAt;
    });

    it.each(drawMoments(engine))(
      `killed after %d of its life (seed ${seed}) leaves nothing after the next start`,
      async (moment) => {
        const directories = new Set<string>();
        const postmasters = new Set<number>();
        const { pid, said } = await killAt(
          engine,
          (shorterMs = lifeMs) => moment * shorterMs,
          async (pid) => {
            for (const directory of await directoriesOf(pid)) {
              directories.add(directory);
              postmasters.add(await postmasterIn(directory));
            }
          },
        );
        const stages = said.split("\n").filter((line) => line.startsWith("✔")).length;
        console.log(
          `${engine}: killed after ${Math.round(moment * lifeMs)} ms, ${stages} stages and ${directories.size} directory`,
        );

        const next = await execa(process.execPath, [bin, "gate", "--engine", engine, "--only", "H"], {
          cwd: small,
        });
        expect(next.exitCode).toBe(0);
        expect(await directoriesOf(pid)).toEqual([]);
        // The supervisor of a killed run may be at its last line.
        await expect.poll(() => processesIn([...directories]), { timeout: 10_000 }).toEqual([]);
        expect(await segmentsMadeBy(postmasters)).toEqual([]);
      },
    );
  },
);
