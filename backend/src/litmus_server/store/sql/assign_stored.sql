-- What is stored for those that did not win: a second statement, since one that does both misses rows under concurrency.
-- `limit 1` pins the look-up to the primary key, whatever the planner thinks of the table's size.
select a.*
from unnest($1::text[], $2::int[]) as t(unit, experiment)
cross join lateral (
    select unit, experiment, variant, epoch, propensity, bucket, revision, batch
    from assignment
    where unit = t.unit and experiment = t.experiment
    limit 1
) a
