import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { mentions } from "../../harness/guarantees/side-doors/mention.ts";
import { quoteLiteral } from "../../harness/sql/identifier.ts";

// Quotes and backslashes far more often than chance would have them.
const value = fc.string({
  unit: fc.constantFrom("a", "é", "'", '"', "\\", "\n"),
  minLength: 6,
  maxLength: 12,
});

describe("a mention of a value", () => {
  it("is found in the JSON of an answer, whatever the value holds", () => {
    fc.assert(fc.property(value, (text) => mentions(JSON.stringify([{ text }]), text)));
  });

  it("is found in the literal of a statement, and in one of JSON", () => {
    fc.assert(
      fc.property(
        value,
        (text) =>
          mentions(`select ${quoteLiteral(text)}`, text) &&
          mentions(`select ${quoteLiteral(JSON.stringify({ text }))}`, text),
      ),
    );
  });

  it("is not found where the value is not", () => {
    expect(mentions(`values ('Verona O''Connell Jr.')`, "Verona O'Connor")).toBe(false);
  });
});
