import { type Actor, service, signedIn } from "../../session/actor.ts";
import type { Outcome } from "../../session/outcome.ts";
import type { Sessions } from "../../session/session.ts";
import { quoteIdentifier } from "../../sql/identifier.ts";
import type { Ground } from "../ground.ts";
import type { Proof } from "../proof.ts";
import type { Command, Person } from "../tenancy.ts";
import { controlsFor } from "./controls.ts";
import { insertRow, type Row, type Target, whereRow } from "./target.ts";

interface Candidate {
  readonly person: Person;
  readonly actor: Actor;
}

/** The positive control: for each command, somebody of the tenant reaches its rows, or the service where members need not. */
export async function proveReach(
  ground: Ground,
  proof: Proof,
  sessions: Sessions,
  target: Target,
  tenant: string,
): Promise<void> {
  const people = ground.society.people.filter((person) => person.tenant === tenant);
  const members = people.map((person) => ({
    person,
    actor: signedIn("a member", ground.tenancy.claims(person)),
  }));
  const needed = ground.tenancy.access[target.label] ?? [];
  for (const command of needed) await proveMembers(ground, proof, sessions, target, command, members);
  if (needed.includes("SELECT")) return;
  // Members are not meant to see the rows; the service does, so that there is something to be kept from them.
  const [someone] = people;
  if (someone) await proveService(ground, proof, sessions, target, { person: someone, actor: service });
}

/** By each form of the command one of the members must reach a row; others may be a colleague's, or be referred to. */
async function proveMembers(
  ground: Ground,
  proof: Proof,
  sessions: Sessions,
  target: Target,
  command: Command,
  members: readonly Candidate[],
): Promise<void> {
  const outcomes = new Map<string, Outcome[]>();
  const add = (what: string, outcome: Outcome) =>
    outcomes.set(what, [...(outcomes.get(what) ?? []), outcome]);
  for (const { person, actor } of members) {
    const rows = ground.population.rows(target.table, person.tenant);
    const newRow = ground.population.newRow(target.table, person.tenant, person);
    const controls = controlsFor(target, person.tenant, { rows, newRow }).filter(
      (control) => control.command === command,
    );
    const ended = await sessions.attempt(controls.map(({ sql }) => ({ actor, sql })));
    controls.forEach(({ what }, index) => {
      const outcome = ended[index];
      if (outcome) add(what, outcome);
    });
    if (command === "DELETE" && newRow)
      add(`deletes a row of ${target.label}`, await deleteNewRow(sessions, actor, target, newRow));
  }
  if (outcomes.size === 0) proof.doubted(`there was no row of ${target.label} to try ${command} with`);
  for (const [what, ended] of outcomes) {
    const [first] = ended;
    if (ended.some((outcome) => outcome.ok && outcome.count > 0)) proof.held();
    else if (first)
      proof.broke(`a member ${what}: ${told(first)}; the owner must reach their own row`, first);
  }
}

/** A row that nothing refers to yet: every other may be held by a foreign key. */
function deleteNewRow(sessions: Sessions, actor: Actor, target: Target, newRow: Row): Promise<Outcome> {
  return sessions.as(actor).transaction(async (run) => {
    const columns = target.key.map((column) => `${quoteIdentifier(column)}::text`).join(", ");
    const inserted = await run(insertRow(target, newRow, ` returning ${columns}`));
    if (inserted.ok)
      await run(`delete from ${target.relation} where ${whereRow(target, inserted.rows[0] as Row)}`);
  });
}

async function proveService(
  ground: Ground,
  proof: Proof,
  sessions: Sessions,
  target: Target,
  { person, actor }: Candidate,
): Promise<void> {
  const reads = controlsFor(target, person.tenant, { rows: [], newRow: undefined });
  const [outcome] = await sessions.attempt(reads.slice(0, 1).map(({ sql }) => ({ actor, sql })));
  if (outcome?.ok && outcome.count > 0) proof.held();
  else if (ground.population.rows(target.table, person.tenant).length === 0)
    proof.doubted(`there is no row of ${target.label}`);
  else if (outcome)
    proof.doubted(`nobody reaches a row of ${target.label}: the service's SELECT is ${told(outcome)}`);
}

function told(outcome: Outcome): string {
  return outcome.ok
    ? `accepted for ${outcome.count} rows`
    : `refused with ${outcome.sqlstate} ${outcome.message}`;
}
