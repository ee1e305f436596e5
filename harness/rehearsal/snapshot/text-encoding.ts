/** PostgreSQL's names of encodings that a server may have, and the Encoding Standard's: https://encoding.spec.whatwg.org. */
const labels: Readonly<Record<string, string>> = {
  UTF8: "utf-8",
  UNICODE: "utf-8",
  // Any bytes at all; a server whose database is UTF-8 will take only UTF-8 of them.
  SQL_ASCII: "utf-8",
  LATIN1: "latin1",
  LATIN2: "iso-8859-2",
  LATIN9: "iso-8859-15",
  WIN1250: "windows-1250",
  WIN1251: "windows-1251",
  WIN1252: "windows-1252",
  WIN1253: "windows-1253",
  WIN1254: "windows-1254",
  KOI8R: "koi8-r",
  EUC_JP: "euc-jp",
  EUC_KR: "euc-kr",
};

/** Whether a script in `encoding` can be read: ASCII means itself in it, and its text is known here. */
export function isReadable(encoding: string): boolean {
  return encoding.toUpperCase() in labels;
}

/** The text whose bytes `latin1` holds, one character a byte, in an encoding that is readable. */
export function decodeText(latin1: string, encoding: string): string {
  // Most of a dump is ASCII, which is the same in all of them.
  // biome-ignore lint/suspicious/noControlCharactersInRegex: ASCII has them.
  if (/^[\x00-\x7f]*$/.test(latin1)) return latin1;
  const label = labels[encoding] ?? "utf-8";
  if (label === "latin1") return latin1;
  return new TextDecoder(label).decode(Buffer.from(latin1, "latin1"));
}

/** Whether rows in `encoding` are UTF-8 already. */
export function isUtf8(encoding: string): boolean {
  return labels[encoding] === "utf-8";
}
