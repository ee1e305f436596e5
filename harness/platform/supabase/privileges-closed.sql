-- Projects made since 2026-05-30: the API roles hold nothing on a new object of schema public until a migration
-- grants it. PUBLIC's EXECUTE on new functions, PostgreSQL's own default, remains.
--   tenantproof.deployer  role that runs migrations; default postgres

do $$
declare
  deployer constant text := coalesce(nullif(current_setting('tenantproof.deployer', true), ''), 'postgres');
  creator text;
  kind text;
begin
  for creator in select distinct unnest(array[deployer, 'supabase_admin', current_user::text]) order by 1 loop
    foreach kind in array array['tables', 'sequences', 'functions'] loop
      execute format(
        'alter default privileges for role %I in schema public grant all on %s to %I',
        creator, kind, deployer
      );
    end loop;
  end loop;
end
$$;
