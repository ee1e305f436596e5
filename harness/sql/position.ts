// Offset: an index into a JavaScript string (UTF-16 units), what `slice` takes.
// Column: counted from 1 in whole characters (code points), as editors and the server count.
// Excerpt: the line of a position, with a caret under its column.

const lineBreak = /\r\n|\n|\r/g;
const excerptWidth = 100;
const blank = /\s/u;
const wide = /[\p{Emoji_Presentation}\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}]/u;
const combining = /\p{M}/u;
// Terminals would obey these; a file that is only being quoted must not speak to the terminal.
const control = /[\p{Cc}\p{Bidi_Control}]/gu;

/** `text` with what a terminal would obey replaced; line breaks and tabs stay. */
export function printable(text: string): string {
  return text.replace(control, (character) => (/[\t\n]/.test(character) ? character : "�"));
}

/** A place in a text; `line` and `column` count from 1. */
export interface Position {
  readonly offset: number;
  readonly line: number;
  readonly column: number;
}

/** The position of `offset` in `text`; an offset behind the end is the end. */
export function positionAt(text: string, offset: number): Position {
  const before = text.slice(0, offset);
  const breaks = [...before.matchAll(lineBreak)];
  const last = breaks.at(-1);
  const lineStart = last === undefined ? 0 : last.index + last[0].length;
  return {
    offset: before.length,
    line: breaks.length + 1,
    column: [...before.slice(lineStart)].length + 1,
  };
}

/** The position of the first character that is not blank in line `line` of `text`, counted from 1. */
export function lineStart(text: string, line: number): Position {
  let offset = 0;
  for (const found of text.matchAll(lineBreak)) {
    if (--line < 1) break;
    offset = found.index + found[0].length;
  }
  while (offset < text.length && blank.test(text.charAt(offset))) offset++;
  return positionAt(text, offset);
}

/** The offset of the character that `count` characters (code points) precede from `start` on: the server counts so. */
export function offsetAfter(text: string, start: number, count: number): number {
  let offset = start;
  for (let passed = 0; passed < count && offset < text.length; passed++) {
    offset += (text.codePointAt(offset) ?? 0) > 0xffff ? 2 : 1;
  }
  return offset;
}

/** The line of `position` with its number, and a caret under the column; a long line is cropped around it. */
export function excerptAt(text: string, { offset, line, column }: Position): string {
  const lineEnd = text.slice(offset).search(/[\r\n]/);
  const characters = [
    ...(text
      .slice(0, offset)
      .slice(-(2 * column))
      .split(/[\r\n]/)
      .at(-1) ?? ""),
    ...text.slice(offset, lineEnd < 0 ? undefined : offset + lineEnd),
  ];
  const from = Math.max(0, column - 1 - excerptWidth / 2);
  const shown = characters.slice(from, from + excerptWidth).map(printable);
  const gutter = `${line} | ${from > 0 ? "…" : ""}`;
  const under = shown.slice(0, column - 1 - from).map(blankAs);
  return `${gutter}${shown.join("")}\n${" ".repeat(gutter.length)}${under.join("")}^`;
}

// Blanks as wide as a terminal shows the character.
function blankAs(character: string): string {
  if (character === "\t") return character;
  if (combining.test(character)) return "";
  return wide.test(character) ? "  " : " ";
}
