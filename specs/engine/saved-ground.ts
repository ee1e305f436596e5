// Servers with saved data of a spec's own: small, in a folder that is gone afterwards.
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll } from "vitest";
import type { Cluster, EngineRequest } from "../../harness/engine/cluster.ts";
import { localEngine } from "../../harness/engine/local.ts";
import type { Machine, SavedRoom } from "../../harness/engine/machine.ts";
import { ampleRoom, furnishedMachineIn, makeScratch } from "./machines.ts";

export interface SavedGround {
  /** Where run directories are. */
  readonly scratch: string;
  readonly cache: string;
  start(request: EngineRequest, room?: SavedRoom, say?: (line: string) => void): Promise<Cluster>;
  /** The names in the cache that have to do with saved data. */
  cached(): Promise<string[]>;
  /** The names of run directories. */
  running(): Promise<string[]>;
}

/** To be opened once at the top of a spec file. */
export function openSavedGround(): SavedGround {
  let scratch: Awaited<ReturnType<typeof makeScratch>>;
  let machine: Machine;
  beforeAll(async () => {
    scratch = await makeScratch();
    machine = await furnishedMachineIn(scratch.folder);
  });
  afterAll(() => scratch[Symbol.asyncDispose]());
  const list = async (folder: string, names: RegExp) =>
    (await readdir(folder).catch(() => [])).filter((name) => names.test(name)).sort();
  return {
    get scratch() {
      return scratch.folder;
    },
    get cache() {
      return join(scratch.folder, "cache");
    },
    start(request, savedRoom = ampleRoom, say = () => {}) {
      return localEngine({ ...machine, savedRoom }).start(request, say);
    },
    cached: () => list(join(scratch.folder, "cache"), /^(saved|saving|removed)-/),
    running: () => list(scratch.folder, /^tenantproof-/),
  };
}
