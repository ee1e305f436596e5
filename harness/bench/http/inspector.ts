import { type Owners, ownedIn, saysSomething } from "./contents.ts";
import type { Call } from "./script.ts";

/** What came of a call. */
export interface Response {
  /** 0 when there was no answer. */
  readonly status: number;
  readonly body: string;
}

/** What all answers so far have shown. */
export interface Sightings {
  /** Answers to members that were looked through. */
  readonly responses: number;
  readonly rows: number;
  readonly foreignRows: number;
  /** Strangers that were answered, and those of them that were given something. */
  readonly strangers: number;
  readonly strangersServed: number;
  /** Strangers by name, and how many of each were answered. */
  readonly strangersByName: ReadonlyMap<string, number>;
  /** Calls that were to fail and did, or were cancelled. */
  readonly failed: number;
  readonly cancelled: number;
  /** Successful answers that could not be read. */
  readonly unreadable: number;
  /** The first rows of others and strangers served, in words. */
  readonly findings: readonly string[];
}

const mostFindings = 5;

/** Looks through every answer, as it comes. */
export class Inspector {
  private readonly owners: Owners;
  private readonly findings: string[] = [];
  private readonly strangersByName = new Map<string, number>();
  private readonly counts = {
    ...{ responses: 0, rows: 0, foreignRows: 0, strangers: 0, strangersServed: 0 },
    ...{ failed: 0, cancelled: 0, unreadable: 0 },
  };

  constructor(owners: Owners) {
    this.owners = owners;
  }

  get sightings(): Sightings {
    return { ...this.counts, strangersByName: this.strangersByName, findings: this.findings };
  }

  /** The answer counts, and what is wrong with it is found. */
  take(call: Call, response: Response): void {
    try {
      if (call.kind === "stranger") this.takeStranger(call, response);
      else if (call.kind === "failing" && response.status === 400) this.counts.failed += 1;
      else if (call.kind === "cancelled" && response.status === 504) this.counts.cancelled += 1;
      if (call.member !== undefined && response.status > 0) this.takeMember(call, call.member, response);
    } catch (thrown) {
      if (!(thrown instanceof SyntaxError)) throw thrown;
      this.counts.unreadable += 1;
    }
  }

  private takeMember(call: Call, member: NonNullable<Call["member"]>, { body }: Response): void {
    const owned = ownedIn(body, this.owners);
    this.counts.responses += 1;
    this.counts.rows += owned.length;
    const foreign = owned.filter(
      ({ tenant = member.tenant, person = member.id }) => tenant !== member.tenant || person !== member.id,
    );
    if (foreign.length === 0) return;
    this.counts.foreignRows += foreign.length;
    const { tenant = member.tenant } = foreign[0] ?? {};
    const whose = tenant === member.tenant ? "another user" : "another tenant";
    this.find(`${call.query} showed a member a row of ${whose}`);
  }

  private takeStranger({ query, stranger }: Call, { status, body }: Response): void {
    // What broke has refused nobody.
    if (stranger === undefined || status === 0 || status >= 500) return;
    this.counts.strangers += 1;
    this.strangersByName.set(stranger.name, (this.strangersByName.get(stranger.name) ?? 0) + 1);
    if (status >= 300 || !saysSomething(body)) return;
    this.counts.strangersServed += 1;
    this.find(`${query} answered somebody ${stranger.name}`);
  }

  private find(what: string): void {
    if (this.findings.length < mostFindings && !this.findings.includes(what)) this.findings.push(what);
  }
}
