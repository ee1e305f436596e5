/** Somebody who talks to the database: a database role and the claims of their token. */
export interface Actor {
  /** For people: "ada of acme". */
  readonly name: string;
  /** The role that the request takes on; whoever connects must be a member of it. */
  readonly role: string;
  /** An object is sent as JSON with the role added, a string as it stands, and undefined is not sent at all. */
  readonly claims: Readonly<Record<string, unknown>> | string | undefined;
}

interface Person {
  /** Their id in auth.users: the claim `sub`. */
  readonly id: string;
  /** Their tenant: the claim `app_metadata.org_id`. */
  readonly orgId: string;
  readonly name?: string;
}

/** A signed-in user of one tenant. */
export function member({ id, orgId, name = `member ${id}` }: Person): Actor {
  return signedIn(name, {
    sub: id,
    aud: "authenticated",
    app_metadata: { org_id: orgId },
    user_metadata: {},
  });
}

/** A signed-in user who claims a tenant only where users may write themselves: in user_metadata, and at the top. */
export function impostor({ id, orgId, name = `impostor ${id}` }: Person): Actor {
  return signedIn(name, {
    sub: id,
    aud: "authenticated",
    org_id: orgId,
    app_metadata: {},
    user_metadata: { org_id: orgId },
  });
}

/** A signed-in user with exactly these claims, plus `role`. */
export function signedIn(name: string, claims: Readonly<Record<string, unknown>>): Actor {
  return { name, role: "authenticated", claims };
}

/** Role authenticated with `claims` as they stand, however malformed; undefined: no claims were ever set. */
export function withClaims(claims: string | undefined, name = `claims ${claims ?? "unset"}`): Actor {
  return { name, role: "authenticated", claims };
}

/** Nobody: a request without a token. */
export const anon: Actor = { name: "anon", role: "anon", claims: {} };

/** The backend, which bypasses row level security. */
export const service: Actor = { name: "service", role: "service_role", claims: {} };

/** A signed-in user whose token says nothing but that. */
export const claimless: Actor = { name: "claimless member", role: "authenticated", claims: {} };

/** What `request.jwt.claims` is set to for `actor`; undefined when it is not set. */
export function claimsText({ role, claims }: Actor): string | undefined {
  return typeof claims === "object" ? JSON.stringify({ ...claims, role }) : claims;
}
