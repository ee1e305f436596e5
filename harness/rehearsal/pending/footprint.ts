// Footprint: what a migration leaves in the catalog of an empty database, by which a snapshot shows whether it was applied.

import { type Picture, type PictureObject, sorted, takePicture } from "../../catalog/picture.ts";
import type { Connection } from "../../engine/connection.ts";
import { applyPlan } from "../../migrations/apply.ts";
import type { Migration, Plan } from "../../migrations/migration.ts";

/** An object that a migration makes or changes. */
interface Trace {
  readonly id: string;
  /** Each shape that it has from then on. */
  readonly shapes: ReadonlySet<string>;
  /** Whether it was not there before. */
  readonly isNew: boolean;
}

/** For each migration of the plan, in order, what it makes and changes. */
export type Footprints = ReadonlyMap<Migration, readonly Trace[]>;

/** What the host or whoever restored a dump has a hand in says nothing of a migration. */
const ofTheHost = /privileges|setting|extension|publication/;

/**
 * The footprints of all migrations, read while they are applied one after the other through `deployer`.
 * @throws Fault as `applyPlan` where one does not apply.
 */
export async function takeFootprints(
  { superuser, deployer }: { readonly superuser: Connection; readonly deployer: Connection },
  plan: Plan,
): Promise<Footprints> {
  const pictures = [await takePicture(superuser)];
  for (const migration of plan) {
    await applyPlan(deployer, [migration]);
    pictures.push(await takePicture(superuser));
  }
  const shapes = pictures.map((picture) => new Map(picture.map((object) => [idOf(object), shapeOf(object)])));
  return new Map(
    plan.map((migration, index) => {
      const before = shapes[index] ?? new Map<string, string>();
      const touched = (pictures[index + 1] ?? []).filter(
        (object) => !ofTheHost.test(object.kind) && before.get(idOf(object)) !== shapeOf(object),
      );
      const traces = touched.map((object) => {
        const id = idOf(object);
        const later = shapes.slice(index + 1).flatMap((shape) => shape.get(id) ?? []);
        return { id, shapes: new Set(later), isNew: !before.has(id) };
      });
      return [migration, traces] as const;
    }),
  );
}

/** How much of a footprint a database has. */
export interface Match {
  /** Objects as they are once the migration has been applied. */
  readonly alike: number;
  readonly of: number;
  /** Objects that it makes and that are there in a shape that it never gives them, for people. */
  readonly otherwise: readonly string[];
}

/** How much of a footprint `picture` has. */
export function matchFootprint(traces: readonly Trace[], picture: Picture): Match {
  const found = new Map(picture.map((object) => [idOf(object), shapeOf(object)]));
  const is = ({ id, shapes }: Trace) => shapes.has(found.get(id) ?? "");
  return {
    alike: traces.filter(is).length,
    of: traces.length,
    otherwise: traces
      // One that was there before may have any shape: the application made it.
      .filter((trace) => found.has(trace.id) && !is(trace) && trace.isNew)
      .map(({ id }) => id),
  };
}

function idOf({ kind, name }: PictureObject): string {
  return `${kind} ${name}`;
}

/** Facts that follow from where a column stands, or from who restored a dump, are none of its shape. */
function shapeOf({ facts }: PictureObject): string {
  const { position: _, owner: __, ...shape } = facts;
  return JSON.stringify(
    Object.entries(shape)
      .filter(([name]) => !name.startsWith("privileges"))
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, fact]) => [name, sorted(fact)]),
  );
}
