import { Command } from "commander";
import { createColors } from "picocolors";
import { exits } from "../fault/faults.ts";
import { showsColors } from "./colors.ts";
import { type EngineOptions, engineOptions, readEngineOptions } from "./settings.ts";

/** `tenantproof doctor`: which engines are here, and what is missing. */
export function doctorCommand(): Command {
  const command = new Command("doctor").description("say which engines are here, and what is missing");
  for (const option of engineOptions()) command.addOption(option);
  return command.action(async (options: EngineOptions) => {
    const { request } = readEngineOptions(options, process.env);
    const { diagnose } = await import("../engine/choose.ts");
    const { allEngines } = await import("../engine/engines.ts");
    const colors = createColors(showsColors(process.stdout));
    const findings = (await diagnose(allEngines(), request)).filter(
      ({ name }) => name !== "existing" || request.url !== undefined,
    );
    for (const { name, availability } of findings) {
      const label = colors.bold(name.padEnd(9));
      if (!availability.available) {
        process.stdout.write(`${colors.red("missing")}  ${label} ${availability.why}\n`);
        process.stdout.write(`${" ".repeat(19)}${colors.dim(availability.hint)}\n`);
        continue;
      }
      const word = availability.pgaudit ? colors.green("ready  ") : colors.yellow("partial");
      const audit = availability.pgaudit ? "with pgAudit" : "without pgAudit: audit promises stay unproven";
      process.stdout.write(
        `${word}  ${label} PostgreSQL ${availability.majors.join(", ")}, ${audit}; ${availability.detail}\n`,
      );
    }
    const usable = findings.some(({ availability }) => availability.available);
    if (!usable) process.stdout.write("\nNo engine is here. One of the lines above says what to install.\n");
    process.exitCode = usable ? exits.holds : exits.noEngine;
  });
}
