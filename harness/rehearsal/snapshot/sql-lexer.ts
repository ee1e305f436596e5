// Lexer: finds where the statements of a script end, as psql does, chunk by chunk. It reads bytes as Latin-1, one
// character a byte: in every encoding that a server may have, ASCII means itself.

type State =
  | { readonly in: "code" }
  | { readonly in: "line comment" }
  | { readonly in: "block comment"; depth: number }
  | { readonly in: "quote"; readonly mark: "'" | '"'; readonly escapes: boolean }
  | { readonly in: "dollar quote"; readonly mark: string };

const code: State = { in: "code" };

/** What the lexer found next; `end` is the offset in the text behind it. */
export type Found =
  | { readonly what: "statement"; readonly end: number }
  /** A line of comment between statements. */
  | { readonly what: "comment"; readonly end: number }
  | { readonly what: "backslash"; readonly end: number }
  /** All but the last characters of the text are understood; more text, or the end of the file, must say the rest. */
  | { readonly what: "more"; readonly end: number };

const word = /[A-Za-z_\x80-\xff][\w$\x80-\xff]*/y;
const plain = /[^A-Za-z_\x80-\xff'"$;\\/()-]+/y;
const dollarMark = /\$(?:[A-Za-z_\x80-\xff][\w\x80-\xff]*)?\$/y;

export class SqlLexer {
  #state: State = code;
  /** Whether a backslash escapes in an ordinary literal: standard_conforming_strings = off. */
  escapes = false;
  #parentheses = 0;
  /** Depth of BEGIN ... END in the body of a function in standard SQL. */
  #blocks = 0;
  #words: string[] = [];
  /** Whether the statement at hand has anything but blanks and comments. */
  #begun = false;

  get begun(): boolean {
    return this.#begun;
  }

  /** Where the text breaks off, in words; undefined between statements. */
  get open(): string | undefined {
    const { in: place } = this.#state;
    if (place !== "code" && place !== "line comment") return `inside a ${place}`;
    return this.#begun ? "inside a statement" : undefined;
  }

  /** What comes next in `text` from `start` on, which follows what was found before. `last`: there is no more text. */
  next(text: string, start: number, last: boolean): Found {
    let at = start;
    for (;;) {
      const state = this.#state;
      if (state.in !== "code") {
        const end = this.#leave(state, text, at, last);
        if (state === this.#state) return { what: "more", end };
        if (state.in === "line comment" && !this.#begun) return { what: "comment", end };
        at = end;
        continue;
      }
      if (at >= text.length) return { what: "more", end: at };
      const end = this.#step(text, at, last);
      if (typeof end !== "number") return end;
      if (end === at) return { what: "more", end };
      at = end;
    }
  }

  /** One token of code; the same offset when it may go on behind the text. */
  #step(text: string, at: number, last: boolean): number | Found {
    const wait = (end: number) => end >= text.length && !last;
    plain.lastIndex = at;
    const blank = plain.exec(text)?.[0];
    if (blank !== undefined) {
      if (/\S/.test(blank)) this.#begun = true;
      return at + blank.length;
    }
    word.lastIndex = at;
    const name = word.exec(text)?.[0];
    if (name !== undefined) {
      const end = at + name.length;
      if (wait(end)) return at;
      this.#word(name);
      if (text.charAt(end) !== "'") return end;
      this.#state = { in: "quote", mark: "'", escapes: /^e$/i.test(name) || this.escapes };
      return end + 1;
    }
    return this.#sign(text, at, wait);
  }

  #sign(text: string, at: number, wait: (end: number) => boolean): number | Found {
    const sign = text.charAt(at);
    const two = text.slice(at, at + 2);
    if ((sign === "-" || sign === "/") && wait(at + 1)) return at;
    if (two === "--") {
      this.#state = { in: "line comment" };
      return at + 2;
    }
    if (two === "/*") {
      this.#state = { in: "block comment", depth: 1 };
      return at + 2;
    }
    if (sign === "\\") return { what: "backslash", end: at };
    if (sign === ";" && this.#parentheses === 0 && this.#blocks === 0) {
      this.#reset();
      return { what: "statement", end: at + 1 };
    }
    this.#begun = true;
    if (sign === "(") this.#parentheses++;
    if (sign === ")") this.#parentheses = Math.max(0, this.#parentheses - 1);
    if (sign === "'" || sign === '"') {
      this.#state = { in: "quote", mark: sign, escapes: sign === "'" && this.escapes };
    }
    if (sign === "$") return this.#dollar(text, at, wait);
    return at + 1;
  }

  #dollar(text: string, at: number, wait: (end: number) => boolean): number {
    dollarMark.lastIndex = at;
    const mark = dollarMark.exec(text)?.[0];
    if (mark !== undefined) {
      this.#state = { in: "dollar quote", mark };
      return at + mark.length;
    }
    // The mark may break off at the end of the text; no name is longer than this.
    return wait(at + 130) && /^\$[\w\x80-\xff]*$/.test(text.slice(at)) ? at : at + 1;
  }

  /** The offset at which `state` ends, which is over then; or up to which it surely goes on. */
  #leave(state: State, text: string, at: number, last: boolean): number {
    if (state.in === "line comment") return this.#leaveAt(text.indexOf("\n", at), 1, text.length);
    if (state.in === "dollar quote") {
      const { length } = state.mark;
      return this.#leaveAt(text.indexOf(state.mark, at), length, Math.max(at, text.length - length + 1));
    }
    if (state.in === "quote") return this.#leaveQuote(state.mark, state.escapes, text, at, last);
    if (state.in === "block comment") return this.#leaveComment(state, text, at);
    return at;
  }

  #leaveAt(found: number, length: number, otherwise: number): number {
    if (found < 0) return otherwise;
    this.#state = code;
    return found + length;
  }

  #leaveQuote(mark: string, escapes: boolean, text: string, from: number, last: boolean): number {
    for (let at = from; ; ) {
      const end = text.indexOf(mark, at);
      const backslash = escapes ? text.indexOf("\\", at) : -1;
      if (backslash >= 0 && (end < 0 || backslash < end)) {
        if (backslash + 1 >= text.length) return backslash;
        at = backslash + 2;
        continue;
      }
      if (end < 0) return text.length;
      if (end + 1 >= text.length && !last) return end;
      if (text.charAt(end + 1) === mark) {
        at = end + 2;
        continue;
      }
      this.#state = code;
      return end + 1;
    }
  }

  #leaveComment(state: { depth: number }, text: string, from: number): number {
    const sign = /\/\*|\*\//g;
    sign.lastIndex = from;
    let end = from;
    for (let found = sign.exec(text); found !== null; found = sign.exec(text)) {
      end = found.index + 2;
      state.depth += found[0] === "/*" ? 1 : -1;
      if (state.depth > 0) continue;
      this.#state = code;
      return end;
    }
    // Half a sign may stand at the end.
    return Math.max(end, text.length - 1);
  }

  #word(name: string): void {
    this.#begun = true;
    const small = name.toLowerCase();
    if (this.#words.length < 4) this.#words.push(small);
    if (this.#words[0] !== "create") return;
    if (!/^create( or replace)? (function|procedure)\b/.test(this.#words.join(" "))) return;
    if (small === "begin" || (small === "case" && this.#blocks > 0)) this.#blocks++;
    if (small === "end" && this.#blocks > 0) this.#blocks--;
  }

  #reset(): void {
    this.#parentheses = 0;
    this.#blocks = 0;
    this.#words = [];
    this.#begun = false;
  }
}
