import { Command, CommanderError } from "commander";
import { createColors } from "picocolors";
import { Fault } from "../fault/fault.ts";
import { exits } from "../fault/faults.ts";
import { faultLines } from "../report/human.ts";
import { doctorCommand } from "./doctor.ts";
import { exportCommand } from "./export.ts";
import { gateCommand } from "./gate.ts";
import { packageVersion } from "./version.ts";

const lingerMs = 5_000;

/** Runs one command line and ends the process with the exit code of harness/fault/faults.ts. */
export async function main(args: readonly string[]): Promise<void> {
  const program = new Command("tenantproof")
    .description("Proves that a multi-tenant PostgreSQL schema keeps its promises.")
    .version(packageVersion())
    .showSuggestionAfterError()
    .showHelpAfterError("(see --help)")
    .exitOverride()
    .addCommand(gateCommand())
    .addCommand(doctorCommand())
    .addCommand(exportCommand());
  for (const command of program.commands) command.copyInheritedSettings(program);
  try {
    await program.parseAsync(args, { from: "user" });
  } catch (error) {
    process.exitCode = report(error);
  }
  // What was given up may still wait for a network; it has no claim on anybody's time.
  setTimeout(() => process.exit(), lingerMs).unref();
}

function report(error: unknown): number {
  // Commander has printed its own message already.
  if (error instanceof CommanderError) return error.exitCode === 0 ? exits.holds : exits.usage;
  const fault = Fault.from(error);
  const colors = createColors(process.stderr.isTTY);
  process.stderr.write(`\n${faultLines(fault, colors).join("\n")}\n`);
  if (fault.code === "BUG" && error instanceof Error) process.stderr.write(`${error.stack ?? ""}\n`);
  return fault.exit;
}
