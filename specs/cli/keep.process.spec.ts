import { rm } from "node:fs/promises";
import { execa } from "execa";
import { describe, expect, inject, it } from "vitest";
import { withConnection } from "../../harness/engine/connection.ts";
import type { GateResult } from "../../harness/report/result.ts";
import { postmasterIn, tenantproof } from "./command.ts";

const here = inject("shared").engine !== "docker" && process.platform === "linux";

describe.runIf(here)("a run that is to be kept", () => {
  it("keeps what its experiments used, and says how to get there", async () => {
    let directory = "";
    const ended = await tenantproof(["gate", "--only", "H1,B", "--keep", "--json", "-"], {
      async meanwhile(running) {
        directory = await running.directory();
      },
    });
    try {
      const result = JSON.parse(ended.stdout) as GateResult;
      const [held, broken] = result.promises;
      expect(ended.exit).toBe(1);
      expect(held?.databases).toBeUndefined();
      const [database] = broken?.databases ?? [];
      expect(broken?.databases).toHaveLength(1);
      expect(database?.connect).toContain(directory);
      expect(ended.stderr).toContain(`kept    ${database?.connect}`);

      const ask = `${database?.connect} -Atc 'select count(*) from public.notes'`;
      const notes = await execa(ask, { shell: true });
      expect(Number(notes.stdout)).toBeGreaterThan(0);
      const counted = [];
      for (const { template, copy } of result.templates ?? []) {
        await execa(copy, { shell: true });
        const copied = {
          host: directory,
          port: 5432,
          user: "supabase_admin",
          database: `copy_of_${template}`,
        };
        const { rows } = await withConnection(copied, (connection) =>
          connection.query("select count(*)::int as tables from pg_tables where schemaname = 'public'"),
        );
        counted.push([template, rows[0]?.tables]);
      }
      expect(counted).toEqual([
        ["before", 0],
        ["migrated", 2],
        ["populated", 2],
      ]);
    } finally {
      process.kill(await postmasterIn(directory), "SIGQUIT");
      await expect.poll(() => postmasterIn(directory).catch(() => "ended")).toBe("ended");
      await rm(directory, { recursive: true, force: true });
    }
  });

  it("that is interrupted is kept all the same", async () => {
    let directory = "";
    const { exit, said } = await tenantproof(["gate", "--only", "W", "--keep"], {
      async meanwhile(running) {
        directory = await running.directory();
        await running.printed("✔ tenants");
        running.kill("SIGINT");
      },
    });
    const postmaster = await postmasterIn(directory);
    process.kill(postmaster, "SIGQUIT");
    await expect.poll(() => postmasterIn(directory).catch(() => "ended")).toBe("ended");
    await rm(directory, { recursive: true, force: true });
    expect(exit).toBe(130);
    expect(said).toContain("What was made is kept");
  });
});

describe("any other run", () => {
  it("names no databases, since they are gone", async () => {
    const { stdout, stderr, left } = await tenantproof(["gate", "--only", "B", "--json", "-"]);
    const result = JSON.parse(stdout) as GateResult;
    expect([result.promises[0]?.databases, result.templates, left]).toEqual([undefined, undefined, []]);
    expect(stderr).not.toContain("psql");
  });
});
