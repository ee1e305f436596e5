import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { configured } from "../../bench/ground.ts";
import { chooseApplied } from "../../fixtures/snapshots/applied.ts";
import { type Asked, snapshotCommand } from "../../fixtures/snapshots/command.ts";
import { generateSnapshot } from "../../fixtures/snapshots/generate.ts";
import { isDoomed, tenantsOf, withDoomed } from "../../fixtures/snapshots/tenants.ts";
import { readSubject } from "../../harness/guarantees/ground.ts";

describe("the rows of a snapshot", () => {
  it("are shared among tenants exactly, the largest of which has most and the last ones none", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 500 }), fc.nat({ max: 1_000_000 }), (count, total) => {
        const { places, share } = tenantsOf(count, total, new Date(0));
        const sizes = places.map(share(total));
        expect(sizes.length).toBe(count);
        expect(sizes.reduce((sum, size) => sum + size, 0)).toBe(total);
        expect(Math.max(...sizes)).toBe(sizes[0]);
        if (count >= 100) expect(sizes[0]).toBeLessThanOrEqual(Math.ceil(total / 10) + 1);
        if (count >= 10 && total > 100 * count) expect(sizes.at(-1)).toBe(0);
      }),
    );
  });

  it("are as many as were asked for once the doomed ones are deleted", () => {
    fc.assert(
      fc.property(fc.nat({ max: 3_000 }), (rows) => {
        const written = Array.from({ length: withDoomed(rows) }, (_, n) => n);
        expect(written.filter((n) => !isDoomed(n)).length).toBe(rows);
      }),
    );
  });
});

describe("the migrations that a snapshot has seen", async () => {
  const { plan } = await readSubject(await configured());
  const files = (contacts: number, applied?: number | "all") => {
    const { first, later } = chooseApplied(plan, { contacts, applied });
    return [first, later].map((part) => part.map(({ file }) => file.replace(/^\d+_|\.sql$/g, "")));
  };

  it("are those that its tables need, unless it says how many", () => {
    expect(files(0)).toEqual([["create_organizations_table_foundation"], []]);
    expect(files(1)[0]?.toSorted()).toEqual([
      ...["create_auth_org_id_function", "create_contacts_table"],
      ...["create_org_id_immutability_triggers", "create_organizations_table_foundation"],
    ]);
    expect(files(0, 0)).toEqual([[], []]);
    expect(files(1, "all").map(({ length }) => length)).toEqual([6, 2]);
  });

  it("are never fewer than its tables need, nor more than there are", () => {
    expect(() => files(1, 2)).toThrow(
      /contacts need 20250110_create_contacts_table, which is number \d of 8/,
    );
    expect(() => files(0, 9)).toThrow("there are 8 migrations, not 9");
  });
});

describe("a command line", () => {
  async function ask(...args: string[]): Promise<Asked> {
    let asked: Asked | undefined;
    const act = async (given: Asked) => {
      asked = given;
    };
    const command = snapshotCommand(act)
      .exitOverride()
      .configureOutput({ outputError: () => {} });
    await command.parseAsync(args, { from: "user" });
    return asked as Asked;
  }

  it("asks for what it says", async () => {
    expect(
      await ask("--contacts", "1_000_000", "--applied", "all", "--format", "tar,plain", "--seed=7"),
    ).toEqual({
      ...{ tenants: 200, contacts: 1_000_000, events: 100_000, applied: "all", seed: 7, force: false },
      ...{ formats: ["tar", "plain"], out: "snapshots", engine: expect.objectContaining({ request: {} }) },
    });
    const { formats, engine } = await ask("--format", "all", "--format", "tar", "--postgres", "17");
    expect(formats?.length).toBe(7);
    expect(engine?.request).toEqual({ major: 17 });
  });

  it.each<[string, string[], RegExp]>([
    ["a count that is none", ["--contacts", "many"], /whole number from 0 to 10000000/],
    ["no tenants", ["--tenants", "0"], /whole number from 1 to 10000/],
    ["a number of migrations that is none", ["--applied", "most"], /whole number, or all/],
    [
      "a format that there is not",
      ["--format", "zip"],
      /one or more of custom, directory, tar, plain, plain\.gz/,
    ],
    ["a secret that would be escaped", ["--secret", "a b\\"], /letters, digits, dashes and underscores/],
    ["an option that there is not", ["--contact", "5"], /unknown option '--contact'/],
    ["a word too many", ["all"], /too many arguments/],
  ])("is refused in words: %s", async (_, args, message) => {
    await expect(ask(...args)).rejects.toThrow(message);
  });

  it("is refused where nothing can be written", async () => {
    const made = generateSnapshot({ out: "/dev/null/x" });
    await expect(made).rejects.toMatchObject({
      code: "USAGE",
      what: expect.stringMatching(/cannot be written to/),
    });
  });
});
