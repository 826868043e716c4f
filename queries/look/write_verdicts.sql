-- Grain: one row a rule and look.
insert into verdict by name select $look as look, $scope as scope, * from rows;
