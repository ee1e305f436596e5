import { quoteLiteral } from "../../sql/identifier.ts";

/** Whether `text`, an answer as JSON or a message, or a statement with its literals, says `value` as either writes it. */
export function mentions(text: string, value: string): boolean {
  return spellings(value).some((spelling) => text.includes(spelling));
}

/** A value by itself, within JSON, within a literal, and as JSON within a literal. */
function spellings(value: string): readonly string[] {
  const inJson = (text: string) => JSON.stringify(text).slice(1, -1);
  const inLiteral = (text: string) => quoteLiteral(text).replace(/^E?'|'$/g, "");
  return [...new Set([value, inJson(value), inLiteral(value), inLiteral(inJson(value))])];
}
