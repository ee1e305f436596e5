/** What the catalog needs of a connection: `pg`'s Client and PoolClient are one; a Pool is not, since settings must stay. */
export interface Connection {
  query(text: string, values?: unknown[]): Promise<{ readonly rows: unknown[] }>;
}

/** What `read` answers while every name outside pg_catalog is written with its schema; the search_path is then as before. */
export async function withQualifiedNames<T>(connection: Connection, read: () => Promise<T>): Promise<T> {
  const found = await connection.query(
    "select pg_catalog.current_setting('search_path') as path, pg_catalog.set_config('search_path', '', false)",
  );
  const { path } = found.rows[0] as { path: string };
  try {
    return await read();
  } finally {
    await connection.query("select pg_catalog.set_config('search_path', $1, false)", [path]);
  }
}
