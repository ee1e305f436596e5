import type { Named } from "../../catalog/model.ts";
import { key } from "../../catalog/schema.ts";
import type { Ground } from "../ground.ts";

/** What members and anonymous visitors come as. */
export const apiRoles = ["anon", "authenticated"] as const;

/** Whether the migrations or the baseline made it; what stands in a schema of the platform's own is the platform's. */
export function isSubjects({ schemaBefore }: Ground, named: Named, before: readonly Named[]): boolean {
  if (schemaBefore.namespaces.every(({ name }) => name !== named.schema)) return true;
  return named.schema === "public" || before.every((other) => key(other) !== key(named));
}
