// Pending: the migrations that a snapshot does not have yet, and how that is known.

import type { Picture } from "../../catalog/picture.ts";
import { Fault } from "../../fault/fault.ts";
import type { Migration, Plan } from "../../migrations/migration.ts";
import { dependentsOf } from "../../migrations/plan.ts";
import { stemOf } from "../../migrations/version.ts";
import { type Footprints, matchFootprint } from "./footprint.ts";
import type { History } from "./history.ts";

export interface Pending {
  /** In the order in which they run. */
  readonly plan: Plan;
  readonly applied: Plan;
  /** Where the answer comes from. */
  readonly source: "the user" | "the history" | "the catalog";
  /** A line a migration, for people. */
  readonly reasons: readonly { readonly file: string; readonly pending: boolean; readonly why: string }[];
}

/** What the command line says of it. */
export interface Told {
  readonly pending?: readonly string[] | undefined;
  readonly applied?: readonly string[] | undefined;
}

const hint = "Say it: --pending NAME... or --applied NAME..., by the files' names.";

/** As the user says. @throws Fault USAGE when a name is unknown, or one is pending that an applied one requires. */
export function pendingByWord(plan: Plan, { pending, applied }: Told): Pending {
  const names = pending ?? applied ?? [];
  const unknown = names.filter((name) => !plan.some((migration) => isNamed(migration, name)));
  if (unknown.length > 0)
    throw new Fault("USAGE", `no migration is called ${unknown.join(", ")}`, {
      where: pending ? "--pending" : "--applied",
      hint: `The migrations are ${plan.map(({ file }) => stemOf(file)).join(", ")}.`,
    });
  const named = (migration: Migration) => names.some((name) => isNamed(migration, name));
  const isPending = (migration: Migration) => (pending ? named(migration) : !named(migration));
  return conclude(plan, "the user", (migration) => ({
    pending: isPending(migration),
    why: pending
      ? `--pending ${named(migration) ? "names" : "does not name"} it`
      : `--applied ${named(migration) ? "names" : "does not name"} it`,
  }));
}

/** As the table of applied migrations says. */
export function pendingByHistory(plan: Plan, { table, tool, applied }: History): Pending {
  return conclude(plan, "the history", (migration) => ({
    pending: !applied.has(migration),
    why: `${table}, which ${tool} keeps, ${applied.has(migration) ? "has" : "does not have"} it`,
  }));
}

/** As what there is shows. @throws Fault USAGE when it does not. */
export function pendingByCatalog(plan: Plan, footprints: Footprints, picture: Picture): Pending {
  const matches = plan.map((migration) => matchFootprint(footprints.get(migration) ?? [], picture));
  const unclear: string[] = [];
  const answers = matches.map(({ alike, of, otherwise }, index) => {
    const seen = `${alike} of the ${of} objects that it makes or changes are as it leaves them`;
    if (of > 0) {
      const strange = otherwise.length > 0 ? `; otherwise: ${otherwise.slice(0, 3).join(", ")}` : "";
      if (alike < of && (alike > 0 || otherwise.length > 0))
        unclear.push(`${plan[index]?.file}: ${seen}${strange}`);
      return { pending: alike < of, why: seen };
    }
    // What leaves no trace lies between others that do.
    const known = (one: (typeof matches)[number]) => one.of > 0;
    const next = matches.slice(index + 1).find(known);
    const last = matches.slice(0, index).findLast(known);
    if (next && next.alike === next.of) return { pending: false, why: "what comes after it is applied" };
    if (last && last.alike < last.of) return { pending: true, why: "what comes before it is pending" };
    unclear.push(`${plan[index]?.file}: it makes no object by which it could be known`);
    return { pending: true, why: "" };
  });
  if (unclear.length > 0)
    throw new Fault("USAGE", `The snapshot does not show which migrations it has.\n${unclear.join("\n")}`, {
      where: "the snapshot",
      hint,
    });
  return conclude(
    plan,
    "the catalog",
    (migration) => answers[plan.indexOf(migration)] ?? { pending: true, why: "" },
  );
}

function conclude(
  plan: Plan,
  source: Pending["source"],
  judge: (migration: Migration) => { readonly pending: boolean; readonly why: string },
): Pending {
  const judged = plan.map((migration) => ({ migration, ...judge(migration) }));
  const pending = judged.filter((one) => one.pending).map(({ migration }) => migration);
  const applied = plan.filter((migration) => !pending.includes(migration));
  const backwards = pending.flatMap((migration) =>
    dependentsOf(migration, plan)
      .filter((dependent) => applied.includes(dependent))
      .map((dependent) => `${dependent.file} is applied and requires ${migration.file}, which is pending`),
  );
  if (backwards.length > 0)
    throw new Fault("USAGE", `According to ${source}, ${backwards.join("; ")}.`, {
      where: "the pending migrations",
      hint,
    });
  return {
    ...{ plan: pending, applied, source },
    reasons: judged.map(({ migration, pending, why }) => ({ file: migration.file, pending, why })),
  };
}

function isNamed({ file }: Migration, name: string): boolean {
  return stemOf(file) === stemOf(name) || file === name;
}
