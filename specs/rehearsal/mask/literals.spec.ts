import { describe, expect, it } from "vitest";
import { literalsIn, type Use } from "../../../harness/rehearsal/mask/literals.ts";
import { makeVocabulary } from "../../../harness/rehearsal/mask/vocabulary.ts";

const read: readonly (readonly [sql: string, ...literals: (readonly [text: string, use: Use])[]])[] = [
  ["CHECK ((status = ANY (ARRAY['a b'::text, 'c'::text])))", ["a b", "word"], ["c", "word"]],
  ["CHECK (((VALUE)::text ~ '^\\+[1-9]$'::text))", ["^\\+[1-9]$", "regex"]],
  ["CHECK ((x !~* 'a''b'::text))", ["a'b", "regex"]],
  ["CHECK ((x ~~ ANY (ARRAY['a%'::text, ('b%'::character varying)::text])))", ["a%", "like"], ["b%", "like"]],
  ["CHECK ((x ~ 'a'::text) AND (y = 'b'::text))", ["a", "regex"], ["b", "word"]],
  ["CHECK ((x ~ similar_to_escape('(a|b)%'::text)))", ["(a|b)%", "similar"]],
  ["CHECK (starts_with(url, 'https://'::text))", ["https://", "prefix"]],
  ["CHECK ((url ^@ 'https://'::text))", ["https://", "prefix"]],
  ["select 1 where name ilike 'a%' and city similar to 'b'", ["a%", "like"], ["b", "similar"]],
  ["select regexp_replace(lower(x), '[^a]', 'none')", ["[^a]", "regex"], ["none", "word"]],
  ["select E'a\\n\\'b', 'c\\', 'd'", ["a\n'b", "word"], ["c\\", "word"], ["d", "word"]],
  ["-- it's\nselect /* 'no' */ \"it's\", 'yes'", ["yes", "word"]],
  [
    "create function f() as $function$ begin x := 'in'; return $$'deep'$$; end $function$",
    ["in", "word"],
    ["deep", "word"],
  ],
  ["select a like'b'", ["b", "like"]],
];

describe("the strings that SQL spells out", () => {
  it.each(read.map(([sql, ...literals]) => ({ sql, literals })))("$sql", ({ sql, literals }) => {
    expect(literalsIn(sql).map(({ text, use }) => [text, use])).toEqual(literals);
  });
});

const matched: readonly (readonly [text: string, use: Use, yes: readonly string[], no: readonly string[]])[] =
  [
    ["^\\+[1-9]\\d+$", "regex", ["+123"], ["+012", "123"]],
    ["^[[:alpha:]]+$", "regex", ["abc", "ABC"], ["a1"]],
    ["\\mab\\M", "regex", ["x ab y"], ["xab"]],
    ["(?i)^ab$", "regex", ["AB"], ["abc"]],
    ["a_c%", "like", ["abc", "axcd"], ["ac", "xabc"]],
    ["a\\%b.", "like", ["a%b."], ["a%bx", "axb."]],
    ["(ab|cd)%x.", "similar", ["ab1x.", "cdx."], ["efx.", "abxy"]],
    ["sip:", "prefix", ["sip:1"], ["xsip:"]],
  ];

describe("a pattern of SQL", () => {
  it.each(matched)("%s, as %s, matches here what it matches there", (text, use, yes, no) => {
    const vocabulary = makeVocabulary([{ text, use }]);
    expect([...yes, ...no].map((value) => vocabulary.matches(value))).toEqual([
      ...yes.map(() => [0]),
      ...no.map(() => []),
    ]);
  });

  it("is left out where this machine cannot read it", () => {
    expect(makeVocabulary([{ text: "(unclosed", use: "regex" }]).patterns).toBe(0);
  });

  it("is left out where it asks for nothing that masking changes", () => {
    expect(makeVocabulary([{ text: "@", use: "regex" }]).patterns).toBe(0);
  });
});

describe("a word", () => {
  const vocabulary = makeVocabulary(
    [
      { text: "Active", use: "word" },
      { text: '{draft,"on hold"}', use: "word" },
      { text: '{"role": "owner"}', use: "word" },
      { text: '$.state == "open"', use: "word" },
    ],
    ["authenticated"],
  );

  it("is known in any case, by name or as a part of an array, a document or a path", () => {
    const words = ["active", "ACTIVE", "draft", "on hold", "owner", "open", "authenticated"];
    expect(words.filter((word) => !vocabulary.isWord(word))).toEqual([]);
    expect(["activ", "hold on"].filter((word) => vocabulary.isWord(word))).toEqual([]);
  });
});
