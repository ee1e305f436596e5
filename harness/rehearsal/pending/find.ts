import { takePicture } from "../../catalog/picture.ts";
import type { Cluster } from "../../engine/cluster.ts";
import { connect, withConnection } from "../../engine/connection.ts";
import { createDatabase, type Database } from "../../engine/database.ts";
import { Fault } from "../../fault/fault.ts";
import type { Subject } from "../../guarantees/ground.ts";
import { applyPlan } from "../../migrations/apply.ts";
import { installPlatform, type PlatformChoice, preparePlatform } from "../../platform/platform.ts";
import { takeFootprints } from "./footprint.ts";
import { readHistory } from "./history.ts";
import { type Pending, pendingByCatalog, pendingByHistory, pendingByWord, type Told } from "./pending.ts";

interface Ground {
  readonly cluster: Cluster;
  readonly project: PlatformChoice;
  readonly subject: Pick<Subject, "plan" | "baseline">;
  /** The restored snapshot, and who runs migrations there. */
  readonly database: Database;
  readonly deployer: string;
  readonly signal: AbortSignal;
}

/**
 * Which migrations the snapshot lacks: as the user says, else as its table of applied migrations does, else as what there is
 * shows. @throws Fault USAGE when none of these tells.
 */
export async function findPending(
  told: Told,
  { cluster, project, subject: { plan, baseline }, database, deployer, signal }: Ground,
): Promise<Pending> {
  if (told.pending || told.applied) return pendingByWord(plan, told);
  const address = database.address(cluster.superuser.user);
  const history = await withConnection(address, (connection) => readHistory(connection, plan));
  if (history) return pendingByHistory(plan, history);
  signal.throwIfAborted();
  // An empty database shows what each of them leaves behind.
  await using scratch = await createDatabase(cluster, { owner: deployer });
  await using superuser = await connect(scratch.address(cluster.superuser.user));
  await using own = await connect(scratch.address(deployer));
  const prepared = await preparePlatform(superuser, project);
  await installPlatform(superuser, prepared);
  try {
    await applyPlan(own, baseline);
    const footprints = await takeFootprints({ superuser, deployer: own }, plan);
    const picture = await withConnection(address, (connection) => takePicture(connection));
    return pendingByCatalog(plan, footprints, picture);
  } catch (thrown) {
    const fault = Fault.from(thrown);
    if (fault.exit !== 4) throw fault;
    throw new Fault(
      "USAGE",
      "The snapshot has no table of applied migrations, and the migrations do not apply to an empty database, by which it could be known.",
      { where: fault.where, hint: "Say it: --pending NAME... or --applied NAME...", cause: fault },
    );
  }
}
