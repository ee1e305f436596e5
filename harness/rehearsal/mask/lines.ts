// Lines: rows as COPY writes them in its text format, one a line.
// https://www.postgresql.org/docs/current/sql-copy.html#id-1.9.55.9.2

import { StringDecoder } from "node:string_decoder";

/** What is done with the text of each column; undefined where it stays as it is, unread. */
export type Edits = readonly (((value: string) => string) | undefined)[];

/** The rows of `chunks` with their values edited; nulls stay. It ends when `chunks` do, which must end with a line. */
export async function* editLines(
  chunks: AsyncIterable<Buffer>,
  edits: Edits,
  onRows: (count: number) => void,
): AsyncGenerator<string> {
  const decoder = new StringDecoder("utf8");
  let rest = "";
  let rows = 0;
  for await (const chunk of chunks) {
    const lines = (rest + decoder.write(chunk)).split("\n");
    rest = lines.pop() ?? "";
    if (lines.length === 0) continue;
    rows += lines.length;
    yield `${lines.map((line) => editLine(line, edits)).join("\n")}\n`;
    onRows(rows);
  }
}

function editLine(line: string, edits: Edits): string {
  const fields = line.split("\t");
  for (let index = 0; index < fields.length; index += 1) {
    const edit = edits[index];
    const field = fields[index] as string;
    if (edit !== undefined && field !== "\\N" && field !== "") fields[index] = write(edit(read(field)));
  }
  return fields.join("\t");
}

const characters: Readonly<Record<string, string>> = {
  ...{ b: "\b", f: "\f", n: "\n", r: "\r", t: "\t", v: "\v" },
};

function read(field: string): string {
  return field.includes("\\")
    ? field.replace(/\\(.)/gs, (_, mark: string) => characters[mark] ?? mark)
    : field;
}

/** What must be escaped when it comes in; the server escapes more when it goes out. */
const marks: Readonly<Record<string, string>> = { "\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r" };

function write(value: string): string {
  // Most values have nothing to escape, and looking is cheaper than replacing.
  return /[\\\t\n\r]/.test(value) ? value.replace(/[\\\t\n\r]/g, (one) => marks[one] ?? one) : value;
}
