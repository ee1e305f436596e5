import { distance } from "fastest-levenshtein";
import { Fault } from "../fault/fault.ts";
import type { Migration, Plan } from "./migration.ts";
import { compareFiles, parseVersion, stemOf } from "./version.ts";

/**
 * The order in which `migrations` run: each after all that it requires, otherwise by version as a number and then by
 * name. It does not depend on the order in which they were given.
 * @throws Fault REQUIREMENT_MISSING, REQUIREMENT_CYCLE; all problems are told together, before anything runs.
 */
export function planMigrations(migrations: readonly Migration[]): Plan {
  const waiting = migrations.toSorted((a, b) => compareFiles(a.file, b.file));
  const missing: string[] = [];
  const needs = new Map<Migration, readonly Migration[]>();
  for (const migration of waiting) {
    const found = migration.header.requires.map((name) => resolveName(name, migration, waiting));
    missing.push(...found.filter((each) => typeof each === "string"));
    needs.set(
      migration,
      found.filter((each) => typeof each !== "string"),
    );
  }
  const planned = takeReady(waiting, needs);
  const stuck = waiting.filter((migration) => !planned.has(migration));
  const cycles = findCycles(stuck, needs);
  if (missing.length + cycles.length === 0) return [...planned];
  const code = missing.length > 0 ? "REQUIREMENT_MISSING" : "REQUIREMENT_CYCLE";
  throw new Fault(code, [...missing, ...cycles].join("\n"));
}

/** The migrations of `plan` that require `migration` directly. */
export function dependentsOf(migration: Migration, plan: Plan): Plan {
  return plan.filter((other) =>
    other.header.requires.some((name) => resolveName(name, other, plan) === migration),
  );
}

function takeReady(waiting: Plan, needs: ReadonlyMap<Migration, Plan>): ReadonlySet<Migration> {
  const taken = new Set<Migration>();
  for (;;) {
    const next = waiting.find(
      (each) => !taken.has(each) && needs.get(each)?.every((need) => taken.has(need)),
    );
    if (next === undefined) return taken;
    taken.add(next);
  }
}

// What is stuck stands in a circle or waits for one: following the first stuck requirement always ends in a circle.
function findCycles(stuck: Plan, needs: ReadonlyMap<Migration, Plan>): string[] {
  const cycles: string[] = [];
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
    if (from < 0 || at === undefined) continue;
    const circle = [...path.slice(from), at].map((each) => each.file);
    cycles.push(
      circle.length === 2
        ? `${at.file} requires itself.`
        : `A circle of requirements: ${circle.join(" -> ")}`,
    );
  }
  return cycles;
}

/** The migration that `name` means, by whole name or, when only one has it, without the version; or why there is none. */
function resolveName(name: string, by: Migration, all: Plan): Migration | string {
  const whole = all.find(({ file }) => stemOf(file) === stemOf(name));
  if (whole !== undefined) return whole;
  const bare = parseVersion(name).name;
  const alike = all.filter(({ file }) => bare !== "" && parseVersion(file).name === bare);
  if (alike.length === 1 && alike[0] !== undefined) return alike[0];
  const line =
    by.text.split(/\r\n|\n|\r/).findIndex((text) => text.startsWith("--") && text.includes(name)) + 1;
  const who = `${by.file}:${line} requires ${name}`;
  if (alike.length > 1)
    return `${who}, which may be ${alike.map(({ file }) => stemOf(file)).join(" or ")}: write it in full.`;
  const near = nearest(bare, all);
  return `${who}, which is not there.${near === undefined ? "" : ` Did you mean ${stemOf(near.file)}?`}`;
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
