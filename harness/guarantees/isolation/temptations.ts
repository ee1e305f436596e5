import { signedIn } from "../../session/actor.ts";
import type { Ground } from "../ground.ts";
import { withoutComments, wordsOf } from "../words.ts";
import type { Attacker } from "./attackers.ts";

/** More words than these in one schema's policies would multiply experiments that are alike. */
const wordLimit = 12;

/** What policies decide by, directly or in the functions that they call, comments left out. */
function grounds({ schema }: Ground): readonly string[] {
  const policies = schema.tables.flatMap((table) => table.policies);
  const expressions = policies.flatMap(({ using, check }) => [using ?? "", check ?? ""]);
  const asked = expressions.join("\n");
  const sources = schema.routines.filter(({ name }) => asked.includes(name)).map(({ source }) => source);
  return [...expressions, ...sources].map(withoutComments);
}

/** Members who wrote into their own profile whatever the policies look for there: users may edit user_metadata. */
export function temptedOf(ground: Ground, victim: string): readonly Attacker[] {
  const about = grounds(ground).filter((text) => /user_metadata|raw_user_meta_data/.test(text));
  const words = wordsOf(about).slice(0, wordLimit);
  if (about.length === 0) return [];
  const { newcomer } = ground.society;
  return [...words, "true", victim].map((value) => ({
    actor: signedIn(`a member who wrote ${value} into their user_metadata`, {
      ...ground.tenancy.claims(newcomer),
      user_metadata: Object.fromEntries(words.map((word) => [word, value])),
    }),
    tenant: newcomer.tenant,
  }));
}

/** Settings, headers and cookies that policies look at, with what an attacker would put there: every client may set them. */
export function forgedSettings(ground: Ground, victim: string): readonly (readonly [string, string])[] {
  const texts = grounds(ground);
  const named = texts.flatMap((text) =>
    [...text.matchAll(/current_setting\(\s*'([^']+)'/g)].map(([, name = ""]) => name),
  );
  const settings = [...new Set(named)].filter(
    (name) => name.includes(".") && !name.startsWith("request.jwt"),
  );
  if (settings.length === 0) return [];
  const words = wordsOf(texts).slice(0, wordLimit);
  const filled = (value: string) => JSON.stringify(Object.fromEntries(words.map((word) => [word, value])));
  return settings.flatMap((name) => {
    const values = /^request\.(headers|cookies)$/.test(name)
      ? [filled(victim), filled("true")]
      : [victim, "on", "true", "1", ...words, filled(victim)];
    return values.map((value) => [name, value] as const);
  });
}
