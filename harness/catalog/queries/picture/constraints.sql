-- Constraints of tables and domains; NOT NULL is a fact of its column, although PostgreSQL 18 lists it here.
select
  null::text, null::text, k.tableoid, k.oid, 0, nullif(k.conrelid, 0), null::oid, null::aclitem[], null::"char",
  pg_catalog.jsonb_build_object(
    'definition', pg_catalog.pg_get_constraintdef(k.oid),
    'validated', k.convalidated,
    'inherited', nullif(k.coninhcount, 0),
    'index', case when k.contype = 'f' then k.conindid::pg_catalog.regclass::text end,
    -- ALTER TABLE ... DISABLE TRIGGER ALL switches a foreign key off, on its own side or the other, and its definition stays.
    'switchedOff', (select pg_catalog.jsonb_agg(t.tgrelid::pg_catalog.regclass::text || ' ' || t.tgenabled::text
        order by t.tgrelid::pg_catalog.regclass::text, t.tgenabled::text)
      from pg_catalog.pg_trigger t
      where k.contype = 'f' and t.tgconstraint = k.oid and t.tgisinternal and t.tgenabled <> 'O'))
from pg_catalog.pg_constraint k
join pg_catalog.pg_namespace n on n.oid = k.connamespace
where k.contype in ('c', 'f', 'p', 'u', 'x') and n.nspname !~ '^pg_' and n.nspname <> 'information_schema'
union all
select
  null, null, c.tableoid, i.indexrelid, 0, i.indrelid, c.relowner, null, null,
  pg_catalog.jsonb_build_object(
    'definition', pg_catalog.pg_get_indexdef(i.indexrelid),
    'valid', i.indisvalid and i.indisready,
    'clustered', nullif(i.indisclustered, false),
    'replicaIdentity', nullif(i.indisreplident, false),
    'partitionOf', (select pg_catalog.jsonb_agg(h.inhparent::pg_catalog.regclass::text)
      from pg_catalog.pg_inherits h where h.inhrelid = i.indexrelid),
    'tablespace', (select s.spcname from pg_catalog.pg_tablespace s where s.oid = c.reltablespace),
    'statistics', (select pg_catalog.jsonb_object_agg(a.attnum, a.attstattarget)
      from pg_catalog.pg_attribute a where a.attrelid = i.indexrelid and a.attstattarget >= 0))
from pg_catalog.pg_index i
join pg_catalog.pg_class c on c.oid = i.indexrelid
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
where n.nspname !~ '^pg_' and n.nspname <> 'information_schema'
union all
select
  null, null, s.tableoid, s.oid, 0, s.stxrelid, s.stxowner, null, null,
  pg_catalog.jsonb_build_object(
    'definition', pg_catalog.pg_get_statisticsobjdef(s.oid),
    'target', nullif(s.stxstattarget, -1))
from pg_catalog.pg_statistic_ext s
