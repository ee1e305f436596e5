-- The catalogs that DDL of this database writes, without those that other databases share and those of statistics.
-- Columns: name, an identifier that needs no quotes. Order: name.
select class.relname as name
from pg_catalog.pg_class as class
where class.relnamespace = 'pg_catalog'::pg_catalog.regnamespace
  and class.relkind = 'r'
  and not class.relisshared
  and class.relname not in ('pg_statistic', 'pg_largeobject')
order by class.relname;
