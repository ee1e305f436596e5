import { cp, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import type { Breakage } from "../../fixtures/broken/breakage.ts";
import { breakages } from "../../fixtures/broken/breakages.ts";
import { type Host, prepareGround, prepareHost, readSubject } from "../../harness/guarantees/ground.ts";
import { proveAll } from "../../harness/guarantees/prove.ts";
import { sharedHost } from "../ground.ts";
import { configuredProject } from "../promises/subject.ts";

const seed = 20_250_110;
const silent = { stage: <T>(_: string, work: (say: () => void) => Promise<T>) => work(() => {}) };

/** A copy of the migrations with the edits in it; the caller removes it. */
async function breakCopy({ edits }: Breakage): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "tenantproof-broken-"));
  await cp(configuredProject().migrations, folder, { recursive: true });
  for (const { file, find, put } of edits) {
    const path = join(folder, dirname(file));
    const name = (await readdir(path)).find((one) => one.endsWith(`_${basename(file)}.sql`)) ?? file;
    const before = await readFile(join(path, name), "utf8");
    const after = before.replace(find, put);
    if (after === before) throw new Error(`${file} holds nothing like ${find}`);
    await writeFile(join(path, name), after);
  }
  return folder;
}

let host: Host;

beforeAll(async () => {
  host = await prepareHost(sharedHost(), await readSubject(configuredProject()), silent);
});

describe("the gate names the promise that an edit breaks", () => {
  it.concurrent.each(breakages.map((breakage) => [breakage.promise, breakage.name, breakage] as const))(
    "%s: %s",
    async (promise, _, breakage) => {
      const folder = await breakCopy(breakage);
      try {
        const project = configuredProject(folder);
        const ground = await prepareGround(host, await readSubject(project), silent, { seed });
        const [proven] = await proveAll(
          ground,
          project.guarantees.filter(({ id }) => id === promise),
        );
        expect(proven?.verdict.state).toBe("broken");
      } finally {
        await rm(folder, { recursive: true });
      }
    },
  );
});

it("breaks every promise of the project at least once", () => {
  const broken = new Set(breakages.map(({ promise }) => promise));
  expect(
    configuredProject()
      .guarantees.map(({ id }) => id)
      .filter((id) => !broken.has(id)),
  ).toEqual([]);
});
