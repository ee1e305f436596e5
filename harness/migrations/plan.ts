import { distance } from "fastest-levenshtein";
import { Fault } from "../fault/fault.ts";
import { mergeFaults } from "./faults.ts";
import type { Migration, Plan } from "./migration.ts";
import { compareFiles, parseVersion, stemOf } from "./version.ts";

/**
 * The order in which `migrations` run: each after all that it requires, otherwise by version as a number and then by
 * name. It does not depend on the order in which they were given.
 * @throws Fault REQUIREMENT_MISSING, REQUIREMENT_CYCLE; all problems are told together, before anything runs.
 */
export function planMigrations(migrations: readonly Migration[]): Plan {
  const sorted = migrations.toSorted((a, b) => compareFiles(a.file, b.file));
  const missing: Fault[] = [];
  const needs = new Map<Migration, Plan>();
  for (const migration of sorted) {
    const found = migration.header.requires.map((name) => resolveName(name, migration, sorted));
    missing.push(...found.filter((each) => each instanceof Fault));
    const present = found.filter((each): each is Migration => !(each instanceof Fault));
    needs.set(migration, present);
  }
  const planned = takeReady(sorted, needs);
  const stuck = sorted.filter((migration) => !planned.has(migration));
  const problems = [...missing, ...findCycles(stuck, needs)];
  if (problems.length > 0) throw mergeFaults(problems);
  return [...planned];
}

/** The migrations of `plan` that require `migration` directly. */
export function dependentsOf(migration: Migration, plan: Plan): Plan {
  return plan.filter((other) =>
    other.header.requires.some((name) => resolveName(name, other, plan) === migration),
  );
}

function takeReady(sorted: Plan, needs: ReadonlyMap<Migration, Plan>): ReadonlySet<Migration> {
  const taken = new Set<Migration>();
  const isReady = (each: Migration) => !taken.has(each) && needs.get(each)?.every((need) => taken.has(need));
  for (;;) {
    const next = sorted.find(isReady);
    if (next === undefined) return taken;
    taken.add(next);
  }
}

// What is stuck stands in a circle or waits for one: following the first stuck requirement always ends in a circle.
function findCycles(stuck: Plan, needs: ReadonlyMap<Migration, Plan>): Fault[] {
  const cycles: Fault[] = [];
  const seen = new Set<Migration>();
  for (const start of stuck) {
    const path: Migration[] = [];
    let at: Migration | undefined = start;
    while (at !== undefined && !seen.has(at)) {
      seen.add(at);
      path.push(at);
      at = needs.get(at)?.find((need) => stuck.includes(need));
    }
    const from = at === undefined ? -1 : path.indexOf(at);
    if (at === undefined || from < 0) continue;
    const circle = [...path.slice(from), at].map((each) => each.file);
    const what =
      circle.length === 2
        ? `${at.file} requires itself.`
        : `A circle of requirements: ${circle.join(" -> ")}.`;
    cycles.push(new Fault("REQUIREMENT_CYCLE", what, { where: at.file }));
  }
  return cycles;
}

/** The migration that `name` means, by whole name or, when only one has it, without the version; or why there is none. */
function resolveName(name: string, by: Migration, all: Plan): Migration | Fault {
  const whole = all.find(({ file }) => stemOf(file) === stemOf(name));
  if (whole !== undefined) return whole;
  const bare = parseVersion(name).name;
  const alike = all.filter(({ file }) => bare !== "" && parseVersion(file).name === bare);
  if (alike.length === 1 && alike[0] !== undefined) return alike[0];
  const lines = by.text.split(/\r\n|\n|\r/);
  const line = lines.findIndex((text) => text.trim().startsWith("--") && text.includes(name)) + 1;
  const where = `${by.file}:${line}:1`;
  const who = `${by.file} requires ${name}, which`;
  if (alike.length > 1) {
    const which = alike.map(({ file }) => stemOf(file)).join(" or ");
    return new Fault("REQUIREMENT_MISSING", `${who} may be ${which}.`, {
      where,
      hint: "Write the whole name.",
    });
  }
  const near = nearest(bare, all);
  const question = near === undefined ? "" : ` Did you mean ${stemOf(near.file)}?`;
  return new Fault("REQUIREMENT_MISSING", `${who} is not there.${question}`, { where });
}

function nearest(bare: string, all: Plan): Migration | undefined {
  const wanted = bare.toLowerCase();
  const ranked = all
    .map((migration) => ({
      migration,
      far: distance(wanted, parseVersion(migration.file).name.toLowerCase()),
    }))
    .toSorted((a, b) => a.far - b.far);
  const [best] = ranked;
  return best !== undefined && best.far <= Math.max(2, wanted.length / 3) ? best.migration : undefined;
}
