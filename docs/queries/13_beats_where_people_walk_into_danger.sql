-- In which police beats are most people hit while they walk, and what share of the
-- beat's crashes is that?
select
    place_id as police_beat,
    pedestrian_crashes,
    total_crashes,
    cast(100 * pedestrian_share as decimal(18, 1)) as pedestrian_percent
from marts.place_scorecards
where layer = 'police_beats' and pedestrian_crashes > 0
order by pedestrian_crashes desc, pedestrian_share desc, place_id
limit 10
