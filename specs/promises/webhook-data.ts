import fc from "fast-check";
import type { Call, Event, LegacyData } from "../../fixtures/legacy/rows.ts";
import { type LegacyShape, type Link, links } from "../../fixtures/legacy/shapes.ts";
import { type Fate, fateOf } from "./webhook-model.ts";

/** An organization that calls name and that is not there. */
const ghost = "99999999-9999-4999-8999-999999999999";

/** Texts that lead to no call, whatever they look like. */
const noCalls = [
  ...["", " ", "not-a-uuid", "0", "null", "99999999-9999-4999-8999-99999999999"],
  ...["call 99999999-9999-4999-8999-999999999999", "99999999-9999-4999-8999-999999999999 (2)"],
];

interface Request {
  readonly tenants: readonly string[];
  readonly seed: number;
  /** How many events about; default 60. */
  readonly size?: number;
}

/** Rows for a legacy database of this shape: calls of tenants and of none, and events with every mixture of links. */
export function sampleData(shape: LegacyShape, { tenants, seed, size = 60 }: Request): LegacyData {
  const [data] = fc.sample(dataOf(shape, tenants, size), { numRuns: 1, seed });
  return data as LegacyData;
}

/** The fate of each event, in their order. @throws when the promise leaves one open, which no sample holds. */
export function fatesOf(data: LegacyData, tenants: readonly string[]): ReadonlyMap<string, Fate> {
  return new Map(
    data.events.map((event) => {
      const fate = fateOf(event, data.calls, tenants);
      if (fate === undefined) throw new Error(`nothing is promised of event ${event.event_id}`);
      return [event.event_id, fate];
    }),
  );
}

function dataOf(shape: LegacyShape, tenants: readonly string[], size: number): fc.Arbitrary<LegacyData> {
  return fc.array(fc.uuid({ version: 4 }), { minLength: 48, maxLength: 48 }).chain((ids) => {
    const vapiIds = ids.slice(0, 16);
    const calls = shape.callTables.flatMap((table, index) =>
      ids.slice(16 + 14 * index, 30 + 14 * index).map((id) => callOf(shape, table, id, tenants, vapiIds)),
    );
    return fc.tuple(...calls).chain((made) =>
      fc
        .uniqueArray(eventOf(shape, made, ids.slice(44), vapiIds), {
          minLength: size,
          maxLength: size,
          selector: ({ event_id }) => event_id,
        })
        .map((events) => ({
          calls: made,
          events: events.filter((event) => fateOf(event, made, tenants) !== undefined),
        })),
    );
  });
}

function callOf(
  { orgId }: LegacyShape,
  table: Call["table"],
  id: string,
  [first = "", second = ""]: readonly string[],
  vapiIds: readonly string[],
): fc.Arbitrary<Call> {
  return fc.record({
    table: fc.constant(table),
    id: fc.constant(id),
    org_id: fc.constantFrom(
      first,
      first,
      first,
      second,
      second,
      second,
      null,
      ghost,
      ...(orgId === "text" ? ["", "acme"] : []),
    ),
    // The empty text, too, stands in calls that never reached the provider.
    vapi_call_id: fc.constantFrom(...vapiIds, null, null, ""),
  });
}

function eventOf(
  shape: LegacyShape,
  calls: readonly Call[],
  dangling: readonly string[],
  vapiIds: readonly string[],
): fc.Arbitrary<Event> {
  const linkTo = (link: Link): fc.Arbitrary<string | null> => {
    const type = shape.links[link];
    const table = link === "call_log_id" ? "call_logs" : "calls";
    const known =
      link === "vapi_call_id" ? vapiIds : calls.filter((call) => call.table === table).map(({ id }) => id);
    const lost = shape.references && link !== "vapi_call_id" ? [] : dangling;
    const spelled =
      type === "uuid" || link === "vapi_call_id"
        ? fc.constantFrom(...known, ...lost)
        : fc
            .tuple(fc.constantFrom(...known, ...lost), fc.boolean())
            .map(([id, loud]) => (loud ? id.toUpperCase() : id));
    const odd = type === "uuid" ? [] : [{ weight: 1, arbitrary: fc.constantFrom(...noCalls) }];
    // Often only one link leads anywhere, and often that is the provider's.
    const nowhere = link === "vapi_call_id" ? 3 : 6;
    return fc.oneof(
      { weight: 6, arbitrary: spelled },
      { weight: nowhere, arbitrary: fc.constant(null) },
      ...odd,
    );
  };
  const linked = links.flatMap((link) => (shape.links[link] ? [[link, linkTo(link)] as const] : []));
  return fc.record({ event_id: eventIdOf(shape), ...Object.fromEntries(linked) }) as fc.Arbitrary<Event>;
}

function eventIdOf({ eventId = "text" }: LegacyShape): fc.Arbitrary<string> {
  if (eventId === "uuid") return fc.uuid();
  if (eventId === "bigint") return fc.bigInt({ min: 1n, max: 2n ** 63n - 1n }).map(String);
  // Capitals make another event; so do spaces.
  const name = fc.string({ unit: fc.constantFrom(..."aA0é ☎'\"\\%_-".split("")), maxLength: 6 });
  return fc.tuple(fc.constantFrom("evt_", "EVT_", "", " "), fc.nat(999), name).map((parts) => parts.join(""));
}
