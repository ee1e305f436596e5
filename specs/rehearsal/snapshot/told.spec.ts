import { describe, expect, it } from "vitest";
import { RestoreOutput } from "../../../harness/rehearsal/snapshot/pg-restore-output.ts";
import { rowOf, tellError, tellMessage } from "../../../harness/rehearsal/snapshot/told.ts";

describe("a message of the server is repeated", () => {
  it.each([
    'relation "public.contacts" does not exist',
    'schema "graphql" does not exist',
    "function extensions.crypt(text, text) does not exist",
    'role "app_owner" does not exist',
    'extension "postgis" is not available',
    'duplicate key value violates unique constraint "contacts_phone_key"',
    'insert or update on table "notes" violates foreign key constraint "notes_person_fkey"',
    'null value in column "name" of relation "people" violates not-null constraint',
    "value too long for type character varying(10)",
  ])("where it can name nothing but objects: %s", (message) => {
    expect(tellMessage(message)).toBe(message);
  });

  it.each([
    ['invalid input syntax for type integer: "0170 1234567"', "invalid input syntax for type integer"],
    ["contact Jane Doe has no phone", undefined],
    ['syntax error at or near "Jane"', undefined],
    ['date/time field value out of range: "31/31/1999"', undefined],
    ['relation "a" does not exist: Jane', undefined],
  ])("not where it may quote a row: %s", (message, told) => {
    expect(tellMessage(message)).toBe(told);
  });
});

describe("a message about a statement that holds rows", () => {
  it("is not repeated where a value may stand for a name", () => {
    expect(tellMessage('column "Jane" does not exist', true)).toBeUndefined();
    expect(tellMessage('duplicate key value violates unique constraint "k"', true)).toMatch(/"k"$/);
  });
});

describe("an error", () => {
  it("is told by its condition and its objects, without the message that quotes", () => {
    expect(
      tellError({ message: "Jane", code: "22007", schema: "public", table: "people", column: "born" }),
    ).toBe("invalid datetime format (SQLSTATE 22007), table public.people, column born");
  });

  it("of a COPY is told with its row", () => {
    expect(rowOf({ message: "", where: 'COPY people, line 12, column age: "x"' })).toBe(12);
    expect(rowOf({ message: "" })).toBeUndefined();
  });
});

describe("what pg_restore prints", () => {
  it("is read as errors with message, command, table and row, and never as DETAIL", () => {
    const output = new RestoreOutput();
    for (const line of [
      'pg_restore: error: could not execute query: ERROR:  type "public.mood" does not exist',
      "LINE 3:     feels public.mood,",
      "Command was: CREATE TABLE public.people (",
      "    feels public.mood",
      ");",
      'pg_restore: error: COPY failed for table "people": ERROR:  duplicate key value violates unique constraint "k"',
      "DETAIL:  Key (phone)=(Jane) already exists.",
      "CONTEXT:  COPY people, line 7",
      "pg_restore: warning: errors ignored on restore: 2",
    ]) {
      output.pass(line);
    }
    expect(output.errors).toEqual([
      {
        message: 'type "public.mood" does not exist',
        server: true,
        statement: "CREATE TABLE public.people (\n    feels public.mood\n);",
        table: undefined,
        row: undefined,
      },
      {
        message: 'duplicate key value violates unique constraint "k"',
        server: true,
        statement: "",
        table: "people",
        row: 7,
      },
    ]);
    expect(output.ignored).toBe(2);
  });
});
