-- Every type, by its OID as text, with what it is made of.
select
  t.oid::text as id,
  t.typname as name,
  pg_catalog.format_type(t.oid, null) as written,
  case
    when t.typtype = 'd' then 'domain'
    when t.typtype = 'e' then 'enum'
    when t.typtype = 'c' then 'composite'
    when t.typtype in ('r', 'm') then 'range'
    when t.typcategory = 'A' then 'array'
    else 'base'
  end as kind,
  nullif(case when t.typtype = 'd' then t.typbasetype when t.typtype = 'b' and t.typcategory = 'A' then t.typelem
    else r.rngsubtype end, 0)::text as of,
  (select e.typdelim from pg_catalog.pg_type e where e.oid = t.typelem) as delimiter,
  (select pg_catalog.jsonb_agg(a.atttypid::text order by a.attnum)
    from pg_catalog.pg_attribute a
    where t.typtype = 'c' and a.attrelid = t.typrelid and a.attnum > 0 and not a.attisdropped) as attributes
from pg_catalog.pg_type t
left join pg_catalog.pg_range r on t.oid = r.rngtypid or t.oid = r.rngmultitypid
order by t.oid
