import type { Engine } from "./cluster.ts";
import { dockerEngine } from "./docker.ts";
import { embeddedEngine } from "./embedded.ts";
import { existingEngine } from "./existing.ts";
import { localEngine } from "./local.ts";
import { thisMachine } from "./machine.ts";

/** Every engine there is, in the order in which "auto" prefers them. */
export function allEngines(machine = thisMachine()): readonly Engine[] {
  return [dockerEngine(machine), localEngine(machine), embeddedEngine(machine), existingEngine(machine)];
}
