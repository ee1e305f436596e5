-- Enums, domains, composites, ranges and base types; those that come with a table, an array or a range follow their maker.
select
  null::text, null::text, t.tableoid, t.oid, 0, null::oid, t.typowner, t.typacl, 'T'::"char",
  pg_catalog.jsonb_build_object(
    'kind', case t.typtype when 'e' then 'enum' when 'd' then 'domain' when 'c' then 'composite' when 'r' then 'range'
      when 'b' then 'base' when 'p' then 'shell' end,
    'labels', (select pg_catalog.jsonb_agg(e.enumlabel order by e.enumsortorder)
      from pg_catalog.pg_enum e where e.enumtypid = t.oid),
    'base', case when t.typtype = 'd' then pg_catalog.format_type(t.typbasetype, t.typtypmod) end,
    'default', t.typdefault,
    'notNull', nullif(t.typnotnull, false),
    'collation', case when t.typtype = 'd' then (nullif(t.typcollation, 0))::pg_catalog.regcollation::text end,
    'attributes', (select pg_catalog.jsonb_agg(pg_catalog.format('%I %s', a.attname,
        pg_catalog.format_type(a.atttypid, a.atttypmod)) order by a.attnum)
      from pg_catalog.pg_attribute a where a.attrelid = nullif(t.typrelid, 0) and a.attnum > 0 and not a.attisdropped),
    'range', (select pg_catalog.jsonb_build_object(
        'of', pg_catalog.format_type(r.rngsubtype, null), 'multirange', r.rngmultitypid::pg_catalog.regtype::text,
        'canonical', r.rngcanonical::text, 'difference', r.rngsubdiff::text)
      from pg_catalog.pg_range r where r.rngtypid = t.oid),
    'functions', case when t.typtype = 'b' then pg_catalog.jsonb_build_array(
      t.typinput::text, t.typoutput::text, t.typreceive::text, t.typsend::text) end)
from pg_catalog.pg_type t
join pg_catalog.pg_namespace n on n.oid = t.typnamespace
left join pg_catalog.pg_class c on c.oid = t.typrelid
where n.nspname !~ '^pg_' and n.nspname <> 'information_schema'
  and (t.typrelid = 0 or c.relkind = 'c')
  and t.typtype <> 'm'
  and not exists (select from pg_catalog.pg_type e where e.typarray = t.oid)
