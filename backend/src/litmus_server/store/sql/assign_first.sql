-- First assignments: the first writer wins. Sorted by key, because unsorted batches of two nodes deadlock. The join
-- keeps a node that has not heard of a stop from assigning after it.
insert into assignment (unit, experiment, variant, door, epoch, propensity, bucket, key_id, revision, attributes, batch)
select t.unit, t.experiment, t.variant, t.door, t.epoch, t.propensity, t.bucket, t.key_id, t.revision, t.attributes::jsonb, $11
from unnest($1::text[], $2::int[], $3::smallint[], $4::smallint[], $5::int[], $6::int[], $7::int[], $8::int[], $9::bigint[], $10::text[])
     as t(unit, experiment, variant, door, epoch, propensity, bucket, key_id, revision, attributes)
join experiments x on x.no = t.experiment and x.status = 'running' and x.archived_at is null
order by t.unit collate "C", t.experiment
on conflict do nothing
returning unit, experiment
