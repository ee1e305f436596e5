import { takePicture } from "../../catalog/picture.ts";
import { withConnection } from "../../engine/connection.ts";
import { createDatabase, type Database, freezeTemplate } from "../../engine/database.ts";
import { type GroundHost, prepareHost, type Stages, type Subject } from "../../guarantees/ground.ts";
import { withholdPgaudit } from "../../guarantees/withheld.ts";
import { applyPlan } from "../../migrations/apply.ts";
import type { Limits } from "../../migrations/limits.ts";
import { load } from "../../workload/load.ts";
import type { Scale } from "../../workload/scale.ts";
import type { Workload } from "../../workload/workload.ts";
import type { Contestant } from "./compare.ts";

interface ContestantRequest {
  readonly cluster: GroundHost;
  /** Its own migrations, behind its own baseline. */
  readonly subject: Subject;
  readonly workload: Workload;
  readonly scale: Scale;
  readonly seed: number;
  readonly limits?: Limits;
  readonly stages: Stages;
  readonly signal?: AbortSignal | undefined;
}

export interface Prepared extends Contestant, AsyncDisposable {
  readonly deployer: string;
}

/**
 * A database of `subject`, filled and frozen; dropped when disposed of. The same rows for the same workload, scale and
 * seed, whatever the schema. Every server has its roles once: whoever is prepared last has set theirs.
 * @throws Fault MIGRATION_FAILED, MIGRATION_TIMEOUT; WORKLOAD_REFUSED when the rows do not fit this schema.
 */
export async function prepareContestant(
  name: string,
  { cluster, subject, workload, scale, seed, limits = {}, stages, signal }: ContestantRequest,
): Promise<Prepared> {
  const { before, deployer } = await prepareHost(cluster, subject, stages, limits);
  const { applicable } = withholdPgaudit(subject.plan, cluster.pgaudit);
  const database = await createDatabase(cluster, { template: before, owner: deployer });
  try {
    await stages.stage(`${name} files`, async (say) => {
      await withConnection(database.address(deployer), (own) =>
        applyPlan(own, applicable, { ...limits, onApplied: ({ script }) => say(script.file) }),
      );
      say(`${applicable.length} files`);
    });
    return await stages.stage(`${name} rows`, (say) => fill(database, say));
  } catch (thrown) {
    await database[Symbol.asyncDispose]();
    throw thrown;
  }

  async function fill(filled: Database, say: (detail: string) => void): Promise<Prepared> {
    const superuser = filled.address(cluster.superuser.user);
    const picture = await withConnection(superuser, async (connection) => {
      await load(connection, workload, scale, { seed, say, signal });
      return takePicture(connection);
    });
    await freezeTemplate(cluster, filled.name);
    return {
      name,
      template: filled.name,
      deployer,
      picture,
      [Symbol.asyncDispose]: () => filled[Symbol.asyncDispose](),
    };
  }
}
