-- The last unit of all, for the last slice.
select max(unit)
from (
    (select unit from event order by unit desc limit 1)
    union all
    (select unit from unit_state order by unit desc limit 1)
) u
