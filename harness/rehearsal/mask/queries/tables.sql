-- Tables outside the system's schemas, each with its columns as a document; partitions tell what they are parts of.
with partition_keys as (
  select p.partrelid as relation, 0 = any (p.partattrs) as computed, pg_catalog.pg_get_partkeydef(p.partrelid) as definition,
    array(select a.attname from pg_catalog.pg_attribute a
      where a.attrelid = p.partrelid and a.attnum = any (p.partattrs)) as columns
  from pg_catalog.pg_partitioned_table p
)
select
  n.nspname as schema,
  c.relname as name,
  case c.relkind when 'r' then 'table' when 'p' then 'partitioned' when 'f' then 'foreign' end as kind,
  coalesce(whole.schema, n.nspname) as "wholeSchema",
  coalesce(whole.name, c.relname) as "wholeName",
  (select e.extname from pg_catalog.pg_depend d join pg_catalog.pg_extension e on e.oid = d.refobjid
    where d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass and d.objid = c.oid and d.deptype = 'e'
      and d.refclassid = 'pg_catalog.pg_extension'::pg_catalog.regclass) as extension,
  (select pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object(
      'name', a.attname,
      'type', a.atttypid::text,
      'generated', a.attgenerated <> '',
      'isKey', exists (
        select from partition_keys k
        where k.relation in (select family.relid from pg_catalog.pg_partition_tree(coalesce(whole.oid, c.oid)) family)
          and (a.attname = any (k.columns)
            or k.computed and pg_catalog.strpos(k.definition, pg_catalog.quote_ident(a.attname)) > 0))
    ) order by a.attnum)
    from pg_catalog.pg_attribute a
    where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped) as columns,
  -- DELETE is refused where a publication carries it and nothing tells the rows apart.
  c.relreplident = 'n' or c.relreplident = 'd' and not exists (
    select from pg_catalog.pg_index i where i.indrelid = c.oid and i.indisprimary) as "lacksIdentity",
  c.relreplident = 'n' as "wantsNoIdentity",
  coalesce((
    select pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object(
      'name', t.tgname, 'when', case t.tgenabled when 'A' then 'always' else 'replica' end) order by t.tgname)
    from pg_catalog.pg_trigger t
    where t.tgrelid = c.oid and not t.tgisinternal and t.tgenabled in ('A', 'R')), '[]') as triggers
from pg_catalog.pg_class c
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
left join lateral (
  select r.oid, rn.nspname as schema, r.relname as name
  from pg_catalog.pg_class r join pg_catalog.pg_namespace rn on rn.oid = r.relnamespace
  where c.relispartition and r.oid = pg_catalog.pg_partition_root(c.oid)) whole on true
where c.relkind in ('r', 'p', 'f') and c.relpersistence <> 't'
  and n.nspname !~ '^pg_' and n.nspname <> 'information_schema'
order by n.nspname, c.relname
