-- Columns of tables and views, one document a relation, in the columns' order.
-- $1 text[]: schemas, null for all.
with recursive relations as (
  select c.oid, n.nspname, c.relname
  from pg_catalog.pg_class c
  join pg_catalog.pg_namespace n on n.oid = c.relnamespace
  where c.relkind in ('r', 'p', 'f', 'v', 'm')
    and n.nspname !~ '^pg_' and n.nspname <> 'information_schema'
    and ($1::text[] is null or n.nspname = any ($1))
),
-- A domain over a domain over an array of a domain: every step down from the types that columns have.
steps as (
  select t.oid as start, t.oid, t.typtype, t.typbasetype, t.typelem, t.typcategory, t.typtypmod, t.typnotnull,
    0 as depth, false as in_array
  from pg_catalog.pg_type t
  where t.oid in (
    select a.atttypid from pg_catalog.pg_attribute a join relations c on c.oid = a.attrelid
    where a.attnum > 0 and not a.attisdropped)
  union all
  select s.start, t.oid, t.typtype, t.typbasetype, t.typelem, t.typcategory, t.typtypmod, t.typnotnull,
    s.depth + 1, s.in_array or s.typtype <> 'd'
  from steps s
  join pg_catalog.pg_type t on t.oid = case when s.typtype = 'd' then s.typbasetype else s.typelem end
  where s.typtype = 'd' or s.typcategory = 'A'
),
-- What a column's type is in the end, without its domains and its array.
ends as (
  select distinct on (s.start) s.start, e.oid, e.typname, e.typtype, e.typrelid, s.in_array as is_array,
    bool_or(s.typtype = 'd' and s.typnotnull and not s.in_array) over (partition by s.start) as not_null,
    max(s.typtypmod) filter (where s.typtype = 'd') over (partition by s.start) as typmod
  from steps s
  join pg_catalog.pg_type e on e.oid = s.oid
  order by s.start, s.depth desc
),
domains as (
  select s.start, s.in_array, pg_catalog.jsonb_agg(
    pg_catalog.jsonb_build_object('name', k.conname, 'definition', pg_catalog.pg_get_constraintdef(k.oid))
    order by s.depth, k.conname) as checks
  from steps s join pg_catalog.pg_constraint k on k.contypid = s.oid and k.contype = 'c'
  group by s.start, s.in_array
)
select c.nspname as schema, c.relname as name, pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object(
  'name', a.attname,
  'position', a.attnum,
  'type', pg_catalog.format_type(a.atttypid, a.atttypmod),
  'baseType', e.typname,
  'category', case e.typtype when 'e' then 'enum' when 'r' then 'range' when 'm' then 'multirange'
    when 'c' then 'composite' when 'p' then 'pseudo' else 'base' end,
  'isArray', e.is_array,
  'enumLabels', (select pg_catalog.jsonb_agg(l.enumlabel order by l.enumsortorder)
    from pg_catalog.pg_enum l where l.enumtypid = e.oid),
  'rangeOf', (select s.typname from pg_catalog.pg_range r join pg_catalog.pg_type s on s.oid = r.rngsubtype
    where e.oid in (r.rngtypid, r.rngmultitypid)),
  'attributes', (select pg_catalog.count(*) from pg_catalog.pg_attribute x
    where x.attrelid = nullif(e.typrelid, 0) and x.attnum > 0 and not x.attisdropped having e.typrelid <> 0),
  'notNull', a.attnotnull or e.not_null,
  'hasDefault', (a.atthasdef and a.attgenerated = '') or a.attidentity <> '' or (dt.typdefault is not null),
  'default', case when a.attgenerated = '' then coalesce(
    pg_catalog.pg_get_expr(d.adbin, d.adrelid), dt.typdefault) end,
  'generated', case a.attgenerated when 's' then 'stored' when 'v' then 'virtual' end,
  'identity', case a.attidentity when 'a' then 'always' when 'd' then 'by default' end,
  'maxLength', case when e.typname in ('varchar', 'bpchar') and m.typmod > 4 then m.typmod - 4
    when e.typname in ('bit', 'varbit') and m.typmod > 0 then m.typmod end,
  'precision', case when e.typname = 'numeric' and m.typmod > 4 then ((m.typmod - 4) >> 16) & 65535 end,
  'scale', case when e.typname = 'numeric' and m.typmod > 4 then (((m.typmod - 4) & 2047) # 1024) - 1024 end,
  'domain', case when t.typtype = 'd' then pg_catalog.jsonb_build_object(
    'schema', tn.nspname, 'name', t.typname, 'checks', coalesce(o.checks, '[]')) end,
  'elementChecks', coalesce(x.checks, '[]')
) order by a.attnum) as columns
from pg_catalog.pg_attribute a
join relations c on c.oid = a.attrelid
join pg_catalog.pg_type t on t.oid = a.atttypid
join pg_catalog.pg_namespace tn on tn.oid = t.typnamespace
join ends e on e.start = a.atttypid
cross join lateral (select case when a.atttypmod >= 0 then a.atttypmod else e.typmod end as typmod) m
left join pg_catalog.pg_type dt on dt.oid = a.atttypid and dt.typtype = 'd'
left join domains o on o.start = a.atttypid and not o.in_array
left join domains x on x.start = a.atttypid and x.in_array
left join pg_catalog.pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
where a.attnum > 0 and not a.attisdropped
group by c.nspname, c.relname
order by c.nspname, c.relname
