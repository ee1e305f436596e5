import type { Routine } from "../../catalog/model.ts";
import { key } from "../../catalog/schema.ts";
import { anon, signedIn } from "../../session/actor.ts";
import type { Ground } from "../ground.ts";
import type { Proof } from "../proof.ts";
import type { Site } from "../site.ts";
import { emptyCallOf } from "./calls.ts";
import { apiRoles, isSubjects } from "./subject.ts";

/** The subject's functions and procedures that a statement may call: no triggers, no parts of other calls. */
function routinesOf(ground: Ground): readonly Routine[] {
  return ground.schema.routines.filter(
    (routine) =>
      isSubjects(ground, routine, ground.schemaBefore.routines) &&
      !routine.isTrigger &&
      routine.kind !== "aggregate" &&
      routine.kind !== "window",
  );
}

/** Those of them that members or anon may call. */
export function callable(ground: Ground): readonly Routine[] {
  return routinesOf(ground).filter(({ executableBy }) =>
    apiRoles.some((role) => executableBy.includes(role)),
  );
}

/** A definer function runs as its owner, whom no policy holds: its names must be fixed, and PUBLIC must not call it. */
export function proveLockdown(ground: Ground, proof: Proof): void {
  for (const routine of ground.schema.routines.filter(
    (one) => one.securityDefiner && isSubjects(ground, one, ground.schemaBefore.routines),
  )) {
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
}

/** Who is not meant to call it is refused; that they hold no privilege is what the catalog says, this is what happens. */
export async function proveDenied(ground: Ground, proof: Proof, site: Site): Promise<void> {
  const member = signedIn("a member", ground.tenancy.claims(ground.society.member));
  const calls = routinesOf(ground).flatMap((routine) =>
    [anon, member]
      .filter(({ role }) => !routine.executableBy.includes(role))
      .map((actor) => ({ actor, routine, sql: emptyCallOf(routine) })),
  );
  const outcomes = await site.sessions.attempt(calls);
  calls.forEach(({ actor, routine }, index) => {
    const outcome = outcomes[index];
    if (!outcome) return;
    proof.weigh(
      !outcome.ok && outcome.sqlstate === "42501",
      `${key(routine)} answers ${actor.name} ${outcome.ok ? "a call" : `${outcome.sqlstate} ${outcome.message}`}, where it must refuse one`,
      outcome,
    );
  });
}
