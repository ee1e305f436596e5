import { signedIn } from "../../session/actor.ts";
import type { Ground } from "../ground.ts";
import { targetsOf } from "../isolation/isolation.ts";
import { insertRow, type Row } from "../isolation/target.ts";
import type { Proof } from "../proof.ts";

/** A member's row is not refused because another tenant already has its key: the refusal would say so. */
export async function proveKeysTellNothing(ground: Ground, proof: Proof): Promise<void> {
  const { society, population, tenancy } = ground;
  await using site = await ground.open("populated");
  const member = site.sessions.as(signedIn("a member", tenancy.claims(society.member)));
  for (const target of targetsOf(ground)) {
    if (!tenancy.access[target.label]?.includes("INSERT")) continue;
    const fresh = population.newRow(target.table, society.member.tenant, society.member);
    const [theirs] = population.rows(target.table, society.outsider.tenant);
    if (!fresh || !theirs) {
      proof.doubted(`there are no rows to try the keys of ${target.label} with`);
      continue;
    }
    const control = await member.tries(insertRow(target, fresh));
    if (!control.ok) {
      proof.doubted(`a member cannot insert into ${target.label}: ${control.sqlstate} ${control.message}`);
      continue;
    }
    for (const unique of target.table.uniques) {
      // A key that holds the tenant is only ever compared with the member's own rows.
      const columns = unique.columns.filter((column) => column !== target.tenantColumn);
      const copied: Row = Object.fromEntries(columns.map((column) => [column, theirs[column] ?? null]));
      if (Object.values(copied).includes(null)) continue;
      const outcome = await member.tries(insertRow(target, { ...fresh, ...copied }));
      proof.weigh(
        outcome.ok || !["23505", "23P01"].includes(outcome.sqlstate),
        `a member learns from ${unique.name} of ${target.label} which ${columns.join(", ")} another tenant has`,
        outcome.repeat,
      );
    }
  }
}
