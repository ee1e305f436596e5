-- Columns of tables and views; `position` counts those that are left, so a dropped column leaves no gap.
select
  null::text, null::text, c.tableoid, c.oid, a.attnum::int, c.oid, null::oid, a.attacl, 'c'::"char",
  pg_catalog.jsonb_build_object(
    'position', pg_catalog.row_number() over (partition by c.oid order by a.attnum),
    'type', pg_catalog.format_type(a.atttypid, a.atttypmod),
    -- A NOT NULL that PostgreSQL 18 has not validated yet does not say the same as one that holds.
    'notNull', case when not a.attnotnull then null
      when exists (select from pg_catalog.pg_constraint k
        where k.conrelid = c.oid and k.contype = 'n' and k.conkey[1] = a.attnum and not k.convalidated) then '"not valid"'
      else 'true' end::jsonb,
    'default', case when a.attgenerated = '' then pg_catalog.pg_get_expr(d.adbin, d.adrelid) end,
    'generated', case when a.attgenerated <> '' then
      case a.attgenerated when 's' then 'stored ' else 'virtual ' end || pg_catalog.pg_get_expr(d.adbin, d.adrelid) end,
    'identity', case a.attidentity when 'a' then 'always' when 'd' then 'by default' end,
    'collation', case when a.attcollation <> t.typcollation then a.attcollation::pg_catalog.regcollation::text end,
    'storage', case when a.attstorage <> t.typstorage and c.relkind in ('r', 'p', 'm') then a.attstorage end,
    'compression', nullif(a.attcompression, ''),
    -- -1 up to PostgreSQL 16, null from 17 on.
    'statistics', nullif(a.attstattarget, -1),
    'options', a.attoptions,
    'foreignOptions', a.attfdwoptions,
    'inherited', nullif(a.attinhcount, 0),
    'local', case when a.attinhcount > 0 then a.attislocal end)
from pg_catalog.pg_class c
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
join pg_catalog.pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
join pg_catalog.pg_type t on t.oid = a.atttypid
left join pg_catalog.pg_attrdef d on d.adrelid = c.oid and d.adnum = a.attnum
where c.relkind in ('r', 'p', 'f', 'v', 'm') and n.nspname !~ '^pg_' and n.nspname <> 'information_schema'
