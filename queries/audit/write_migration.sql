-- Grain: one row a migration.
insert into migration (version, applied_at) values ($version, $at);
