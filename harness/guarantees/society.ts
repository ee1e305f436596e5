import fc from "fast-check";
import type { Person } from "./tenancy.ts";

/** Who lives in the populated template: two tenants of two people each, and somebody of a tenant that is not there. */
export interface Society {
  readonly tenants: readonly { readonly id: string; readonly people: readonly Person[] }[];
  readonly people: readonly Person[];
  readonly member: Person;
  readonly colleague: Person;
  readonly outsider: Person;
  /** Signed in, of a tenant without any row. */
  readonly newcomer: Person;
}

/** The society of this seed. */
export function foundSociety(seed: number): Society {
  const ids = fc.sample(fc.uuid({ version: 4 }), { numRuns: 8, seed });
  const id = (index: number) => ids[index] ?? "";
  const person = (index: number, tenant: number): Person => ({ id: id(index), tenant: id(tenant) });
  const [member, colleague] = [person(3, 0), person(4, 0)];
  const [outsider, another] = [person(5, 1), person(6, 1)];
  return {
    tenants: [
      { id: id(0), people: [member, colleague] },
      { id: id(1), people: [outsider, another] },
    ],
    people: [member, colleague, outsider, another],
    member,
    colleague,
    outsider,
    newcomer: person(7, 2),
  };
}
