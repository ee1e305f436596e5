import type { Relation } from "../catalog/model.ts";
import { key } from "../catalog/schema.ts";
import { anon, signedIn } from "../session/actor.ts";
import { qualify } from "../sql/identifier.ts";
import type { Ground } from "./ground.ts";
import type { Proof } from "./proof.ts";

/** Those who are nobody in particular. */
const strangers: readonly string[] = ["anon", "authenticated", "public"];

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
    const passedOn = relation.grants.filter(
      ({ grantee, grantable }) => grantable && strangers.includes(grantee),
    );
    proof.weigh(
      passedOn.length === 0,
      `${passedOn.map(({ grantee, privilege }) => `${grantee} may grant ${privilege}`).join(", ")} on ${label} to others`,
      look,
    );
    for (const role of ["anon", "public"]) {
      const privileges = [...held(role)];
      proof.weigh(privileges.length === 0, `${role} holds ${privileges.join(", ")} on ${label}`, look);
    }
    const needed = new Set<string>(tenancy.access[label] ?? []);
    const beyond = [...held("authenticated")].filter((privilege) => !needed.has(privilege));
    const forbidden = beyond.filter((privilege) => neverNeeded.some((never) => never === privilege));
    proof.weigh(
      beyond.length === 0,
      `authenticated holds ${beyond.join(", ")} on ${label}, beyond what a promise needs (tenancy.access of the configuration)${
        forbidden.length > 0 ? `; row-level security does not cover ${forbidden.join(", ")}` : ""
      }`,
      look,
    );
    const outcomes = await site.sessions.attempt(
      [anon, member].map((actor) => ({
        actor,
        sql: `truncate ${qualify(relation.schema, relation.name)} cascade`,
      })),
    );
    for (const [index, actor] of [anon, member].entries()) {
      const outcome = outcomes[index];
      if (!outcome) continue;
      const denied = !outcome.ok && (outcome.sqlstate === "42501" || outcome.sqlstate === "42809");
      proof.weigh(denied, `${actor.name} truncates ${label}`, outcome);
    }
  }
  proveNothingOpened(ground, proof, new Set(tables.map(key)));
}

/** What the platform and the application had closed before the migrations, they leave closed: tables, schemas, roles. */
function proveNothingOpened({ schema, schemaBefore }: Ground, proof: Proof, ours: ReadonlySet<string>): void {
  const heldOn = ({ privileges, columnPrivileges }: Relation, role: string) =>
    new Set<string>([
      ...(privileges[role] ?? []),
      ...Object.entries(columnPrivileges[role] ?? {}).flatMap(([privilege, names]) =>
        names.map((name) => `${privilege} (${name})`),
      ),
    ]);
  for (const before of schemaBefore.tables) {
    const after = schema.tables.find((table) => key(table) === key(before) && !ours.has(key(table)));
    if (after === undefined) continue;
    for (const role of strangers) {
      const known = heldOn(before, role);
      const opened = [...heldOn(after, role)].filter((privilege) => !known.has(privilege));
      proof.weigh(
        opened.length === 0,
        `the migrations give ${role} ${opened.join(", ")} on ${key(after)}, which is not theirs`,
        `select * from information_schema.column_privileges where table_schema || '.' || table_name = '${key(after)}';`,
      );
    }
  }
  for (const { name, creatableBy } of schema.namespaces) {
    const known = schemaBefore.namespaces.find((namespace) => namespace.name === name)?.creatableBy ?? [];
    const opened = strangers.filter((role) => creatableBy.includes(role) && !known.includes(role));
    proof.weigh(
      opened.length === 0,
      `${opened.join(" and ")} may create in the schema ${name}`,
      `\\dn+ ${name}`,
    );
  }
  for (const { name, memberOf, bypassRls } of schema.roles.filter(({ name }) => strangers.includes(name))) {
    const before = schemaBefore.roles.find((role) => role.name === name);
    const joined = memberOf.filter((role) => !before?.memberOf.includes(role));
    proof.weigh(joined.length === 0, `${name} became a member of ${joined.join(", ")}`, `\\du ${name}`);
    proof.weigh(
      !bypassRls || before?.bypassRls === true,
      `${name} became free of row-level security`,
      `\\du ${name}`,
    );
  }
}
