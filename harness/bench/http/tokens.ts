import { createSecretKey, randomBytes } from "node:crypto";
import { jwtVerify, SignJWT, UnsecuredJWT } from "jose";

export type Claims = Readonly<Record<string, unknown>>;

/** The claims of a token. Rejects where it is none of ours, or not valid any more. */
export type Verify = (token: string) => Promise<Claims>;

/** What gateway and clients agree on, for one run. */
export interface Trust {
  readonly secret: Uint8Array;
  /** The claim `aud` of every token. */
  readonly audience: string;
}

const algorithm = "HS256";
/** Longer than any run. */
const validity = "12 hours";

/** A secret that nobody else knows. */
export function newTrust(audience = "authenticated"): Trust {
  return { secret: randomBytes(32), audience };
}

/** Takes tokens that were signed with the secret by HS256, for the audience, and that end later than now. */
export function verifierOf({ secret, audience }: Trust): Verify {
  const key = createSecretKey(secret);
  return async (token) => {
    const checks = { algorithms: [algorithm], audience, requiredClaims: ["exp"] };
    return (await jwtVerify(token, key, checks)).payload;
  };
}

/** A token of these claims that `verifierOf` takes; `aud` and `exp` are set, `exp` to a time like "1 hour ago". */
export function sign(claims: Claims, { secret, audience }: Trust, ends = validity): Promise<string> {
  return new SignJWT({ ...claims })
    .setProtectedHeader({ alg: algorithm, typ: "JWT" })
    .setAudience(audience)
    .setExpirationTime(ends)
    .sign(createSecretKey(secret));
}

/** The same with no signature, and a header that says so: `alg` is none. */
export function leaveUnsigned(claims: Claims, { audience }: Trust): string {
  return new UnsecuredJWT({ ...claims }).setAudience(audience).setExpirationTime(validity).encode();
}
