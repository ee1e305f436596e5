import { cp, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { beforeAll, describe, expect, it } from "vitest";
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
import { sharedHost } from "../ground.ts";

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
  host = await prepareHost(sharedHost(), { project: projectIn(folder), plan: [], baseline: [] }, silent);
});

/** The verdict on the sound schema with the guarantee's own change on top. */
async function verdictOn(guarantee: string, change: "breaks" | "holds") {
  return verdictWith(guarantee, await readFile(join(folder, guarantee, `${change}.sql`), "utf8"));
}

/** The verdict on the sound schema with `change` on top. */
async function verdictWith(guarantee: string, change: string, project = projectIn) {
  const migrations = await mkdtemp(join(tmpdir(), "tenantproof-guarantee-"));
  try {
    await cp(join(folder, "sound.sql"), join(migrations, "1_sound.sql"));
    await writeFile(join(migrations, "2_change.sql"), change);
    const ground = await prepareGround(host, await readSubject(project(migrations)), silent, { seed: 7 });
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

describe.concurrent("isolation is broken by a policy that takes in few rows:", () => {
  const columns =
    "alter table public.notes add done boolean not null default false, add size integer, add extra jsonb;\n";

  it.each([
    "for select using (done and body like 'public:%')",
    "for select using (length(body) > 300)",
    "for select using (size > 4000 and done)",
    "for select using (extra ->> 'public' = 'true')",
    "for update using (done and body = 'x') with check (true)",
    "for delete using (done and body = 'x')",
  ])("%s", async (policy) => {
    const change = `${columns}create policy hole on public.notes ${policy.replace("using", "to authenticated using")};`;
    expect(await verdictWith("isolation", change)).toMatchObject({ state: "broken" });
  });
});

describe.concurrent("is unproven where the configuration names", () => {
  const misspelt = (change: Partial<Project["tenancy"]>) => (migrations: string) => {
    const project = projectIn(migrations);
    return { ...project, tenancy: { ...project.tenancy, access: {}, ...change } };
  };

  it.each(["isolation", "side-doors", "references", "immutability"])(
    "no table of tenants: %s",
    async (name) => {
      const project = misspelt({ tenants: { schema: "public", name: "workspace", key: "id" } });
      const verdict = await verdictWith(name, "select 1;", project);
      expect(verdict.state).not.toBe("holds");
    },
  );

  it.each(["isolation", "side-doors", "references", "immutability"])("no column of one: %s", async (name) => {
    const verdict = await verdictWith(name, "select 1;", misspelt({ column: "worspace_id" }));
    expect(verdict.state).not.toBe("holds");
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
