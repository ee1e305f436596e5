import { key } from "../catalog/schema.ts";
import { anon, signedIn } from "../session/actor.ts";
import { qualify } from "../sql/identifier.ts";
import type { Ground } from "./ground.ts";
import type { Proof } from "./proof.ts";

/** Row-level security covers none of these. */
const neverNeeded = ["TRUNCATE", "REFERENCES", "TRIGGER", "MAINTAIN"] as const;

/** anon holds nothing on the tables of the set, and members hold what they need and no more. */
export async function proveLeastPrivilege(ground: Ground, proof: Proof): Promise<void> {
  const { schema, schemaBefore, tenancy, society } = ground;
  const known = new Set(schemaBefore.tables.map(key));
  // What the migrations made, and what they took over by giving it a tenant.
  const tables = schema.tables.filter(
    (table) => !known.has(key(table)) || table.columns.some(({ name }) => name === tenancy.column),
  );
  await using site = await ground.open("populated");
  const member = signedIn("a member", tenancy.claims(society.member));
  for (const relation of [...tables, ...schema.views.filter((view) => !known.has(key(view)))]) {
    const label = key(relation);
    const look = `select * from information_schema.role_table_grants where table_schema || '.' || table_name = '${label}';`;
    const held = (role: string) => {
      const columns = Object.entries(relation.columnPrivileges[role] ?? {})
        .filter(([, names]) => names.length > 0)
        .map(([privilege]) => privilege);
      return new Set<string>([...(relation.privileges[role] ?? []), ...columns]);
    };
    for (const role of ["anon", "public"]) {
      const privileges = [...held(role)];
      proof.weigh(privileges.length === 0, `${role} holds ${privileges.join(", ")} on ${label}`, look);
    }
    const needed = new Set<string>(tenancy.access[label] ?? []);
    const beyond = [...held("authenticated")].filter((privilege) => !needed.has(privilege));
    const forbidden = beyond.filter((privilege) => neverNeeded.some((never) => never === privilege));
    proof.weigh(
      beyond.length === 0,
      `authenticated holds ${beyond.join(", ")} on ${label}, beyond what a promise needs${
        forbidden.length > 0 ? `; row-level security does not cover ${forbidden.join(", ")}` : ""
      }`,
      look,
    );
    for (const actor of [anon, member]) {
      const outcome = await site.sessions
        .as(actor)
        .tries(`truncate ${qualify(relation.schema, relation.name)} cascade`);
      const denied = !outcome.ok && (outcome.sqlstate === "42501" || outcome.sqlstate === "42809");
      proof.weigh(denied, `${actor.name} truncates ${label}`, outcome.repeat);
    }
  }
}
