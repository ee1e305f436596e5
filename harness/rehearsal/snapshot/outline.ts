// Outline: what a snapshot takes for granted and what it makes itself, gathered before anything is restored.
import { parse } from "libpg-query";
import { splitStatements } from "../../sql/statements.ts";
import type { TocEntry } from "./archive.ts";
import { type DatabaseSetting, databaseSetting } from "./database-setting.ts";
import { refuseCopy } from "./rules.ts";

export interface RowsOf {
  readonly schema: string;
  readonly table: string;
  readonly columns: readonly string[];
}

export interface Outline {
  /** Every role that something belongs to or is granted to, without those that the snapshot makes. */
  readonly roles: ReadonlySet<string>;
  /** Extensions it makes, with the schema it wants each in. */
  readonly extensions: ReadonlyMap<string, string | undefined>;
  /** Schemas, publications and tables (as schema.table) it makes. */
  readonly schemas: ReadonlySet<string>;
  readonly publications: ReadonlySet<string>;
  readonly tables: ReadonlySet<string>;
  /** Whose default privileges it sets. */
  readonly defaultsOf: ReadonlySet<string>;
  /** What it sets for the database itself. */
  readonly settings: readonly DatabaseSetting[];
  /** The tables whose rows it has, where it has them for COPY. */
  readonly rows: readonly RowsOf[];
}

/** Only what names a role, an extension, a schema, a publication or a table is worth parsing. */
const telling =
  /^\s*(?:alter\b.*\bowner to|(?:grant|revoke)\b|create (?:policy|schema|extension|publication|role|user|group|table|unlogged|foreign|materialized|server)|alter (?:default privileges|policy|role|user|group)|set (?:session authorization|role|local)|comment on (?:role|extension)|reassign)\b/i;

/** Collects an outline from the statements of a script, or from the entries of an archive. */
export class OutlineMaker {
  readonly #roles = new Set<string>();
  readonly #made = new Set<string>();
  readonly #extensions = new Map<string, string | undefined>();
  readonly #schemas = new Set<string>();
  readonly #publications = new Set<string>();
  readonly #tables = new Set<string>();
  readonly #defaultsOf = new Set<string>();
  readonly #settings: DatabaseSetting[] = [];
  readonly #rows: RowsOf[] = [];

  /** @throws Fault SNAPSHOT_UNREADABLE when the entry would copy files or programs. */
  async addEntry(entry: TocEntry, where: string): Promise<void> {
    if (entry.owner !== undefined) this.#roles.add(entry.owner);
    if (entry.copy !== undefined) await this.addCopy(entry.copy, where);
    if (entry.kind === "DATABASE PROPERTIES") {
      const statements = await splitStatements(entry.definition, where).catch(() => []);
      for (const { text } of statements) this.#addSetting(text);
    } else if (entry.kind !== "DATABASE") await this.#addAll(entry.definition, where);
  }

  /** `text` is one statement. */
  async addStatement(text: string): Promise<void> {
    this.#addSetting(text);
    if (!telling.test(text.slice(0, 2000).replaceAll("\n", " "))) return;
    for (const node of await nodesOf(text)) this.#add(node);
  }

  /** `text` looks like COPY table (columns) FROM stdin. @throws Fault SNAPSHOT_UNREADABLE when it is another COPY. */
  async addCopy(text: string, where: string): Promise<void> {
    const [node, ...others] = await nodesOf(text);
    const { relation, attlist, is_from, is_program, filename } = (node?.CopyStmt ?? {}) as CopyNode;
    if (!is_from || is_program || filename !== undefined || others.length > 0) refuseCopy("copy", where);
    if (relation?.schemaname === undefined) return;
    const columns = (attlist ?? []).map((one) => one.String.sval);
    this.#rows.push({ schema: relation.schemaname, table: relation.relname, columns });
  }

  outline(): Outline {
    return {
      roles: new Set([...this.#roles].filter((role) => !this.#made.has(role))),
      extensions: this.#extensions,
      schemas: this.#schemas,
      publications: this.#publications,
      tables: this.#tables,
      defaultsOf: this.#defaultsOf,
      settings: this.#settings,
      rows: this.#rows,
    };
  }

  async #addAll(definition: string, where: string): Promise<void> {
    if (definition === "") return;
    for (const node of await nodesOf(definition)) {
      if (node.CopyStmt !== undefined) refuseCopy("copy", where);
      this.#add(node);
    }
  }

  #add(node: Node): void {
    collectRoles(node, this.#roles);
    const [kind = ""] = Object.keys(node);
    const body = node[kind] as Record<string, unknown>;
    if (kind === "CreateRoleStmt") this.#made.add(String(body.role));
    if (kind === "CreateSchemaStmt") this.#schemas.add(String(body.schemaname));
    if (kind === "CreatePublicationStmt") this.#publications.add(String(body.pubname));
    if (kind === "CreateExtensionStmt") this.#extensions.set(String(body.extname), schemaOption(body));
    if (kind === "CreateStmt") this.#addTable(body.relation);
    if (kind === "CreateForeignTableStmt") this.#addTable((body.base as { relation?: unknown }).relation);
    if (kind === "AlterDefaultPrivilegesStmt") collectRoles(body.options, this.#defaultsOf);
    if (kind === "GrantRoleStmt") {
      for (const one of (body.granted_roles ?? []) as { AccessPriv?: { priv_name?: string } }[]) {
        if (one.AccessPriv?.priv_name !== undefined) this.#roles.add(one.AccessPriv.priv_name);
      }
    }
    if (kind === "VariableSetStmt" && /^(role|session_authorization)$/.test(String(body.name))) {
      for (const one of (body.args ?? []) as { A_Const?: { sval?: { sval?: string } } }[]) {
        if (one.A_Const?.sval?.sval !== undefined) this.#roles.add(one.A_Const.sval.sval);
      }
    }
  }

  #addSetting(statement: string): void {
    const setting = databaseSetting(statement);
    if (setting !== undefined) this.#settings.push(setting);
  }

  #addTable(relation: unknown): void {
    const { schemaname, relname } = (relation ?? {}) as { schemaname?: string; relname?: string };
    if (schemaname !== undefined && relname !== undefined) this.#tables.add(`${schemaname}.${relname}`);
  }
}

type Node = Record<string, unknown>;

interface CopyNode {
  readonly relation?: { readonly schemaname?: string; readonly relname: string };
  readonly is_from?: boolean;
  readonly is_program?: boolean;
  readonly filename?: string;
  readonly attlist?: readonly { readonly String: { readonly sval: string } }[];
}

/** What does not parse here is for the server to judge. */
async function nodesOf(text: string): Promise<Node[]> {
  try {
    return ((await parse(text)).stmts ?? []).map(({ stmt }) => (stmt ?? {}) as Node);
  } catch {
    return [];
  }
}

/** The parser has one node for a role that is named, wherever it stands. */
function collectRoles(node: unknown, into: Set<string>): void {
  if (node === null || typeof node !== "object") return;
  const { roletype, rolename } = node as { roletype?: unknown; rolename?: unknown };
  if (roletype === "ROLESPEC_CSTRING" && typeof rolename === "string") into.add(rolename);
  for (const child of Object.values(node)) collectRoles(child, into);
}

function schemaOption({ options }: Record<string, unknown>): string | undefined {
  for (const { DefElem: one } of (options ?? []) as { DefElem?: { defname: string; arg?: unknown } }[]) {
    if (one?.defname === "schema") return (one.arg as { String?: { sval?: string } }).String?.sval;
  }
  return undefined;
}
