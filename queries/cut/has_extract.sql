-- Grain: one row, how many extracts have this id (0 or 1).
select cast(count(*) as bigint) as n from extract where id = $extract;
