// Gateways that are wrong in one way each.
import { decodeJwt, jwtVerify } from "jose";
import pLimit from "p-limit";
import pg from "pg";
import { type Answer, type Door, type Inquiry, openDoor } from "../../../harness/bench/http/door.ts";
import { type Gateway, openGateway } from "../../../harness/bench/http/gateway.ts";
import type { GatewayPlan } from "../../../harness/bench/http/thread.ts";
import { verifierOf } from "../../../harness/bench/http/tokens.ts";
import { type Connection, connect } from "../../../harness/engine/connection.ts";

type Open = (plan: GatewayPlan) => Promise<Gateway>;

/** Our own gateway, with another door or another way to verify. */
function gatewayWith(wrong: (plan: GatewayPlan) => Partial<Parameters<typeof openGateway>[0]>): Open {
  return (plan) => {
    const { door = openDoor(plan.address, plan), ...others } = wrong(plan);
    return openGateway({ routes: plan.routes, verify: verifierOf(plan.trust), ...others, door });
  };
}

const honest = (plan: GatewayPlan) => openDoor(plan.address, plan);

/** How one transaction is made on a connection of a pool that is never reset. */
interface Manners {
  readonly before: (client: Connection, inquiry: Inquiry) => Promise<unknown>;
  readonly after: (client: Connection, inquiry: Inquiry, failed: boolean) => Promise<unknown>;
}

const set = (client: Connection, name: string, value: string, local: boolean) =>
  client.query("select set_config($1, $2, $3)", [name, value, local]);
const claimsOf = ({ claims, role }: Inquiry) => JSON.stringify({ ...claims, role });

const good: Manners = {
  async before(client, inquiry) {
    await client.query("begin");
    await set(client, "role", inquiry.role, true);
    await set(client, "request.jwt.claims", claimsOf(inquiry), true);
  },
  after: (client, _, failed) => client.query(failed ? "rollback" : "commit"),
};

function doorOf({ address, poolSize }: GatewayPlan, wrong: Partial<Manners>): Door {
  const { before, after } = { ...good, ...wrong };
  const turns = pLimit(poolSize);
  const idle: Connection[] = [];
  const use = <T>(work: (client: Connection) => Promise<T>) =>
    turns(async () => {
      const client = idle.shift() ?? (await connect(address));
      return work(client).finally(() => idle.push(client));
    });
  const answerOf = (asking: Promise<pg.QueryResult>): Promise<Answer> =>
    asking.then(
      ({ rows }) => ({ ok: true, rows }),
      (thrown) => {
        if (thrown instanceof pg.DatabaseError) return { ok: false, sqlstate: thrown.code ?? "" };
        throw thrown;
      },
    );
  return {
    answer: (inquiry) =>
      use(async (client) => {
        const { text, timeoutMs = 8000 } = inquiry.route;
        const answer = await answerOf(
          before(client, inquiry)
            .then(() => set(client, "statement_timeout", String(timeoutMs), true))
            .then(() => client.query(text, [...inquiry.values])),
        );
        await after(client, inquiry, !answer.ok);
        return answer;
      }),
    survey: (sql) => Promise.all(idle.map((client) => answerOf(client.query(sql)))),
    async [Symbol.asyncDispose]() {
      await Promise.all(idle.map((client) => client.end()));
    },
  };
}

/** With nothing wrong, by the same means as the crooked ones. */
export const straight: Open = gatewayWith((plan) => ({ door: doorOf(plan, {}) }));

export const claimsForTheSession = gatewayWith((plan) => ({
  door: doorOf(plan, {
    async before(client, inquiry) {
      await client.query("begin");
      await set(client, "role", inquiry.role, true);
      await set(client, "request.jwt.claims", claimsOf(inquiry), false);
    },
  }),
}));

export const openAfterAnError = gatewayWith((plan) => ({
  door: doorOf(plan, { after: async (client, _, failed) => failed || client.query("commit") }),
}));

export const readsNeverEnded = gatewayWith((plan) => ({
  door: doorOf(plan, {
    after: async (client, { route }, failed) => (failed || route.writes) && client.query("rollback"),
  }),
}));

export const roleForTheSession = gatewayWith((plan) => ({
  door: doorOf(plan, {
    async before(client, inquiry) {
      await client.query("begin");
      if (inquiry.role !== "anon") await set(client, "role", inquiry.role, false);
      await set(client, "request.jwt.claims", claimsOf(inquiry), true);
    },
  }),
}));

export const everybodyIsTheBackend = gatewayWith((plan) => {
  const door = honest(plan);
  return { door: { ...door, answer: (inquiry) => door.answer({ ...inquiry, role: "service_role" }) } };
});

export const cacheWithoutTheTenant = gatewayWith((plan) => {
  const door = honest(plan);
  const kept = new Map<string, Answer>();
  const answer = async (inquiry: Inquiry) => {
    const key = JSON.stringify([inquiry.route.id, inquiry.role, inquiry.values]);
    const known = kept.get(key) ?? (await door.answer(inquiry));
    if (known.ok) kept.set(key, known);
    return known;
  };
  return { door: { ...door, answer } };
});

export const cacheWithoutThePerson = gatewayWith((plan) => {
  const door = honest(plan);
  const kept = new Map<string, Answer>();
  const answer = async (inquiry: Inquiry) => {
    const key = JSON.stringify([inquiry.route.id, inquiry.claims.app_metadata, inquiry.values]);
    const known = kept.get(key) ?? (await door.answer(inquiry));
    if (known.ok) kept.set(key, known);
    return known;
  };
  return { door: { ...door, answer } };
});

export const tenantOfTheRequest = gatewayWith((plan) => {
  const door = honest(plan);
  const answer = (inquiry: Inquiry) => {
    const { org_id } = inquiry.parameters;
    if (typeof org_id !== "string") return door.answer(inquiry);
    return door.answer({ ...inquiry, claims: { ...inquiry.claims, app_metadata: { org_id } } });
  };
  return { door: { ...door, answer } };
});

export const signatureNotVerified = gatewayWith(() => ({ verify: async (token) => decodeJwt(token) }));

export const unsignedTaken = gatewayWith(({ trust }) => ({
  verify: (token) => (token.endsWith(".") ? Promise.resolve(decodeJwt(token)) : verifierOf(trust)(token)),
}));

export const expiryNotChecked = gatewayWith(({ trust }) => ({
  verify: async (token) => {
    const checks = { audience: trust.audience, currentDate: new Date(0) };
    return (await jwtVerify(token, trust.secret, checks)).payload;
  },
}));

export const audienceNotChecked = gatewayWith(({ trust }) => ({
  verify: async (token) => (await jwtVerify(token, trust.secret)).payload,
}));

export const backendOpenToAll = gatewayWith(({ routes }) => ({
  routes: routes.map((route) => ({ ...route, asker: "member" })),
}));
