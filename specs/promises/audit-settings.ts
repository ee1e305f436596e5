import { withConnection } from "../../harness/engine/connection.ts";
import type { Ground } from "../../harness/guarantees/ground.ts";
import type { Proof } from "../../harness/guarantees/proof.ts";
import { quoteIdentifier } from "../../harness/sql/identifier.ts";
import { apply, applyAgain } from "./application.ts";

/** Where somebody had told pgAudit to log less, the set has it log what is promised all the same, or says what to set. */
export async function provesSettingsReplaced(ground: Ground, proof: Proof): Promise<void> {
  await using site = await ground.open("before");
  const superuser = await site.connection("superuser");
  const database = quoteIdentifier(site.database.name);
  const roles = ["authenticator", site.deployerRole];
  const less = roles
    .map((role) => `alter role ${quoteIdentifier(role)} in database ${database} set pgaudit.log = 'role';`)
    .join("\n");
  await superuser.query(less);
  const { fault, warnings } = await apply(ground, site, ground.plan);
  if (fault) return proof.doubted(`${fault.where}: ${fault.what}`);
  const told = warnings.some(({ message }) => /\bpgaudit\.log\s*=/.test(message));
  for (const role of roles) {
    const { rows } = await withConnection(site.database.address(role), (connection) =>
      connection.query("select pg_catalog.current_setting('pgaudit.log') as log"),
    );
    const { log } = rows[0] as { log: string };
    const isLogged = (kind: string) => new RegExp(`(^|[\\s,])(${kind}|all)\\b`, "i").test(log);
    proof.weigh(
      told || ["read", "write", "ddl"].every(isLogged),
      `where pgaudit.log was 'role' for ${role}, it is '${log}' after the set, and nothing is said`,
      `${less}\n${applyAgain(...ground.plan)}`,
    );
  }
}
