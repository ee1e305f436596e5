-- Plain PostgreSQL: the database belongs to the role that runs migrations. Run in each new database, as a superuser.
--   tenantproof.deployer  role that runs migrations; default postgres

do $$
begin
  execute format(
    'alter database %I owner to %I',
    current_database(), coalesce(nullif(current_setting('tenantproof.deployer', true), ''), 'postgres')
  );
end
$$;
