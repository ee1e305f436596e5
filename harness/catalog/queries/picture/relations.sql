-- Tables, views, materialized views, foreign tables and sequences; a sequence's position is data, and left out.
select
  null::text, null::text, c.tableoid, c.oid, 0, null::oid, c.relowner, c.relacl,
  case c.relkind when 'S' then 's' else 'r' end::"char",
  pg_catalog.jsonb_build_object(
    'persistence', case c.relpersistence when 'p' then null when 'u' then 'unlogged' when 't' then 'temporary' end,
    'partitionKey', case when c.relkind = 'p' then pg_catalog.pg_get_partkeydef(c.oid) end,
    'partitionBound', pg_catalog.pg_get_expr(c.relpartbound, c.oid),
    'parents', (select pg_catalog.jsonb_agg(pg_catalog.format('%s', i.inhparent::pg_catalog.regclass) order by i.inhseqno)
      from pg_catalog.pg_inherits i where i.inhrelid = c.oid),
    'ofType', (nullif(c.reloftype, 0))::pg_catalog.regtype::text,
    'options', (select pg_catalog.jsonb_agg(o order by o) from pg_catalog.unnest(c.reloptions) o),
    'toastOptions', (select pg_catalog.jsonb_agg(o order by o)
      from pg_catalog.pg_class t cross join pg_catalog.unnest(t.reloptions) o where t.oid = c.reltoastrelid),
    'rowSecurity', nullif(c.relrowsecurity, false),
    'rowSecurityForced', nullif(c.relforcerowsecurity, false),
    'replicaIdentity', case when c.relkind in ('r', 'p') then
      case c.relreplident when 'd' then null when 'n' then 'nothing' when 'f' then 'full' when 'i' then 'index' end end,
    'accessMethod', nullif((select a.amname from pg_catalog.pg_am a where a.oid = c.relam), 'heap'),
    'tablespace', (select s.spcname from pg_catalog.pg_tablespace s where s.oid = c.reltablespace),
    'definition', case when c.relkind in ('v', 'm') then pg_catalog.pg_get_viewdef(c.oid) end,
    'populated', case when c.relkind = 'm' then c.relispopulated end,
    'foreign', (select pg_catalog.jsonb_build_object('server', s.srvname, 'options', f.ftoptions)
      from pg_catalog.pg_foreign_table f join pg_catalog.pg_foreign_server s on s.oid = f.ftserver where f.ftrelid = c.oid),
    'sequence', (select pg_catalog.jsonb_build_object(
        -- As text: JavaScript's numbers end before bigint's do.
        'type', pg_catalog.format_type(q.seqtypid, null), 'start', q.seqstart::text, 'increment', q.seqincrement::text,
        'max', q.seqmax::text, 'min', q.seqmin::text, 'cache', q.seqcache::text, 'cycle', q.seqcycle)
      from pg_catalog.pg_sequence q where q.seqrelid = c.oid),
    'ownedBy', case when c.relkind = 'S' then (
      select (pg_catalog.pg_identify_object(d.refclassid, d.refobjid, d.refobjsubid)).identity
      from pg_catalog.pg_depend d
      where d.classid = c.tableoid and d.objid = c.oid and d.refclassid = c.tableoid and d.deptype in ('a', 'i')) end)
from pg_catalog.pg_class c
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
where c.relkind in ('r', 'p', 'f', 'v', 'm', 'S') and n.nspname !~ '^pg_' and n.nspname <> 'information_schema'
