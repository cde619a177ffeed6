-- Decisions of the log made again in SQL alone, from the archived configuration and the archived policy; the kernel's order,
-- without the audience. Shares of a unit's own (by its features, say) are kept with it, and count before all others. A policy counts only when its revision is the configuration's. Bucket: the first four bytes of
-- SHA-256(salt ":" unit), as a share of 2^32, in parts per million. A stay is drawn by its name, and all else asks for its unit.
with asked as (
    select *
    from unnest($1::int[], $2::bigint[], $3::int[], $4::text[], $5::text[]) with ordinality
         as t(experiment, revision, epoch, unit, own, place)
),
read as (
    select a.place, a.unit as drawn, c.document as d, p.version,
           case when c.document->>'ttl_seconds' is null then a.unit else left(a.unit, -strpos(reverse(a.unit), '/')) end as unit,
           coalesce(a.own::int[], p.propensities, array(select jsonb_array_elements_text(c.document->'weights')::int)) as shares
    from asked a
    join configuration c on c.experiment = a.experiment and c.revision = a.revision
    left join policy p on p.experiment = a.experiment and p.version = a.epoch and p.revision = a.revision
),
hashed as (
    select r.*, b.*
    from read r
    cross join lateral (
        select max(h) filter (where step = 'holdout') as holdout, max(h) filter (where step = 'layer') as layer,
               max(h) filter (where step = 'traffic') as traffic, max(h) filter (where step = 'variant') as variant
        from (
            select step, ((('x' || encode(substring(sha256(convert_to(step || ':' || salt || ':' || hashed, 'UTF8')) from 1 for 4),
                                          'hex'))::bit(32)::bigint * 1000000) >> 32)::int as h
            from (values ('holdout', r.d #>> '{holdout,salt}', r.unit), ('layer', r.d #>> '{layer,salt}', r.unit),
                         ('traffic', r.d->>'salt', r.unit), ('variant', r.d->>'salt', r.drawn)) s (step, salt, hashed)
        ) each
    ) b
),
drawn as (
    select h.*, v.ordinal, v.share
    from hashed h
    left join lateral (
        select ordinal, share
        from (
            select (o - 1)::int as ordinal, share, sum(share) over (order by o) as threshold
            from unnest(h.shares) with ordinality u (share, o)
        ) t
        where threshold > h.variant
        order by ordinal
        limit 1
    ) v on true
)
select ordinal as variant, share as propensity, variant as bucket, coalesce(version, (d->>'epoch')::int) as epoch,
       case
           when d->>'status' <> 'running' or (d->>'archived')::boolean then 'status'
           when d->'forced' ? unit then 'forced'
           when holdout < (d #>> '{holdout,share}')::int then 'holdout'
           when layer < (d #>> '{layer,from}')::int or layer >= (d #>> '{layer,to}')::int then 'layer'
           when traffic >= (d->>'traffic')::int then 'traffic'
           when d->>'type' = 'flag' then 'flag'
           else 'assigned'
       end as reason
from drawn
order by place
