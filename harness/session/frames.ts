/** What the server said up to its ReadyForQuery. */
export interface Answer {
  /** Rows of all statements together. */
  readonly rows: number;
  readonly error?: { readonly sqlstate: string; readonly message: string };
}

// https://www.postgresql.org/docs/current/protocol-message-formats.html
const [dataRow, errorResponse, readyForQuery] = ["D", "E", "Z"].map((type) => type.charCodeAt(0));
const headerBytes = 5;

/** Cuts a stream of bytes into the server's messages, and keeps nothing of them but what an `Answer` tells. */
export class FrameReader {
  /** The beginning of a message whose rest has not come yet. */
  private rest: Buffer = Buffer.alloc(0);
  /** Bytes still to come of a row that nobody wants. */
  private skip = 0;
  private rows = 0;
  private error: Answer["error"];

  constructor(private readonly onAnswer: (answer: Answer) => void) {}

  read(chunk: Buffer): void {
    let bytes = this.rest.length === 0 ? chunk : Buffer.concat([this.rest, chunk]);
    this.rest = Buffer.alloc(0);
    if (this.skip > 0) {
      const skipped = Math.min(this.skip, bytes.length);
      this.skip -= skipped;
      bytes = bytes.subarray(skipped);
    }
    let at = 0;
    while (bytes.length - at >= headerBytes) {
      const type = bytes[at];
      const length = 1 + bytes.readUInt32BE(at + 1);
      const whole = bytes.length - at >= length;
      if (type === dataRow) {
        this.rows += 1;
        if (!whole) {
          this.skip = length - (bytes.length - at);
          return;
        }
      } else if (!whole) break;
      if (type === errorResponse) this.error ??= readError(bytes.subarray(at + headerBytes, at + length));
      at += length;
      if (type === readyForQuery) this.finish();
    }
    this.rest = Buffer.from(bytes.subarray(at));
  }

  private finish(): void {
    const { rows, error } = this;
    this.rows = 0;
    this.error = undefined;
    this.onAnswer({ rows, ...(error && { error }) });
  }
}

/** Fields of one letter and a text that ends in a zero byte. */
function readError(body: Buffer): NonNullable<Answer["error"]> {
  const fields = new Map(
    body
      .toString("utf8")
      .split("\0")
      .map((field) => [field[0], field.slice(1)]),
  );
  return { sqlstate: fields.get("C") ?? "XX000", message: fields.get("M") ?? "unknown error" };
}
