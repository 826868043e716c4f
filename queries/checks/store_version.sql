-- Grain: one row, the version of the store's schema.
select coalesce(max(version), 0) as n from migration;
