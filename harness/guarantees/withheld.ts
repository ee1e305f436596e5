import type { Migration, Plan } from "../migrations/migration.ts";
import { dependentsOf } from "../migrations/plan.ts";

const createsPgaudit = /\bcreate\s+extension\s+(if\s+not\s+exists\s+)?"?pgaudit\b/i;

/**
 * Parts `plan` for a server without pgAudit: what creates the extension is withheld, with all that requires it, so that
 * the promises of the rest can still be proved. Nothing is withheld where `pgaudit` is there.
 */
export function withholdPgaudit(
  plan: Plan,
  pgaudit: boolean,
): { readonly applicable: Plan; readonly withheld: Plan } {
  if (pgaudit) return { applicable: plan, withheld: [] };
  const withheld = new Set<Migration>();
  const withhold = (migration: Migration) => {
    if (withheld.has(migration)) return;
    withheld.add(migration);
    dependentsOf(migration, plan).forEach(withhold);
  };
  plan.filter(({ text }) => createsPgaudit.test(text)).forEach(withhold);
  return {
    applicable: plan.filter((migration) => !withheld.has(migration)),
    withheld: plan.filter((migration) => withheld.has(migration)),
  };
}
