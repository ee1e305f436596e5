import { cp, mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { beforeAll, describe, expect, inject, it } from "vitest";
import {
  type Ground,
  type Host,
  prepareGround,
  prepareHost,
  readSubject,
} from "../../harness/guarantees/ground.ts";
import { proveImmutability } from "../../harness/guarantees/immutability.ts";
import { proveIsolation } from "../../harness/guarantees/isolation/isolation.ts";
import { provePooling } from "../../harness/guarantees/pooling.ts";
import { proveLeastPrivilege } from "../../harness/guarantees/privileges.ts";
import type { Project } from "../../harness/guarantees/project.ts";
import { Proof } from "../../harness/guarantees/proof.ts";
import { proveReferences } from "../../harness/guarantees/references.ts";
import { proveSideDoors } from "../../harness/guarantees/side-doors/side-doors.ts";
import { proveTenantColumn } from "../../harness/guarantees/tenant-column.ts";

const folder = fileURLToPath(new URL("../../fixtures/guarantees/", import.meta.url));
const silent = { stage: <T>(_: string, work: (say: () => void) => Promise<T>) => work(() => {}) };

/** The name of its folder of fixtures -> the experiments. */
const guarantees: Readonly<Record<string, (ground: Ground, proof: Proof) => Promise<void>>> = {
  immutability: proveImmutability,
  isolation: proveIsolation,
  pooling: provePooling,
  privileges: proveLeastPrivilege,
  references: proveReferences,
  "side-doors": proveSideDoors,
  "tenant-column": proveTenantColumn,
};

function projectIn(migrations: string): Project {
  return {
    migrations,
    baseline: [],
    platform: "supabase",
    privileges: "open",
    tenancy: {
      tenants: { schema: "public", name: "workspaces", key: "id" },
      column: "workspace_id",
      claims: ({ id, tenant }) => ({ sub: id, app_metadata: { workspace_id: tenant } }),
      access: {
        "public.workspaces": ["SELECT"],
        "public.folders": ["SELECT", "INSERT", "UPDATE", "DELETE"],
        "public.notes": ["SELECT", "INSERT", "UPDATE", "DELETE"],
      },
      records: {},
      immutable: { sqlstate: "23514", message: "a row stays in its workspace" },
    },
    recipes: {},
    guarantees: [],
  };
}

let host: Host;

beforeAll(async () => {
  host = await prepareHost(inject("shared"), { project: projectIn(folder), plan: [], baseline: [] }, silent);
});

/** The verdict on the sound schema with the guarantee's own change on top. */
async function verdictOn(guarantee: string, change: "breaks" | "holds") {
  const migrations = await mkdtemp(join(tmpdir(), "tenantproof-guarantee-"));
  try {
    await cp(join(folder, "sound.sql"), join(migrations, "1_sound.sql"));
    await cp(join(folder, guarantee, `${change}.sql`), join(migrations, "2_change.sql"));
    const ground = await prepareGround(host, await readSubject(projectIn(migrations)), silent, { seed: 7 });
    const proof = new Proof();
    await guarantees[guarantee]?.(ground, proof);
    return proof.verdict();
  } finally {
    await rm(migrations, { recursive: true });
  }
}

describe.concurrent.each(Object.keys(guarantees))("%s", (guarantee) => {
  it("is broken by what breaks it", async () => {
    expect(await verdictOn(guarantee, "breaks")).toMatchObject({ state: "broken" });
  });

  it("holds for what only looks like it", async () => {
    expect(await verdictOn(guarantee, "holds")).toEqual({ state: "holds", checked: expect.any(Number) });
  });
});

it("has fixtures for every guarantee", async () => {
  const entries = await readdir(folder, { withFileTypes: true });
  expect(
    entries
      .filter((entry) => entry.isDirectory())
      .map(({ name }) => name)
      .sort(),
  ).toEqual(Object.keys(guarantees).sort());
});
