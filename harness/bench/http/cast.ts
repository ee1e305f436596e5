// Cast: all who make requests: members of many tenants, the backend, and strangers.
// Stranger: who must be given no row: without a token, with one that is not valid, or with one of no tenant.

import { randomUUID } from "node:crypto";
import type { Person, Tenancy } from "../../guarantees/tenancy.ts";
import type { Place } from "../../workload/scale.ts";
import type { Asker } from "../../workload/workload.ts";
import { type Claims, leaveUnsigned, newTrust, sign, type Trust } from "./tokens.ts";

export interface Member extends Person {
  readonly place: Place;
  readonly token: string;
}

export interface Stranger {
  /** "with an expired token" */
  readonly name: string;
  /** Absent: they have none. */
  readonly token?: string;
  /** Whose queries they ask, and of which tenant. */
  readonly asks: Asker;
  readonly place: Place;
}

export interface Cast {
  readonly trust: Trust;
  readonly members: readonly Member[];
  readonly serviceToken: string;
  readonly strangers: readonly Stranger[];
}

/** Enough to be many people of one tenant; more would only take longer to sign. */
const peopleOfAPlace = 2;

/** Two people of each place that is there to stay, with their tokens. */
export async function assemble(tenancy: Tenancy, places: readonly Place[]): Promise<Cast> {
  const people = places
    .filter(({ role }) => role !== "removed")
    .flatMap((place) =>
      place.people.slice(0, peopleOfAPlace).map((id) => ({ id, tenant: place.tenant, place })),
    );
  const [first] = people;
  const { aud } = first ? tenancy.claims(first) : {};
  const trust = newTrust(typeof aud === "string" ? aud : undefined);
  const claimsOf = (person: Person): Claims => ({ role: "authenticated", ...tenancy.claims(person) });
  return {
    trust,
    members: await Promise.all(
      people.map(async (person) => ({ ...person, token: await sign(claimsOf(person), trust) })),
    ),
    serviceToken: await sign({ role: "service_role" }, trust),
    strangers: first ? await strangersBeside(first, claimsOf, trust) : [],
  };
}

/** Strangers who pretend to be `person`, or the backend, or nobody at all. */
async function strangersBeside(
  { place, ...person }: Person & { readonly place: Place },
  claimsOf: (person: Person) => Claims,
  trust: Trust,
): Promise<Stranger[]> {
  const claims = claimsOf(person);
  const service = { role: "service_role" };
  const unknown = newTrust(trust.audience);
  const nobody = { id: randomUUID(), tenant: randomUUID() };
  const tokens: readonly (readonly [asks: Asker, name: string, token: string | Promise<string>])[] = [
    ["member", "with an expired token", sign(claims, trust, "1 minute ago")],
    ["member", "with a token signed by another secret", sign(claims, unknown)],
    ["member", "with a token of no signature", leaveUnsigned(claims, trust)],
    ["member", "with a token for another audience", sign(claims, { ...trust, audience: "elsewhere" })],
    ["member", "of a tenant that has nothing", sign(claimsOf(nobody), trust)],
    ["member", "of no tenant", sign({ sub: randomUUID(), role: "authenticated" }, trust)],
    ["service", "with the backend's role, signed by another secret", sign(service, unknown)],
    ["service", "with the backend's role and no signature", leaveUnsigned(service, trust)],
    ["service", "who asks what only the backend may", sign(claims, trust)],
  ];
  const held = tokens.map(async ([asks, name, token]) => ({ asks, name, place, token: await token }));
  return [{ asks: "member", name: "without a token", place }, ...(await Promise.all(held))];
}
