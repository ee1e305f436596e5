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

  /** The Fault in `thrown` when there is one, otherwise a BUG that carries it as its cause. */
  static from(thrown: unknown): Fault {
    return Fault.in(thrown) ?? new Fault("BUG", messageOf(thrown), { cause: thrown });
  }

  /** The Fault that `thrown` is, or the first of those that it became while things were being closed. */
  static in(thrown: unknown): Fault | undefined {
    return inOrder(thrown).find((one) => one instanceof Fault);
  }

  /** What else was thrown while things were being closed: no Fault, or another one. */
  static besides(thrown: unknown, fault: Fault): unknown[] {
    return inOrder(thrown).filter((one) => one !== thrown && one !== fault);
  }
}

/** The message of anything thrown, without its stack; of what was thrown first, where closing things threw too. */
export function messageOf(thrown: unknown): string {
  const [first] = inOrder(thrown);
  return first instanceof Error ? first.message : String(first);
}

/** `await using` throws a SuppressedError when both a block and the closing of what it used have thrown. */
function inOrder(thrown: unknown): unknown[] {
  // By its name: Node 20 has no such class, and what compiles for it makes one up.
  if (!(thrown instanceof Error && thrown.name === "SuppressedError")) return [thrown];
  const { suppressed, error } = thrown as Error & { suppressed: unknown; error: unknown };
  return [...inOrder(suppressed), ...inOrder(error)];
}
