import { quoteLiteral } from "../sql/identifier.ts";
import { type Actor, claimsText } from "./actor.ts";
import type { Step } from "./exchange.ts";

/** What a request says besides who makes it, as policies and pre-request functions can read it. */
export interface RequestDetails {
  /** Default GET in a read-only transaction, else POST. */
  readonly method?: string;
  /** Default "/". */
  readonly path?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly cookies?: Readonly<Record<string, string>>;
}

/** A server setting, for the duration of one transaction. */
export type Setting = readonly [name: string, value: string];

/** How one transaction begins: everything in it is local to the transaction. */
export interface Preamble {
  readonly readOnly: boolean;
  /** In the order in which they are set. */
  readonly settings: readonly Setting[];
  /** The statements that begin the transaction: one, or two where there is something to set. */
  readonly steps: readonly Step[];
}

/** How a transaction begins for whoever connected: nothing is set. */
export function directPreamble(readOnly: boolean): Preamble {
  return preamble(readOnly, []);
}

/**
 * What PostgREST sets before it runs a request of `actor`, in its order; `roleSettings` are those of ALTER ROLE, which
 * SET ROLE does not apply by itself. https://docs.postgrest.org/en/stable/references/transactions.html
 */
export function requestPreamble(
  actor: Actor,
  readOnly: boolean,
  searchPath: string,
  roleSettings: readonly Setting[],
  { method = readOnly ? "GET" : "POST", path = "/", headers = {}, cookies = {} }: RequestDetails,
): Preamble {
  const claims = claimsText(actor);
  const settings: Setting[] = [
    ["search_path", searchPath],
    ...roleSettings,
    ["role", actor.role],
    ...(claims === undefined ? [] : [["request.jwt.claims", claims] as const]),
    ["request.method", method],
    ["request.path", path],
    ["request.headers", JSON.stringify(headers)],
    ["request.cookies", JSON.stringify(cookies)],
  ];
  return preamble(readOnly, settings);
}

function preamble(readOnly: boolean, settings: readonly Setting[]): Preamble {
  const begin = { text: beginText(readOnly) };
  if (settings.length === 0) return { readOnly, settings, steps: [begin] };
  const calls = settings.map((_, index) => `set_config($${2 * index + 1}, $${2 * index + 2}, true)`);
  return {
    readOnly,
    settings,
    steps: [begin, { text: `select ${calls.join(", ")}`, values: settings.flat() }],
  };
}

/** A psql script that runs `statements` as they were run, and changes nothing. `user` is who had connected. */
export function repeatScript(preamble: Preamble, user: string, statements: readonly string[]): string {
  const calls = preamble.settings.map(
    ([name, value]) => `  set_config(${quoteLiteral(name)}, ${quoteLiteral(value)}, true)`,
  );
  return [
    `${beginText(preamble.readOnly)};`,
    `set local session authorization ${quoteLiteral(user)};`,
    ...(calls.length === 0 ? [] : [`select\n${calls.join(",\n")};`]),
    ...statements.map(terminated),
    "set constraints all immediate;",
    "rollback;",
    "",
  ].join("\n");
}

function terminated(statement: string): string {
  const text = statement.trim().replace(/;$/, "");
  // A comment at the end would swallow the semicolon.
  return text.includes("--") ? `${text}\n;` : `${text};`;
}

function beginText(readOnly: boolean): string {
  return `begin isolation level read committed${readOnly ? " read only" : ""}`;
}
