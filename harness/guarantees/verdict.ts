/** A broken promise as it was seen: what happened, and the SQL that shows it to anybody. */
export interface Breach {
  /** One sentence: who could do what to which object. */
  readonly what: string;
  /** A psql script that repeats it on a database with the migrations applied. */
  readonly sql: string;
}

/** What is known of a promise. `checked` counts experiments that really ran; 0 is never "holds". */
export type Verdict =
  | { readonly state: "holds"; readonly checked: number }
  | { readonly state: "broken"; readonly checked: number; readonly breaches: readonly [Breach, ...Breach[]] }
  | { readonly state: "unproven"; readonly checked: number; readonly why: string };
