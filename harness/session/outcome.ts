/** What became of a statement. Whatever the server says is an Outcome; that it said nothing is a Fault. */
export type Outcome = Succeeded | Refused;

export interface Succeeded {
  readonly ok: true;
  /** Values as `pg` parses them. Empty for COPY, whose rows are only counted. */
  readonly rows: readonly Readonly<Record<string, unknown>>[];
  /** Rows returned, changed or copied. */
  readonly count: number;
  /** A psql script that shows it again, as a superuser or as the role that connected, and changes nothing. */
  readonly repeat: string;
}

export interface Refused {
  readonly ok: false;
  readonly sqlstate: string;
  readonly message: string;
  readonly constraint?: string;
  /** schema.table, when the server names it. */
  readonly table?: string;
  readonly repeat: string;
}

/** Thrown where the caller took success for granted; the outcome is in it. */
export class Refusal extends Error {
  readonly outcome: Refused;

  constructor(outcome: Refused) {
    super(`${outcome.sqlstate}: ${outcome.message}`);
    this.name = "Refusal";
    this.outcome = outcome;
  }
}

/** The rows of a success. @throws Refusal when it was none. */
export function rowsOf(outcome: Outcome): Succeeded["rows"] {
  if (outcome.ok) return outcome.rows;
  throw new Refusal(outcome);
}
