"""Every decision is reproducible: assignments of the log derived again in SQL, from the archived configuration alone.

uv run python bench/replay.py [--most 1000000] [--folder DIR]
"""

import argparse
import time
from pathlib import Path

from stage import show, stage

DERIVE = """
with said as (
    select a.unit, a.variant, a.bucket, a.propensity, c.document->>'salt' as salt,
           coalesce(p.propensities, array(select w::int from jsonb_array_elements_text(c.document->'weights') w)) as shares
    from (select * from assignment where batch > 0 order by assigned_at desc limit $1) a
    join configuration c on c.experiment = a.experiment and c.revision = a.revision
    left join policy p on p.experiment = a.experiment and p.version = a.epoch and c.document->>'type' <> 'ab'
),
hashed as (
    select *, ((('x' || encode(substring(sha256(convert_to('variant:' || salt || ':' || unit, 'UTF8')) from 1 for 4), 'hex'))::bit(32)::bigint
               * 1000000) >> 32)::int as h
    from said
)
select count(*), count(*) filter (where h <> bucket
    or propensity <> shares[variant + 1]
    or h < (select coalesce(sum(s), 0) from unnest(shares[1:variant]) s)
    or h >= (select sum(s) from unnest(shares[1:variant + 1]) s))
from hashed
"""


def main() -> None:
    parse = argparse.ArgumentParser(description=__doc__)
    parse.add_argument("--most", type=int, default=1_000_000)
    parse.add_argument("--folder", type=Path, default=Path("/var/tmp/litmus-benchmark"))
    given = parse.parse_args()
    with stage(given.folder) as on:
        began = time.monotonic()
        derived, differing = on.sql(DERIVE, given.most)[0]
        show(
            "assignments derived again in SQL",
            {"derived": derived, "differing": differing, "seconds": round(time.monotonic() - began, 1)},
        )


if __name__ == "__main__":
    main()
