import { type Exit, type FaultCode, faults } from "./faults.ts";

interface FaultDetails {
  /** Where it happened: a file with line and column, an option, a server. */
  readonly where?: string | undefined;
  /** What to do next, when the table's hint can be said more exactly here. */
  readonly hint?: string | undefined;
  readonly cause?: unknown;
}

/** A reason why no answer could be had. A broken promise is never a Fault. */
export class Fault extends Error {
  readonly code: FaultCode;
  readonly where: string | undefined;
  readonly hint: string;
  readonly exit: Exit;

  constructor(code: FaultCode, what: string, details: FaultDetails = {}) {
    super(what, details.cause === undefined ? undefined : { cause: details.cause });
    this.name = "Fault";
    this.code = code;
    this.where = details.where;
    this.hint = details.hint ?? faults[code].hint;
    this.exit = faults[code].exit;
  }

  /** What happened, in one sentence. */
  get what(): string {
    return this.message;
  }

  /** `thrown` itself when it is a Fault, otherwise a BUG that carries it as its cause. */
  static from(thrown: unknown): Fault {
    return thrown instanceof Fault ? thrown : new Fault("BUG", messageOf(thrown), { cause: thrown });
  }
}

/** The message of anything thrown, without its stack. */
export function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}
