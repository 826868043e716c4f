-- Grain: one row a look and way in which its data were stale.
insert into staleness by name select $look as look, * from rows;
