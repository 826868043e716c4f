-- Grain: one row, how many cuts have this id (0 or 1).
select cast(count(*) as bigint) as n from cut where id = $cut;
