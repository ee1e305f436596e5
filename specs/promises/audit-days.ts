import fc from "fast-check";
import type { Trial } from "../../harness/guarantees/trial.ts";
import { quoteLiteral } from "../../harness/sql/identifier.ts";

/** Records of one kind that one user left, so many of them at even distances. */
export interface Stretch {
  readonly kind: "read" | "delete" | "denied";
  readonly user: string;
  /** The user's own organization; what is denied was another's. */
  readonly org: string;
  /** Of each record of a read. */
  readonly rows: number;
  readonly records: number;
  /** When the first was left, before now. */
  readonly minutesAgo: number;
  /** From the first to the last. */
  readonly minutes: number;
}

export interface Colleague {
  readonly id: string;
  readonly org: string;
  /** Rows on a day like any other. */
  readonly reads: number;
}

const day = 24 * 60;
const daysOfWork = 14;
/** From a quiet desk to a busy one: what is nothing to one would be an alarm about another. */
const norms = [20, 2_000, 200, 20_000];

/**
 * Two weeks and a day of people of both organizations in which nothing is wrong: each reads about as much as
 * their own norm every day, deletes a few rows now and then, and all of them tidy up in the same minutes, nobody much.
 */
export function ordinaryDays({ tenant, otherTenant, seed }: Trial): {
  readonly people: readonly Colleague[];
  readonly work: readonly Stretch[];
} {
  const desk = (place: number) =>
    fc.record({
      id: fc.uuid({ version: 4 }),
      org: fc.constant(Math.floor(place / norms.length) % 2 === 0 ? tenant : otherTenant),
      reads: fc.constant(norms[place % norms.length] ?? 0),
      days: fc.array(
        fc.record({
          share: fc.integer({ min: 70, max: 130 }),
          reports: fc.integer({ min: 2, max: 5 }),
          deletes: fc.integer({ min: 1, max: 4 }),
          hour: fc.integer({ min: 2, max: 9 }),
        }),
        { minLength: daysOfWork + 1, maxLength: daysOfWork + 1 },
      ),
      tidies: fc.integer({ min: 4, max: 9 }),
    });
  const everybody = fc.tuple(...Array.from({ length: 4 * norms.length }, (_, place) => desk(place)));
  // The seed itself makes the ids of the society: a user who is called like an organization would confuse the two.
  const [people = []] = fc.sample(everybody, { numRuns: 1, seed: seed + 1 });
  const work = people.flatMap(({ id, org, reads, days, tidies }): Stretch[] => {
    const tidying = {
      kind: "delete",
      user: id,
      org,
      rows: 1,
      records: tidies,
      minutesAgo: 70,
      minutes: 4,
    } as const;
    const everyDay = days.flatMap(({ share, reports, deletes, hour }, ago): Stretch[] => {
      const own = { user: id, org, minutesAgo: ago * day + hour * 60, minutes: 90 };
      const rows = Math.max(1, Math.round((reads * share) / 100 / reports));
      return [
        { ...own, kind: "read", rows, records: reports },
        { ...own, kind: "delete", rows: 1, records: deletes },
      ];
    });
    return [...everyDay, tidying];
  });
  return { people, work };
}

/** A record of each kind as the database's own functions write it; the others are copies of it. */
export type Patterns = Readonly<Record<Stretch["kind"], string>>;

/** What the pattern of a read has for its rows. */
export const rowsInPattern = 7_654_321;

/** The statement that leaves the records of the stretches. */
export function leave(trial: Trial, patterns: Patterns, stretches: readonly Stretch[]): string {
  const { memberId, tenant, otherTenant } = trial;
  const lines = stretches.map(({ kind, user, org, rows, records, minutesAgo, minutes }) => {
    const ids: Readonly<Record<string, string>> = {
      [memberId]: user,
      [tenant]: org,
      [otherTenant]: org === tenant ? otherTenant : tenant,
    };
    const record = patterns[kind]
      .replace(new RegExp(Object.keys(ids).join("|"), "g"), (id) => ids[id] ?? id)
      .replaceAll(String(rowsInPattern), String(rows));
    const step = records > 1 ? minutes / (records - 1) : 0;
    return `(${quoteLiteral(record)}::jsonb, ${records}, ${minutesAgo}::numeric, ${step}::numeric)`;
  });
  return `insert into public.audit_logs
    select made.* from (values ${lines.join(",\n")}) as stretch (record, records, minutes_ago, step)
    cross join lateral generate_series(0, records - 1) as n
    cross join lateral jsonb_populate_record(null::public.audit_logs, record || jsonb_build_object(
      'id', gen_random_uuid(), 'event_time', now() - make_interval(secs => (60 * (minutes_ago - n * step))::float8))) as made`;
}
