import { Readable } from "node:stream";
import { describe, expect, it } from "vitest";
import { type Form, maskValue } from "../../../harness/rehearsal/mask/form.ts";
import { editLines } from "../../../harness/rehearsal/mask/lines.ts";
import { openMasker } from "../../../harness/rehearsal/mask/masker.ts";
import { makeVocabulary } from "../../../harness/rehearsal/mask/vocabulary.ts";

/** Shows which texts are replaced: by their capitals, so that whatever else changes shows as well. */
const shouting = {
  text: (value: string) => value.toUpperCase(),
  numbers: (values: readonly number[]) => [...values],
};
const masker = openMasker("a secret", makeVocabulary([]));

const text: Form = { kind: "text" };
const array: Form = { kind: "array", of: text, delimiter: "," };
const shouted: readonly (readonly [form: Form, value: string, image: string])[] = [
  [array, '{a,"b c",NULL,"NULL","q\\"\\\\"}', '{"A","B C",NULL,"NULL","Q\\"\\\\"}'],
  [array, "{{a,b},{c,NULL}}", '{{"A","B"},{"C",NULL}}'],
  [array, "[0:1]={a,b}", '[0:1]={"A","B"}'],
  [array, "{}", "{}"],
  [
    { kind: "array", of: { kind: "json" }, delimiter: "," },
    '{"{\\"k\\": \\"v\\"}"}',
    '{"{\\"k\\": \\"V\\"}"}',
  ],
  [
    { kind: "composite", fields: [text, undefined, array] },
    '(a,7,"{b,""c d""}")',
    '("A","7","{\\"B\\",\\"C D\\"}")',
  ],
  [{ kind: "composite", fields: [text, text, text] }, '(,"",a)', '(,"","A")'],
  [
    { kind: "json" },
    '{"k": "v", "n": 12345678901234567890.10, "a": ["x\\"y", null, true]}',
    '{"k": "V", "n": 12345678901234567890.10, "a": ["X\\"Y", null, true]}',
  ],
  [
    { kind: "json" },
    '{"a@b.c" : 1, "+4912345678": {"k":"\\u00e9"}}',
    '{"A@B.C" : 1, "+4912345678": {"k":"É"}}',
  ],
  [{ kind: "json" }, '"v"', '"V"'],
  [{ kind: "hstore" }, '"k"=>"v\\"w", "n"=>NULL, "a@b.c"=>""', '"k"=>"V\\"W", "n"=>NULL, "A@B.C"=>""'],
  [{ kind: "lexemes" }, "'it''s':1,3A 'b\\\\c':2", "'IT''S':1,3A 'B\\\\C':2"],
  [{ kind: "lexemes" }, "'a' & !'b':* <-> 'c'", "'A' & !'B':* <-> 'C'"],
  [
    { kind: "xml" },
    '<?xml version="1.0"?><a b="c" d=\'e\'> f &amp; g <h/><!--i--><![CDATA[j<k]]></a>',
    '<?xml version="1.0"?><a b="C" d=\'E\'> F &amp; G <h/><!--I--><![CDATA[J<K]]></a>',
  ],
  [{ kind: "padded" }, "ab   ", "AB   "],
];

describe("a value of a type", () => {
  it.each(shouted)("%j: %s has its texts replaced and nothing else", (form, value, image) => {
    expect(maskValue(value, form, shouting)).toBe(image);
  });

  it.each([
    ["address", "192.168.1.77", /^\d+\.\d+\.\d+\.\d+$/],
    ["address", "192.168.1.77/24", /^\d+\.\d+\.\d+\.(?!0\/)\d+\/24$/],
    ["address", "192.168.4.0/22", /^\d+\.\d+\.\d+\.0\/22$/],
    ["address", "2001:db8::8a2e:370:7334", /^([0-9a-f]+:){7}[0-9a-f]+$/],
    ["address", "::ffff:10.1.2.3", /^([0-9a-f]+:){7}[0-9a-f]+$/],
    ["address", "2001:db8:abcd::/48", /^([0-9a-f]+:){3}0:0:0:0:0\/48$/],
    ["mac", "08:00:2b:01:02:03", /^([0-9a-f]{2}:){5}[0-9a-f]{2}$/],
    ["mac", "08:00:2b:01:02:03:04:05", /^([0-9a-f]{2}:){7}[0-9a-f]{2}$/],
    ["bytes", "\\x00ff10aabbccdd", /^\\x[0-9a-f]{14}$/],
  ] as const)("%s: %s becomes another of the same form", (kind, value, form) => {
    const image = maskValue(value, { kind }, masker);
    expect(image).toMatch(form);
    expect(image).not.toBe(value);
    expect(maskValue(value, { kind }, masker)).toBe(image);
  });

  it("address: each of a network's hosts becomes another", () => {
    const hosts = Array.from({ length: 256 }, (_, index) => `10.0.0.${index}/24`);
    const images = hosts.map((host) => maskValue(host, { kind: "address" }, masker));
    expect(new Set(images).size).toBe(256);
    expect(new Set(images.map((image) => image.split(".").slice(0, 3).join("."))).size).toBe(1);
  });

  it("address: what is one in two notations stays one", () => {
    const of = (value: string) => maskValue(value, { kind: "address" }, masker);
    expect(of("::ffff:10.1.2.3")).toBe(of("::ffff:a01:203"));
    expect(of("2001:db8::1")).toBe(of("2001:db8:0:0:0:0:0:1"));
  });

  it("padded: is what a text without its blanks is", () => {
    expect(maskValue("Paris  ", { kind: "padded" }, masker).trimEnd()).toBe(masker.text("Paris"));
  });
});

describe("rows on their way", () => {
  async function edited(chunks: readonly Buffer[]): Promise<string> {
    const edits = [undefined, (value: string) => `<${value}>`, undefined];
    let lines = "";
    for await (const line of editLines(Readable.from(chunks), edits, () => {})) lines += line;
    return lines;
  }

  it("have the values of edited columns replaced, whatever is escaped in them", async () => {
    const rows = "1\ta\\tb\\\\c\\n\\v\td\\te\n2\t\\N\t\n3\t\tx\n4\t\\\\N\tx\n";
    expect(await edited([Buffer.from(rows)])).toBe(
      "1\t<a\\tb\\\\c\\n\v>\td\\te\n2\t\\N\t\n3\t\tx\n4\t<\\\\N>\tx\n",
    );
  });

  it("are the same wherever they are cut", async () => {
    const rows = Buffer.from("1\té\\\\ü\tß\n2\t王\t김\n");
    const whole = await edited([rows]);
    expect(whole).toBe("1\t<é\\\\ü>\tß\n2\t<王>\t김\n");
    for (let at = 1; at < rows.length; at += 1)
      expect(await edited([rows.subarray(0, at), rows.subarray(at)])).toBe(whole);
    expect(await edited([...rows].map((byte) => Buffer.from([byte])))).toBe(whole);
  });
});
