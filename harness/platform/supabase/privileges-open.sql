-- Projects made before 2026-05-30: the API roles hold ALL on whatever appears in schema public,
-- TRUNCATE, REFERENCES and TRIGGER included.
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
        'alter default privileges for role %I in schema public'
        ' grant all on %s to %I, anon, authenticated, service_role',
        creator, kind, deployer
      );
    end loop;
  end loop;
end
$$;
