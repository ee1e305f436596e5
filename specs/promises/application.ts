import { relative } from "node:path";
import { type Change, difference } from "../../harness/catalog/difference.ts";
import { changedCatalogs, markCatalogs } from "../../harness/catalog/mark.ts";
import { type Picture, takePicture } from "../../harness/catalog/picture.ts";
import { Fault } from "../../harness/fault/fault.ts";
import { exits } from "../../harness/fault/faults.ts";
import type { Ground } from "../../harness/guarantees/ground.ts";
import type { Site } from "../../harness/guarantees/site.ts";
import { applyPlan, type Way } from "../../harness/migrations/apply.ts";
import type { Plan } from "../../harness/migrations/migration.ts";
import type { Script } from "../../harness/migrations/script.ts";
import type { Notice } from "../../harness/migrations/simple-query.ts";

/** How the application of some files ended: all of them, or the fault at the first that failed. */
export interface Application {
  readonly fault: Fault | undefined;
  /** What the server sent besides, in its order. */
  readonly notices: readonly Notice[];
  /** The warnings among them. */
  readonly warnings: readonly Notice[];
}

export interface ApplicationOptions {
  /** Default wrapped. */
  readonly way?: Way;
  /** Default the deployer. */
  readonly as?: "deployer" | "superuser";
  /** Settings of the session, such as tenantproof.allow_data_loss. */
  readonly settings?: Readonly<Record<string, string>>;
}

/** Applies `files`, migrations or rollback scripts, to the site and answers how it ended. */
export async function apply(
  ground: Ground,
  site: Site,
  files: readonly Script[],
  { way = "wrapped", as = "deployer", settings = {} }: ApplicationOptions = {},
): Promise<Application> {
  const connection = await site.connection(as);
  const notices: Notice[] = [];
  const ended = (fault?: Fault): Application => ({
    fault,
    notices,
    warnings: notices.filter(({ severity }) => severity === "WARNING"),
  });
  const onNotice = (notice: Notice) => notices.push(notice);
  try {
    await applyPlan(connection, files, { ...ground.limits, settings, way, onNotice });
    return ended();
  } catch (thrown) {
    if (thrown instanceof Fault && thrown.exit === exits.migration) return ended(thrown);
    throw thrown;
  }
}

/** The server's own message and hint: what stands around it in a fault quotes the script, with numbers of its own. */
export function messageOf(fault: Fault): string {
  const hint = /^The server's hint: .*$/m.exec(fault.what)?.[0] ?? "";
  return `${fault.cause instanceof Error ? fault.cause.message : ""} ${hint}`.trim();
}

/** What of the site's catalogs `work` changed for good: nothing, after an attempt that failed. */
export async function leftBehind(site: Site, work: () => Promise<unknown>): Promise<readonly string[]> {
  const connection = await site.connection("superuser");
  const before = await markCatalogs(connection);
  await work();
  return changedCatalogs(before, await markCatalogs(connection));
}

/** The site's catalog, as a superuser sees it. */
export async function pictureOf(site: Site): Promise<Picture> {
  const connection = await site.connection("superuser");
  return await takePicture(connection);
}

/** The files of which a second application, by itself, changes the catalog. */
export async function changing(ground: Ground): Promise<string[]> {
  await using site = await ground.open("migrated");
  const found: string[] = [];
  let before = await pictureOf(site);
  for (const migration of ground.plan) {
    await apply(ground, site, [migration], { way: "psql" });
    const after = await pictureOf(site);
    if (tellDifference(before, after) !== "") found.push(migration.file);
    before = after;
  }
  return found;
}

/** The first differences between two pictures, for people; empty when they are equal. */
export function tellDifference(before: Picture, after: Picture): string {
  const changes: readonly Change[] = difference(before, after);
  const shown = changes.slice(0, 8).map(({ line }) => line);
  return changes.length > shown.length
    ? [...shown, `and ${changes.length - shown.length} more`].join("; ")
    : shown.join("; ");
}

/** The files of the plan up to and without `file`. */
export function filesBefore(plan: Plan, file: string): Plan {
  return plan.slice(
    0,
    plan.findIndex((migration) => migration.file === file),
  );
}

/** What applies the scripts in psql, started in the same folder, for whoever wants to see it again. */
export function applyAgain(...scripts: readonly (Pick<Script, "path"> | undefined)[]): string {
  return scripts
    .flatMap((script) => (script ? [relative(process.cwd(), script.path)] : []))
    .map((path) => `\\i ${/^[\w./-]+$/.test(path) ? path : `'${path.replace(/['\\]/g, "\\$&")}'`}`)
    .join("\n");
}
