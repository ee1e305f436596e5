import { existsSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import * as v from "valibot";
import { Fault, messageOf } from "../fault/fault.ts";
import type { Project } from "../guarantees/project.ts";
import { platformNames, privilegeModels } from "../platform/platform.ts";

export const configFile = "tenantproof.config.ts";

export interface LoadedProject {
  readonly project: Project;
  /** The configuration itself, and its folder, where its paths start. */
  readonly file: string;
  readonly root: string;
}

const record = <T extends v.GenericSchema>(values: T) => v.record(v.string(), values);
const functionValue = v.custom<(...given: never[]) => unknown>(
  (value) => typeof value === "function",
  "a function",
);

const ids = <T extends v.GenericSchema<{ readonly id: string }>>(one: T) =>
  v.pipe(
    v.array(one),
    v.check((all) => new Set(all.map(({ id }) => id)).size === all.length, "ids that differ from each other"),
  );

const table = { schema: v.string(), name: v.string() };
const ms = v.pipe(v.number(), v.gtValue(0, "a number of milliseconds above 0"));
const about = {
  id: v.pipe(v.string(), v.regex(/^[a-z0-9-]+$/, "an id like contacts-recent")),
  title: v.string(),
};

const workload = v.strictObject({
  sheets: v.pipe(
    v.array(v.looseObject({ ...table, columns: v.array(v.string()), row: functionValue })),
    v.minLength(1, "at least one table"),
  ),
  queries: ids(
    v.looseObject({
      ...about,
      asker: v.picklist(["member", "service"]),
      text: v.string(),
      values: functionValue,
      targetMs: v.optional(ms),
    }),
  ),
  settings: v.optional(record(v.string())),
  personColumn: v.optional(v.string()),
  auditFunction: v.optional(v.string()),
  sizes: v.array(v.looseObject({ ...table, mostKb: v.number() })),
  chores: ids(
    v.looseObject({
      ...about,
      sql: v.string(),
      as: v.picklist(["deployer", "service"]),
      table: v.object(table),
      longestWaitMs: ms,
    }),
  ),
  removals: ids(
    v.looseObject({
      ...about,
      as: v.picklist(["member", "service", "deployer"]),
      text: v.string(),
      values: functionValue,
      targetMs: ms,
      where: v.picklist(["median", "largest", "removed"]),
    }),
  ),
});

const rehearsal = v.strictObject({
  traffic: v.optional(
    ids(
      v.strictObject({
        ...about,
        asker: v.picklist(["member", "service"]),
        text: v.string(),
        samples: v.string(),
        weight: v.optional(v.pipe(v.number(), v.integer("a whole number"), v.minValue(1, "at least 1"))),
      }),
    ),
  ),
  remedies: v.optional(
    v.array(v.strictObject({ file: v.string(), sqlstate: v.string(), statements: v.array(v.string()) })),
  ),
  lossSetting: v.optional(v.strictObject({ name: v.string(), value: v.string() })),
  unmasked: v.optional(v.array(v.string())),
});

const schema = v.strictObject({
  migrations: v.pipe(v.string(), v.nonEmpty("a folder")),
  platform: v.picklist(platformNames),
  privileges: v.picklist(privilegeModels),
  baseline: v.array(v.string()),
  tenancy: v.strictObject({
    tenants: v.object({ schema: v.string(), name: v.string(), key: v.string() }),
    column: v.string(),
    claims: functionValue,
    access: record(v.array(v.picklist(["SELECT", "INSERT", "UPDATE", "DELETE"]))),
    records: record(v.string()),
    immutable: v.object({ sqlstate: v.string(), message: v.string() }),
  }),
  recipes: record(record(functionValue)),
  guarantees: ids(v.looseObject({ id: v.string(), title: v.string(), experiment: functionValue })),
  workload: v.optional(workload),
  rehearsal: v.optional(rehearsal),
});

/**
 * The project of the nearest tenantproof.config.ts, from `directory` upwards.
 * @throws Fault CONFIG_INVALID when there is none, when it cannot be loaded or does not have the right shape; all fields
 * are named.
 */
export async function loadProject(directory: string): Promise<LoadedProject> {
  const file = findUpwards(directory);
  // Another project's promises would hold, and say nothing of this one.
  if (file === undefined)
    throw new Fault("CONFIG_INVALID", `there is no ${configFile} in this folder or above it`, {
      where: resolve(directory),
      hint: `Change to the project's folder, or write its ${configFile}; the README says what is in it.`,
    });
  let project: unknown;
  try {
    project = exportOf(await import(pathToFileURL(file).href));
  } catch (cause) {
    throw new Fault("CONFIG_INVALID", `the configuration cannot be loaded: ${messageOf(cause)}`, {
      where: file,
      cause,
    });
  }
  const parsed = v.safeParse(schema, project);
  if (!parsed.success) {
    const problems = parsed.issues.map(
      (issue) => `${v.getDotPath(issue) ?? "default export"}: ${issue.message}`,
    );
    throw new Fault("CONFIG_INVALID", problems.join("\n"), { where: file });
  }
  return { project: project as Project, file, root: dirname(file) };
}

/** A module's default export, which an import of CommonJS wraps once more. */
function exportOf(module: { readonly default?: unknown }): unknown {
  const exported = module.default;
  return typeof exported === "object" && exported !== null && "default" in exported
    ? exported.default
    : exported;
}

function findUpwards(directory: string): string | undefined {
  const here = resolve(directory);
  const file = join(here, configFile);
  if (existsSync(file)) return file;
  const parent = dirname(here);
  return parent === here ? undefined : findUpwards(parent);
}
