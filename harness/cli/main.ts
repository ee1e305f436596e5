import { Command, CommanderError } from "commander";
import { createColors } from "picocolors";
import { Fault } from "../fault/fault.ts";
import { exits } from "../fault/faults.ts";
import { faultLines } from "../report/human.ts";
import { benchCommand } from "./bench.ts";
import { showsColors } from "./colors.ts";
import { doctorCommand } from "./doctor.ts";
import { exportCommand } from "./export.ts";
import { gateCommand } from "./gate.ts";
import { rehearseCommand } from "./rehearse.ts";
import { packageVersion } from "./version.ts";

const lingerMs = 5_000;

/** Runs one command line and ends the process with the exit code of harness/fault/faults.ts. */
export async function main(args: readonly string[]): Promise<void> {
  const program = new Command("tenantproof")
    .description("Proves that a multi-tenant PostgreSQL schema keeps its promises.")
    .version(packageVersion())
    .showSuggestionAfterError()
    // What is wrong with a command line is told like any other fault.
    .configureOutput({ outputError: () => {} })
    .exitOverride()
    .addCommand(gateCommand())
    .addCommand(rehearseCommand())
    .addCommand(benchCommand())
    .addCommand(doctorCommand())
    .addCommand(exportCommand());
  for (const command of program.commands) {
    command.copyInheritedSettings(program);
    for (const inner of command.commands) inner.copyInheritedSettings(program);
  }
  try {
    await program.parseAsync(args, { from: "user" });
  } catch (error) {
    process.exitCode = report(error);
  }
  // What was given up may still wait for a network; it has no claim on anybody's time.
  setTimeout(() => process.exit(), lingerMs).unref();
}

function report(error: unknown): number {
  if (error instanceof CommanderError && error.exitCode === 0) return exits.holds;
  // Whoever gives no command at all has been shown the help.
  if (error instanceof CommanderError && error.code === "commander.help") return exits.usage;
  const fault = error instanceof CommanderError ? usageFault(error) : Fault.from(error);
  const colors = createColors(showsColors(process.stderr));
  process.stderr.write(`\n${faultLines(fault, colors).join("\n")}\n`);
  if (fault.code === "BUG" && error instanceof Error) process.stderr.write(`${error.stack ?? ""}\n`);
  return fault.exit;
}

/** Commander says first what is wrong, then in parentheses what may have been meant. */
function usageFault({ message }: CommanderError): Fault {
  const [what = "", meant = ""] = message.replace(/^error: /, "").split("\n");
  const hint = "Run the command with --help to see what it takes.";
  return new Fault("USAGE", what, {
    where: "the command line",
    hint: [meant.replace(/^\((.*)\)$/, "$1"), hint].filter((text) => text !== "").join(" "),
  });
}
