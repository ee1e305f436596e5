import type { Argument, Routine } from "../../catalog/model.ts";
import { key } from "../../catalog/schema.ts";
import { anon, signedIn } from "../../session/actor.ts";
import { qualify, quoteLiteral } from "../../sql/identifier.ts";
import { changedTables, digestData } from "../digest.ts";
import type { Ground } from "../ground.ts";
import { targetsOf } from "../isolation/isolation.ts";
import type { Proof } from "../proof.ts";
import type { Site } from "../site.ts";
import { markersOf } from "./markers.ts";
import { apiRoles, isSubjects } from "./subject.ts";

/** Calls of one function: every argument in turn gets every candidate, up to this many combinations. */
const callLimit = 200;

/** Functions that members may call give nothing of another tenant's, and those that bypass policies are locked down. */
export async function proveRoutines(ground: Ground, proof: Proof): Promise<void> {
  const routines = ground.schema.routines.filter((routine) =>
    isSubjects(ground, routine, ground.schemaBefore.routines),
  );
  for (const routine of routines.filter(({ securityDefiner }) => securityDefiner))
    proveLockdown(routine, proof);
  await using site = await ground.open("populated");
  for (const routine of routines) {
    if (routine.isTrigger || routine.kind === "aggregate" || routine.kind === "window") continue;
    if (apiRoles.some((role) => routine.executableBy.includes(role)))
      await proveCalls(ground, proof, site, routine);
    else await proveDenied(ground, proof, site, routine);
  }
}

/** A definer function runs as its owner, whom no policy holds: its names must be fixed, and PUBLIC must not call it. */
function proveLockdown(routine: Routine, proof: Proof): void {
  const name = `${key(routine)}(${routine.identityArguments})`;
  const look = `\\df+ ${key(routine)}`;
  const path = routine.config
    .find((setting) => setting.startsWith("search_path="))
    ?.slice("search_path=".length);
  proof.weigh(path !== undefined, `${name} is SECURITY DEFINER without a search_path of its own`, look);
  const schemas = (path ?? "").split(",").map((part) => part.trim().replaceAll('"', ""));
  proof.weigh(
    !schemas.includes("pg_temp") || schemas.indexOf("pg_temp") === schemas.length - 1,
    `${name} looks into pg_temp before ${schemas.at(-1)}`,
    look,
  );
  proof.weigh(
    !routine.executableBy.includes("public"),
    `${name} is SECURITY DEFINER and PUBLIC may execute it`,
    look,
  );
}

/** Who is not meant to call it is refused; that they hold no privilege is what the catalog says, this is what happens. */
async function proveDenied(ground: Ground, proof: Proof, site: Site, routine: Routine): Promise<void> {
  const member = signedIn("a member", ground.tenancy.claims(ground.society.member));
  const call = callOf(
    routine,
    routine.arguments.filter(isGiven).map(() => "null"),
  );
  const outcomes = await site.sessions.attempt([anon, member].map((actor) => ({ actor, sql: call })));
  for (const outcome of outcomes)
    proof.weigh(
      !outcome.ok && outcome.sqlstate === "42501",
      `${key(routine)} answers ${outcome.ok ? "a call" : `${outcome.sqlstate} ${outcome.message}`}, where it must refuse one`,
      outcome.repeat,
    );
}

async function proveCalls(ground: Ground, proof: Proof, site: Site, routine: Routine): Promise<void> {
  const { society, tenancy } = ground;
  const victim = society.outsider.tenant;
  const tables = targetsOf(ground).map(({ table }) => table);
  const theirs = {
    where: {
      column: (table: (typeof tables)[number]) =>
        key(table) === key(tenancy.tenants) ? tenancy.tenants.key : tenancy.column,
      value: victim,
    },
  };
  const superuser = await site.connection("superuser");
  const before = await digestData(superuser, tables, theirs);
  const markers = markersOf(ground, victim);
  const actors = [anon, signedIn("a member", tenancy.claims(society.member))].filter(({ role }) =>
    routine.executableBy.includes(role),
  );
  for (const actor of actors)
    for (const values of combinations(routine, candidatesOf(ground, victim))) {
      const outcome = await site.sessions.as(actor).does(callOf(routine, values));
      // What was handed in may come back; what was not has been read.
      const given = values.join();
      const told = outcome.ok ? JSON.stringify(outcome.rows) : outcome.message;
      const marker = markers.find((value) => told.includes(value) && !given.includes(value));
      proof.weigh(
        marker === undefined,
        `${actor.name} learns of another tenant's rows from ${key(routine)}`,
        outcome.repeat,
      );
    }
  const changed = changedTables(before, await digestData(superuser, tables, theirs));
  proof.weigh(
    changed.length === 0,
    `${key(routine)}, called by a member or anon, changes another tenant's rows of ${changed.join(", ")}`,
    callOf(
      routine,
      routine.arguments.filter(isGiven).map(() => "..."),
    ),
  );
}

function isGiven({ mode }: Argument): boolean {
  return mode === "in" || mode === "inout" || mode === "variadic";
}

function callOf(routine: Routine, values: readonly string[]): string {
  const call = `${qualify(routine.schema, routine.name)}(${values.join(", ")})`;
  return routine.kind === "procedure" ? `call ${call}` : `select * from ${call}`;
}

/** What an attacker would put into an argument of a type: the victim's ids first. */
function candidatesOf(ground: Ground, victim: string): (argument: Argument) => readonly string[] {
  const rows = targetsOf(ground).flatMap(({ table }) => ground.population.rows(table, victim).slice(0, 1));
  const people = ground.society.people.filter(({ tenant }) => tenant === victim).map(({ id }) => id);
  const values = [...new Set([victim, ...people, ...rows.flatMap((row) => Object.values(row))])].filter(
    (value) => value !== null,
  );
  const uuids = values.filter((value) => /^[0-9a-f]{8}-[0-9a-f]{4}-/.test(value));
  const numbers = values.filter((value) => /^\d{1,9}$/.test(value));
  return ({ type }) => {
    const quoted = (texts: readonly string[]) => texts.map((text) => `${quoteLiteral(text)}::${type}`);
    if (/\[\]$/.test(type)) return [`'{}'::${type}`, `null::${type}`];
    if (/^uuid$/.test(type)) return quoted(uuids.slice(0, 12));
    if (/^(text|character varying|name|citext|"char"|character)/.test(type))
      return quoted(values.slice(0, 16));
    if (/^(smallint|integer|bigint|numeric|real|double precision)/.test(type))
      return quoted(["1", "1000", ...numbers.slice(0, 6)]);
    if (type === "boolean") return ["true", "false"];
    if (/^jsonb?$/.test(type)) return quoted(["{}", JSON.stringify({ id: victim })]);
    if (/^(timestamp|date)/.test(type)) return quoted(["1970-01-01", "2100-01-01"]);
    if (type === "interval") return quoted(["100 years"]);
    return [`null::${type}`];
  };
}

function combinations(routine: Routine, candidates: (argument: Argument) => readonly string[]): string[][] {
  const perArgument = routine.arguments.filter(isGiven).map(candidates);
  return perArgument.reduce<string[][]>(
    (calls, values) => calls.flatMap((call) => values.map((value) => [...call, value])).slice(0, callLimit),
    [[]],
  );
}
