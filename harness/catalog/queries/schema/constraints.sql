-- Keys, checks and foreign keys of tables; unique indexes without a constraint count as keys.
-- $1 text[]: schemas, null for all.
with relations as (
  select c.oid, n.nspname, c.relname
  from pg_catalog.pg_class c
  join pg_catalog.pg_namespace n on n.oid = c.relnamespace
  where c.relkind in ('r', 'p', 'f')
    and n.nspname !~ '^pg_' and n.nspname <> 'information_schema'
    and ($1::text[] is null or n.nspname = any ($1))
)
select
  r.nspname as schema,
  r.relname as table,
  k.conname as name,
  case k.contype when 'c' then 'check' when 'f' then 'foreign' when 'x' then 'exclusion' end as kind,
  pg_catalog.pg_get_constraintdef(k.oid) as definition,
  coalesce((
    select pg_catalog.jsonb_agg(a.attname order by u.place)
    from pg_catalog.unnest(k.conkey) with ordinality u (attnum, place)
    join pg_catalog.pg_attribute a on a.attrelid = k.conrelid and a.attnum = u.attnum), '[]') as columns,
  case when k.contype = 'f' then pg_catalog.jsonb_build_object(
    'schema', tn.nspname, 'name', t.relname, 'columns', (
      select pg_catalog.jsonb_agg(a.attname order by u.place)
      from pg_catalog.unnest(k.confkey) with ordinality u (attnum, place)
      join pg_catalog.pg_attribute a on a.attrelid = k.confrelid and a.attnum = u.attnum)) end as target,
  case k.confdeltype when 'a' then 'no action' when 'r' then 'restrict' when 'c' then 'cascade'
    when 'n' then 'set null' when 'd' then 'set default' end as "onDelete",
  case k.confmatchtype when 's' then 'simple' when 'f' then 'full' end as match,
  k.condeferrable as deferrable,
  null as predicate,
  false as "hasExpressions"
from pg_catalog.pg_constraint k
join relations r on r.oid = k.conrelid
left join pg_catalog.pg_class t on t.oid = nullif(k.confrelid, 0)
left join pg_catalog.pg_namespace tn on tn.oid = t.relnamespace
where k.contype in ('c', 'f', 'x')
union all
select
  r.nspname,
  r.relname,
  c.relname,
  case when i.indisprimary then 'primary' else 'unique' end,
  pg_catalog.pg_get_indexdef(i.indexrelid),
  coalesce((
    select pg_catalog.jsonb_agg(a.attname order by u.place)
    from pg_catalog.unnest(i.indkey::int2[]) with ordinality u (attnum, place)
    join pg_catalog.pg_attribute a on a.attrelid = i.indrelid and a.attnum = u.attnum
    where u.place <= i.indnkeyatts), '[]'),
  null,
  null,
  null,
  not i.indimmediate,
  pg_catalog.pg_get_expr(i.indpred, i.indrelid),
  i.indexprs is not null
from pg_catalog.pg_index i
join relations r on r.oid = i.indrelid
join pg_catalog.pg_class c on c.oid = i.indexrelid
where i.indisunique
order by 1, 2, 3;
