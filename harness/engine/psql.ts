import type { Address } from "./cluster.ts";

/** The command that opens psql at `address`, for a shell. */
export function psqlCommand({ host, port, user, password, database }: Address): string {
  if (password === undefined) return `psql -h ${host} -p ${port} -U ${user} ${database}`;
  const place = `${encodeURIComponent(user)}:${encodeURIComponent(password)}@${encodeURIComponent(host)}:${port}`;
  return `psql "postgres://${place}/${database}"`;
}
