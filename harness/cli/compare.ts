import { Fault } from "../fault/fault.ts";
import type { Subject } from "../guarantees/ground.ts";
import type { Run } from "./run-bench.ts";

export async function compareWithBase(_run: Run, _subject: Subject): Promise<void> {
  throw new Fault("BUG", "not there yet");
}
