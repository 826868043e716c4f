-- Grain: one row, how many sets of definitions have this hash (0 or 1).
select cast(count(*) as bigint) as n from definitions where sha256 = $sha256;
