-- Grain: one row an event record. The day of a record that was seen before never changes.
insert or ignore into seen by name select $look as look, * from rows;
