import type { Migration, Plan } from "../../harness/migrations/migration.ts";

/** The name of a file without its ending, as others require it. */
export function stem(file: string): string {
  return file.replace(/\.sql$/, "");
}

/** Whether the migration says that it needs `file`. */
export function requires(
  migration: { readonly header: { readonly requires: readonly string[] } },
  file: string,
): boolean {
  return migration.header.requires.some((name) => stem(name) === stem(file));
}

/** All that `migration` needs, directly or not, in the order of the plan. */
export function requirementsOf(plan: Plan, migration: Migration): Plan {
  const needed = new Set<Migration>();
  const visit = (one: Migration) => {
    for (const other of plan.filter(({ file }) => requires(one, file)))
      if (!needed.has(other)) {
        needed.add(other);
        visit(other);
      }
  };
  visit(migration);
  return plan.filter((other) => needed.has(other));
}
