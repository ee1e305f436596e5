// Nested: values that are made of others: arrays and rows, as the server writes them.
// https://www.postgresql.org/docs/current/arrays.html#ARRAYS-IO, https://www.postgresql.org/docs/current/rowtypes.html#ROWTYPES-IO-SYNTAX

/** The array with each element that is not null replaced by what `mask` makes of it; its dimensions stay. */
export function maskArray(value: string, delimiter: string, mask: (element: string) => string): string {
  const start = value.indexOf("{");
  let image = value.slice(0, start);
  let at = start;
  while (at < value.length) {
    const character = value[at] as string;
    if (character === "{" || character === "}" || character === delimiter) {
      image += character;
      at += 1;
    } else if (character === '"') {
      const { text, end } = readQuoted(value, at);
      image += quote(mask(text));
      at = end;
    } else {
      let end = at;
      while (end < value.length && value[end] !== delimiter && value[end] !== "}") end += 1;
      const text = value.slice(at, end);
      image += text === "NULL" ? text : quote(mask(text));
      at = end;
    }
  }
  return image;
}

/** The row with each field that is not null replaced by what `mask` makes of it. */
export function maskComposite(value: string, mask: (field: string, index: number) => string): string {
  const fields: string[] = [];
  let at = 1;
  while (at < value.length) {
    let text = "";
    let isNull = true;
    while (at < value.length - 1 && value[at] !== ",") {
      isNull = false;
      if (value[at] === '"') {
        const quoted = readQuoted(value, at);
        text += quoted.text;
        at = quoted.end;
      } else {
        text += value[at];
        at += 1;
      }
    }
    fields.push(isNull ? "" : quote(mask(text, fields.length)));
    at += 1;
  }
  return `(${fields.join(",")})`;
}

/** What stands between the quotes that begin at `at`; a quote is written as two, or after a backslash. */
function readQuoted(value: string, at: number): { readonly text: string; readonly end: number } {
  let text = "";
  let end = at + 1;
  for (; end < value.length; end += 1) {
    const character = value[end] as string;
    if (character === "\\" || (character === '"' && value[end + 1] === '"')) end += 1;
    else if (character === '"') break;
    text += value[end];
  }
  return { text, end: end + 1 };
}

function quote(text: string): string {
  return `"${text.replace(/["\\]/g, "\\$&")}"`;
}
