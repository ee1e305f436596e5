// Notation: documents that hold text among what gives them their structure: JSON, XML, hstore, the lexemes of a search.
// The structure stays, to the blank; the text in it is replaced as the same text in a column would be.

import type { Masker } from "./masker.ts";

const jsonString = /"[^"\\]*(?:\\.[^"\\]*)*"(\s*:)?/g;

/** The JSON with its strings replaced, and of its keys those that are somebody's; numbers keep every digit. */
export function maskJson(value: string, masker: Masker): string {
  return value.replace(jsonString, (token: string, colon: string | undefined) => {
    const written = colon === undefined ? token : token.slice(0, -colon.length);
    const text = JSON.parse(written) as string;
    if (colon !== undefined && !isPersonal(text)) return token;
    const image = masker.text(text);
    return image === text ? token : JSON.stringify(image) + (colon ?? "");
  });
}

/** Whether a key is no name of a field but somebody's e-mail address or number. */
function isPersonal(key: string): boolean {
  return key.includes("@") || (key.match(/\d/g)?.length ?? 0) >= 7;
}

const hstorePair = /"([^"\\]*(?:\\.[^"\\]*)*)"=>(?:"([^"\\]*(?:\\.[^"\\]*)*)"|NULL)/gs;

/** The hstore with its values replaced, and of its keys those that are somebody's. */
export function maskHstore(value: string, masker: Masker): string {
  const read = (text: string) => text.replace(/\\(.)/gs, "$1");
  const write = (text: string) => `"${text.replace(/["\\]/g, "\\$&")}"`;
  return value.replace(hstorePair, (_, writtenKey: string, written: string | undefined) => {
    const key = read(writtenKey);
    const image = written === undefined ? "NULL" : write(masker.text(read(written)));
    return `${write(isPersonal(key) ? masker.text(key) : key)}=>${image}`;
  });
}

const lexeme = /'([^'\\]*(?:(?:''|\\.)[^'\\]*)*)'/gs;

/** The tsvector or tsquery with its lexemes replaced; where they stood, and their weights, stay. */
export function maskLexemes(value: string, masker: Masker): string {
  return value.replace(lexeme, (_, written: string) => {
    const text = written.replace(/''/g, "'").replace(/\\(.)/gs, "$1");
    return `'${masker.text(text).replace(/\\/g, "\\\\").replace(/'/g, "''")}'`;
  });
}

const xmlPart =
  /<!\[CDATA\[([\s\S]*?)\]\]>|<!--([\s\S]*?)-->|<[?!][\s\S]*?>|<(?:[^>"']|"[^"]*"|'[^']*')*>|[^<]+/g;

/** The XML with its text, the values of its attributes and its comments replaced; names and declarations stay. */
export function maskXml(value: string, masker: Masker): string {
  return value.replace(xmlPart, (part: string, data: string | undefined, comment: string | undefined) => {
    if (data !== undefined) return `<![CDATA[${masker.text(data)}]]>`;
    if (comment !== undefined) return `<!--${masker.text(comment)}-->`;
    if (/^<[?!]/.test(part)) return part;
    if (!part.startsWith("<")) return maskMarked(part, masker);
    return part.replace(
      /(\s(?!xmlns)[^\s=]+\s*=\s*)(?:"([^"]*)"|'([^']*)')/g,
      (_, name: string, double: string | undefined, single: string | undefined) =>
        double === undefined
          ? `${name}'${maskMarked(single ?? "", masker)}'`
          : `${name}"${maskMarked(double, masker)}"`,
    );
  });
}

/** Blanks around a text are the document's, and `&amp;` is one character. */
function maskMarked(text: string, masker: Masker): string {
  return text
    .split(/(&[^;\s]+;|^\s+|\s+$)/)
    .map((piece, index) => (index % 2 === 1 ? piece : masker.text(piece)))
    .join("");
}
