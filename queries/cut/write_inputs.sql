-- Grain: one row an input file.
insert into input by name select $extract as extract, * from rows;
