-- Grain: one row, how many acts have this hash (0 or 1).
select cast(count(*) as bigint) as n from audit where hash = $hash;
