// The way back, tried on the snapshot: up, down, up again; and once more with rows that came in between.

import { difference } from "../../catalog/difference.ts";
import { type Picture, takePicture } from "../../catalog/picture.ts";
import { readSchema } from "../../catalog/schema.ts";
import { connect } from "../../engine/connection.ts";
import type { Database } from "../../engine/database.ts";
import { Fault } from "../../fault/fault.ts";
import type { Project } from "../../guarantees/project.ts";
import { foundSociety } from "../../guarantees/society.ts";
import { planRollback } from "../../migrations/rollback.ts";
import type { Script } from "../../migrations/script.ts";
import { populate } from "../../population/populate.ts";
import { applyAll, type Manner } from "../apply-pending.ts";
import { compareData, type DataChange } from "../data/compare.ts";
import { touchesRoles } from "../roles.ts";
import { copyDatabase, enter, type Stage, type Theatre } from "../stage.ts";
import type { ToldError } from "../watch/facts.ts";
import type { OldTables } from "../watch/old-tables.ts";
import { highestKey } from "./highest-key.ts";
import { countTables, type Loss, lossesBetween } from "./losses.ts";

export interface WayBack {
  /** Why it could not be tried, or not to its end; absent where it was. */
  readonly untried?: string;
  /** What is otherwise in the catalog after the way back than before the way there. */
  readonly leftovers: readonly string[];
  /** Columns that stand in another order, which DDL cannot undo. */
  readonly reordered: readonly string[];
  /** What became of the snapshot's rows on the way there and back. */
  readonly changes: readonly DataChange[];
  /** What is otherwise in the catalog after the second way there than after the first. */
  readonly different: readonly string[];
  /** The file that could not be taken back, or applied again. */
  readonly failed?: ToldError;
  readonly withRows?: NewRows;
}

/** The way back with rows that came after the deploy. */
export interface NewRows {
  /** How many rows were put in, by table. */
  readonly made: Readonly<Record<string, number>>;
  /** With what the way back was refused; absent where it was not. */
  readonly refusal?: ToldError;
  /** What a refusal changed all the same. */
  readonly changedByRefusal: readonly string[];
  /** Rows that went without a word. */
  readonly lost: readonly Loss[];
  /** With the loss allowed: what the snapshot lost besides. */
  readonly changes: readonly DataChange[];
  /** That it goes through once the loss is allowed. */
  readonly goesThrough: boolean;
  readonly untried?: string;
}

interface Request {
  readonly theatre: Theatre;
  /** Those of the snapshot. */
  readonly tables: OldTables;
  readonly project: Project;
  /** The catalog before, and after the pending migrations. */
  readonly before: Picture;
  readonly after: Picture;
  readonly manner: Manner;
  readonly seed: number;
}

const defaultLoss = { name: "tenantproof.allow_data_loss", value: "on" };

/** `up` has the pending migrations, and nobody is in it; afterwards it has gone back, and there once more. */
export async function tryWayBack(up: Database, request: Request): Promise<WayBack> {
  const nothing = { leftovers: [], reordered: [], changes: [], different: [] };
  const scripts = rollbackScripts(request.theatre);
  if (typeof scripts === "string") return { ...nothing, untried: scripts };
  const withRows = await tryWithRows(up, request, scripts);
  const { theatre, tables, before, after, manner } = request;
  await using stage = await enter(theatre, up, tables);
  const down = await applyAll(stage, scripts, allowing(request));
  const failed = down.find(({ outcome }) => outcome === "failed")?.error;
  if (failed) return { ...nothing, failed, withRows };
  const back = difference(before, await takePicture(stage.superuser, { cluster: true }));
  const changes = await compareWithPristine(stage, theatre);
  const again = await applyAll(stage, theatre.plan, manner);
  const refused = again.find(({ outcome }) => outcome === "failed")?.error;
  const different = refused ? [] : difference(after, await takePicture(stage.superuser, { cluster: true }));
  return {
    leftovers: back.filter((change) => change.class !== "order").map(({ line }) => line),
    reordered: back.filter((change) => change.class === "order").map(({ line }) => line),
    changes,
    different: different.filter((change) => change.class !== "order").map(({ line }) => line),
    ...(refused && { failed: refused }),
    withRows,
  };
}

/** In their order, or why there are none. */
function rollbackScripts({ plan }: Theatre): readonly Script[] | string {
  const without = plan.filter(({ rollback }) => rollback === undefined);
  if (without.length > 0) return `${without.map(({ file }) => file).join(", ")} has no rollback script`;
  try {
    return planRollback(plan);
  } catch (thrown) {
    if (thrown instanceof Fault) return thrown.what;
    throw thrown;
  }
}

function allowing({ manner, project }: Request): Manner {
  const { name, value } = project.rehearsal?.lossSetting ?? defaultLoss;
  return { ...manner, settings: { ...manner.settings, [name]: value } };
}

async function compareWithPristine({ superuser }: Stage, theatre: Theatre): Promise<readonly DataChange[]> {
  await using pristine = await connect(theatre.pristine.address(theatre.cluster.superuser.user));
  const { changes } = await compareData(pristine, superuser);
  await superuser.query("reset all");
  return changes;
}

/** On a copy, since nobody knows what is left of it. */
async function tryWithRows(up: Database, request: Request, scripts: readonly Script[]): Promise<NewRows> {
  const { theatre, tables, project, manner, seed } = request;
  await using copy = await copyDatabase(theatre, up);
  await using stage = await enter(theatre, copy, tables);
  const none = { made: {}, changedByRefusal: [], lost: [], changes: [], goesThrough: false };
  if (touchesRoles(theatre.plan))
    return {
      ...none,
      untried: "a migration makes or drops a role, which all copies of the snapshot on the server share",
    };
  const atFirst = await countTables(stage.superuser);
  try {
    const schema = await readSchema(stage.superuser);
    const { tenancy, recipes } = project;
    await populate(stage.superuser, schema, {
      ...{ tenants: foundSociety(seed).tenants, tenancy, seed, recipes },
      countFrom: await highestKey(stage.superuser),
    });
  } catch (thrown) {
    if (thrown instanceof Fault) throw thrown;
    return { ...none, untried: "no new rows could be made" };
  }
  const filled = await countTables(stage.superuser);
  const made = Object.fromEntries(
    filled.flatMap(({ oid, name, rows }) => {
      const more = rows - (atFirst.find((one) => one.oid === oid)?.rows ?? 0);
      return more > 0 ? [[name, more]] : [];
    }),
  );
  if (Object.keys(made).length === 0) return { ...none, untried: "no new rows could be made" };
  const catalog = await takePicture(stage.superuser, { cluster: true });
  const down = await applyAll(stage, scripts, manner);
  const refusal = down.find(({ outcome }) => outcome === "failed")?.error;
  if (refusal === undefined) {
    const lost = lossesBetween(atFirst, filled, await countTables(stage.superuser));
    return {
      ...none,
      made,
      lost,
      changes: withoutAdded(await compareWithPristine(stage, theatre)),
      goesThrough: true,
    };
  }
  // Files before it have been taken back; what it refused must be as it was. With the first in line, that is everything.
  const first = down.length === 1;
  const changedByRefusal = first
    ? difference(catalog, await takePicture(stage.superuser, { cluster: true })).map(({ line }) => line)
    : [];
  const counted = await countTables(stage.superuser);
  const lost = lossesBetween(atFirst, filled, counted);
  const rest = scripts.slice(down.length - 1);
  const allowed = await applyAll(stage, rest, allowing(request));
  const goesThrough = allowed.every(({ outcome }) => outcome === "applied");
  return {
    ...{ made, refusal, changedByRefusal, lost, goesThrough },
    changes: goesThrough ? withoutAdded(await compareWithPristine(stage, theatre)) : [],
  };
}

/** New rows are what was put in; only what is gone or changed matters. */
function withoutAdded(changes: readonly DataChange[]): readonly DataChange[] {
  return changes.filter(
    ({ removed, changed, after, droppedColumns }) =>
      removed > 0 || changed > 0 || after === undefined || droppedColumns.length > 0,
  );
}
