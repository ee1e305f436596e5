import { type Actor, anon, signedIn, withClaims } from "../../session/actor.ts";
import type { Person, Tenancy } from "../tenancy.ts";

export interface Attacker {
  readonly actor: Actor;
  /** Whose rows are their own; absent when they belong to no tenant. */
  readonly tenant?: string;
  /** Who they are; absent when they are not signed in. */
  readonly person?: string;
}

/** Claims that name `victim` in a place or shape that must give nothing; the text is sent as it stands. */
function malformedClaims(victim: string, id: string): readonly (readonly [name: string, claims: string])[] {
  const within = (org: unknown) =>
    JSON.stringify({ sub: id, role: "authenticated", app_metadata: { org_id: org } });
  return [
    ["empty claims", ""],
    ["claims that are no JSON", `{"app_metadata": {"org_id": "${victim}"}`],
    ["claims that are a string", JSON.stringify(victim)],
    ["claims that are an array", JSON.stringify([{ app_metadata: { org_id: victim } }])],
    ["claims that are null", "null"],
    ["app_metadata as text", JSON.stringify({ sub: id, app_metadata: JSON.stringify({ org_id: victim }) })],
    ["app_metadata as an array", JSON.stringify({ sub: id, app_metadata: [{ org_id: victim }] })],
    ["org_id as an array", within([victim])],
    ["org_id as an object", within({ id: victim })],
    ["org_id null", within(null)],
    ["org_id empty", within("")],
    ["org_id with a tail", within(`${victim} `)],
    ["org_id cut short", within(victim.slice(0, -1))],
    ["org_id a wildcard", within("%")],
  ];
}

/** Members of other tenants, honest about who they are. */
export function neighboursOf(people: readonly Person[], tenancy: Tenancy): Attacker[] {
  return people.map((person) => ({
    actor: signedIn("an outsider", tenancy.claims(person)),
    tenant: person.tenant,
    person: person.id,
  }));
}

/** Those who own nothing, and are honest about it. */
export function strangersOf(newcomer: Person, tenancy: Tenancy): Attacker[] {
  return [
    // Owns nothing, so that even a statement without WHERE may reach nothing.
    {
      actor: signedIn("a newcomer whose tenant has no rows", tenancy.claims(newcomer)),
      tenant: newcomer.tenant,
      person: newcomer.id,
    },
    { actor: anon },
    { actor: signedIn("a member without claims of a tenant", { sub: newcomer.id }) },
  ];
}

/** Those whose claims name `victim` in a place or shape that must give nothing; `id` is the user they are. */
export function impostorsOf(victim: string, id: string): Attacker[] {
  return [
    {
      actor: signedIn("a member with a forged user_metadata", { sub: id, user_metadata: { org_id: victim } }),
    },
    { actor: signedIn("a member with a forged top-level org_id", { sub: id, org_id: victim }) },
    ...malformedClaims(victim, id).map(([name, claims]) => ({
      actor: withClaims(claims, `a member with ${name}`),
    })),
  ];
}
