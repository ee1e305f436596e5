import { describe, expect, it } from "vitest";
import { privilegeModels } from "../../harness/platform/platform.ts";
import { openGround } from "../ground.ts";

const apiRoles = ["anon", "authenticated", "service_role"];
const tablePrivileges = ["SELECT", "INSERT", "UPDATE", "DELETE", "TRUNCATE", "REFERENCES", "TRIGGER"];

for (const privileges of privilegeModels) {
  const held = privileges === "open";
  const { deployer, superuser, run, superuserName, deployerName } = await openGround({ privileges });

  describe(`in the ${privileges} model`, () => {
    for (const creator of [deployerName, superuserName]) {
      const prefix = creator === superuserName ? "admin" : "plain";

      it(`API roles hold ${held ? "all" : "nothing"} on what ${prefix} creates in public`, async () => {
        await run(
          `create table public.${prefix}_things (id bigserial primary key);
           create function public.${prefix}_answer() returns int language sql return 42`,
          creator,
        );
        const rows = await superuser.reads`
          select role, privilege, pg_catalog.has_table_privilege(role, ${`public.${prefix}_things`}, privilege) as held
          from unnest(${apiRoles}::text[]) as role, unnest(${tablePrivileges}::text[]) as privilege`;
        expect(rows).toHaveLength(apiRoles.length * tablePrivileges.length);
        expect(rows.filter((row) => row.held !== held)).toEqual([]);
        const [sequence] = await superuser.reads`
          select pg_catalog.bool_or(
            pg_catalog.has_sequence_privilege(role, ${`public.${prefix}_things_id_seq`}, 'usage')
          ) as held from unnest(${apiRoles}::text[]) as role`;
        expect(sequence).toEqual({ held });
      });

      it(`functions that ${prefix} creates remain executable by everybody through PUBLIC`, async () => {
        const [row] = await superuser.reads`
          select pg_catalog.has_function_privilege('anon', ${`public.${prefix}_answer()`}, 'execute') as executable`;
        expect(row).toEqual({ executable: true });
      });

      it(`functions that ${prefix} creates ${held ? "stay" : "are not"} executable by anon once PUBLIC loses it`, async () => {
        const direct = creator === superuserName ? superuser : deployer;
        const outcome = await direct.transaction(async (tx) => {
          await tx(`revoke execute on function public.${prefix}_answer() from public`);
          await tx`set local role anon`;
          await tx(`select public.${prefix}_answer()`);
        });
        expect(outcome).toMatchObject(held ? { ok: true, count: 1 } : { ok: false, sqlstate: "42501" });
      });
    }

    it("the deployer holds everything on what a superuser creates in public", async () => {
      const [row] = await superuser.reads`
        select pg_catalog.has_table_privilege(${deployerName}, 'public.admin_things', 'truncate') as held`;
      expect(row).toEqual({ held: true });
    });
  });
}
