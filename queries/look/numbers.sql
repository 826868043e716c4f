-- Grain: one row a look, the oldest first.
select number from look order by number;
