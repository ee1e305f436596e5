import { Fault } from "../fault/fault.ts";
import type { Address } from "./cluster.ts";

/**
 * The address of the `postgres` database on the server that `url` names: postgres://user:password@host:port/database,
 * or ?host=/folder for a unix socket. Other parameters are refused, not ignored. @throws Fault USAGE.
 */
export function parseServerUrl(text: string): Address {
  // The text may hold a password, so no message repeats it.
  const refuse = (what: string) =>
    new Fault("USAGE", what, {
      where: "--engine URL",
      hint: "Write postgres://user:password@host:port/postgres, or postgres://user@/postgres?host=/folder/of/socket.",
    });
  let url: URL;
  try {
    // URL knows no empty host after a user, as a socket has it.
    url = new URL(text.replace(/@\//, "@localhost/"));
  } catch {
    throw refuse("The server's URL cannot be read.");
  }
  if (url.protocol !== "postgres:" && url.protocol !== "postgresql:") {
    throw refuse(`The server's URL begins with ${url.protocol}// instead of postgres://.`);
  }
  const unknown = [...url.searchParams.keys()].find((name) => name !== "host");
  if (unknown !== undefined)
    throw refuse(`The server's URL has the parameter ${unknown}, which has no meaning here.`);
  const database = decodeURIComponent(url.pathname.slice(1));
  if (!["", "postgres", "template1"].includes(database)) {
    throw refuse(
      `The server's URL names the database ${database}; a disposable server has only its own defaults.`,
    );
  }
  return {
    host: url.searchParams.get("host") ?? (url.hostname || "localhost").replace(/^\[(.*)\]$/, "$1"),
    port: Number(url.port || 5432),
    user: decodeURIComponent(url.username) || "postgres",
    ...(url.password ? { password: decodeURIComponent(url.password) } : {}),
    database: "postgres",
  };
}
