// Gateway: the thinnest server that does what one in front of such a database has to do: verify the token, take one
// connection of a pool for one transaction under its claims, and write down the rows.

import type { AddressInfo } from "node:net";
import Fastify, { type FastifyReply, type FastifyRequest } from "fastify";
import * as v from "valibot";
import { Fault } from "../../fault/fault.ts";
import { type Answer, type Door, Exhausted, type Inquiry, type Route } from "./door.ts";
import { leftoverSql } from "./leftovers.ts";
import type { Verify } from "./tokens.ts";

export interface Gateway extends AsyncDisposable {
  /** "http://127.0.0.1:40213" */
  readonly origin: string;
  /**
   * How long each request took inside, from its arrival to its last byte, by its number (header `x-request-id`);
   * milliseconds. They are forgotten.
   */
  times(): Promise<ReadonlyMap<number, number>>;
  /** What every connection to the database says of what requests left on it; see `leftoverSql`. */
  survey(): Promise<readonly Answer[]>;
}

interface GatewayOptions {
  readonly routes: readonly Route[];
  readonly door: Door;
  readonly verify: Verify;
}

/** The header by which a request is known again. */
export const numberHeader = "x-request-id";

declare module "fastify" {
  interface FastifyRequest {
    arrivedAt: number;
  }
}

/** Listens on 127.0.0.1 at a free port. Disposing of it ends its connections, and closes the door. */
export async function openGateway({ routes, door, verify }: GatewayOptions): Promise<Gateway> {
  const times = new Map<number, number>();
  const byId = new Map(routes.map((route) => [route.id, route]));
  const app = Fastify({ forceCloseConnections: true });
  app.decorateRequest("arrivedAt", 0);
  // The clock of process.hrtime, in milliseconds.
  app.addHook("onRequest", async (request) => {
    request.arrivedAt = performance.now();
  });
  app.addHook("onResponse", async (request) => {
    times.set(Number(request.headers[numberHeader]), performance.now() - request.arrivedAt);
  });
  app.route<{ Params: { id: string } }>({
    method: ["GET", "POST"],
    url: "/q/:id",
    handler: async (request, reply) => {
      const route = byId.get(request.params.id);
      if (route === undefined) throw new Denied(404);
      const inquiry = await read(request, route, verify);
      return write(reply, await door.answer(inquiry), inquiry.role);
    },
  });
  app.setErrorHandler(async (thrown, _, reply) => deny(reply, statusOf(thrown)));
  app.setNotFoundHandler(async (_, reply) => deny(reply, 404));
  await app.listen({ host: "127.0.0.1", port: 0 });
  const { port } = app.server.address() as AddressInfo;
  return {
    origin: `http://127.0.0.1:${port}`,
    async times() {
      const taken = new Map(times);
      times.clear();
      return taken;
    },
    survey: () => door.survey(leftoverSql),
    async [Symbol.asyncDispose]() {
      await app.close();
      await door[Symbol.asyncDispose]();
    },
  };
}

/** A status that says all there is to say. */
class Denied extends Error {
  readonly status: number;

  constructor(status: number) {
    super();
    this.status = status;
  }
}

const givenValues = v.pipe(v.string(), v.parseJson(), v.array(v.nullable(v.string())));

async function read(request: FastifyRequest, route: Route, verify: Verify): Promise<Inquiry> {
  if ((request.method === "POST") !== route.writes) throw new Denied(405);
  const claims = await claimsOf(request, verify);
  const role = typeof claims.role === "string" ? claims.role : "anon";
  if (route.asker === "service" && role !== "service_role") throw new Denied(role === "anon" ? 401 : 403);
  const parameters = request.query as Record<string, unknown>;
  const values = v.safeParse(givenValues, parameters.values ?? "[]");
  if (!values.success || values.output.length !== route.takes) throw new Denied(400);
  const headers = request.headers as Record<string, string>;
  return { route, values: values.output, role, claims, parameters, headers };
}

/** No token is role anon, as it is for PostgREST; any other header must be a token that is valid. */
async function claimsOf({ headers }: FastifyRequest, verify: Verify): Promise<Inquiry["claims"]> {
  if (headers.authorization === undefined) return {};
  const [, token] = /^bearer (\S+)$/i.exec(headers.authorization) ?? [];
  if (token === undefined) throw new Denied(401);
  try {
    return await verify(token);
  } catch {
    throw new Denied(401);
  }
}

function write(reply: FastifyReply, answer: Answer, role: string): FastifyReply {
  if (answer.ok) return reply.type("application/json").send(JSON.stringify(answer.rows));
  return deny(reply, statusOfState(answer.sqlstate, role), answer.sqlstate);
}

/** Messages of the server carry SQL and values, so none of them is passed on. */
function deny(reply: FastifyReply, status: number, sqlstate?: string): FastifyReply {
  return reply.code(status).send({ status, ...(sqlstate === undefined ? {} : { sqlstate }) });
}

function statusOf(thrown: unknown): number {
  if (thrown instanceof Denied) return thrown.status;
  if (thrown instanceof Exhausted) return 503;
  if (thrown instanceof Fault) return thrown.code === "SESSION_REFUSED" ? 403 : 503;
  const { statusCode = 500 } = thrown as { readonly statusCode?: number };
  return statusCode;
}

function statusOfState(sqlstate: string, role: string): number {
  if (sqlstate === "42501") return role === "anon" ? 401 : 403;
  if (sqlstate === "57014") return 504;
  // Class 22: a value is none of its type; 23: it breaks a constraint.
  return /^2[23]/.test(sqlstate) ? 400 : 500;
}
