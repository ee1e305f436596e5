import type { Breach, Verdict } from "./verdict.ts";

/** More breaches than this of one promise tell a reader nothing new; the rest are counted. */
const breachLimit = 20;

/** What repeats an experiment: the SQL, or the outcome that tells it when somebody asks. */
type Evidence = string | { readonly repeat: string };

/** Collects what the experiments of one promise showed and weighs them into a Verdict. */
export class Proof {
  private checked = 0;
  private readonly breaches: Breach[] = [];
  private unlisted = 0;
  private readonly doubts = new Set<string>();
  private readonly figures: string[] = [];

  /** `count` experiments ran and went as promised. */
  held(count = 1): void {
    this.checked += count;
  }

  /** An experiment ran and the promise was broken. */
  broke(what: string, evidence: Evidence): void {
    this.checked += 1;
    if (this.breaches.length >= breachLimit) this.unlisted += 1;
    else this.breaches.push({ what, sql: typeof evidence === "string" ? evidence : evidence.repeat });
  }

  /** An experiment could not tell: its control failed, or it ended in an error that says nothing of the promise. */
  doubted(why: string): void {
    this.doubts.add(why);
  }

  /** A figure that was measured on the way, for whoever reads the result; it decides nothing. */
  measured(figure: string): void {
    this.figures.push(figure);
  }

  /** What was measured, in its order. */
  get measurements(): readonly string[] {
    return this.figures;
  }

  /** Counts the experiment as held or broken by `condition`. */
  weigh(condition: boolean, what: string, evidence: Evidence): void {
    if (condition) this.held();
    else this.broke(what, evidence);
  }

  /** Broken outweighs doubt, doubt outweighs held, and no experiment at all is never held. */
  verdict(): Verdict {
    const [first, ...rest] = this.breaches;
    if (first) {
      const more =
        this.unlisted > 0 ? [{ what: `and ${this.unlisted} more of this kind`, sql: first.sql }] : [];
      return { state: "broken", checked: this.checked, breaches: [first, ...rest, ...more] };
    }
    if (this.doubts.size > 0)
      return { state: "unproven", checked: this.checked, why: [...this.doubts].join("; ") };
    if (this.checked === 0) return { state: "unproven", checked: 0, why: "no experiment found a subject" };
    return { state: "holds", checked: this.checked };
  }
}
