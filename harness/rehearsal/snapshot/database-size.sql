-- bytes  what the database of the session takes on disk
select pg_catalog.pg_database_size(pg_catalog.current_database()) as bytes
