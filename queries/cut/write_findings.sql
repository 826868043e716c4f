-- Grain: one row a finding about an extract.
insert into finding by name select $extract as extract, * from rows;
