import { resolve } from "node:path";
import { Command } from "commander";
import { loadProject } from "./config.ts";

interface ExportOptions {
  readonly migrations?: string;
}

/** `tenantproof export DIR`: a copy of the set under versions that the Supabase CLI accepts. */
export function exportCommand(): Command {
  return new Command("export")
    .description(
      "write a copy of the migrations under unique, ordered versions that the Supabase CLI accepts",
    )
    .argument("<directory>", "a folder that is empty or not there yet")
    .option("--migrations <directory>", "the migrations; default: those of the configuration")
    .action(async (directory: string, options: ExportOptions) => {
      // The parser takes its time to load.
      const { exportMigrations } = await import("../migrations/export.ts");
      const { planMigrations } = await import("../migrations/plan.ts");
      const { readMigrations } = await import("../migrations/read.ts");
      const folder = options.migrations ? resolve(options.migrations) : await configuredFolder();
      const names = await exportMigrations(planMigrations(await readMigrations(folder)), directory);
      process.stdout.write(`${names.map((name) => `${directory}/${name}`).join("\n")}\n`);
    });
}

async function configuredFolder(): Promise<string> {
  const { project, root } = await loadProject(process.cwd());
  return resolve(root, project.migrations);
}
