-- Grain: one row an event record that a look before this one has seen, with the day it counts from.
select subject, "key", seen from seen where look < $number order by subject, "key";
