-- What people compare two plates by: without spaces, hyphens and dots, letters of Cyrillic and Greek that look like Latin ones as these.
-- No two active vehicles of a tenant share it.
--
-- Vehicles that are there and whose plates differ in nothing else: the one registered first has the mark, the others have none
-- (NULL). They stay as they are, active, with their plates; nothing is refused of them. None can be registered with their exact
-- plate, nor with the mark of the first. Who retires the wrong ones, or gives them their right plates, is rid of them. To find them:
--     SELECT tenant, vehicle_id, plate FROM vehicles WHERE status = 'active' AND plate_mark IS NULL;

ALTER TABLE vehicles ADD COLUMN plate_mark text;

WITH marked AS (
    SELECT tenant, vehicle_id, status, registered_at, translate(
        plate,
        'АВЕКМНОРСТУХІЈЅΑΒΕΖΗΙΚΜΝΟΡΤΥΧ .·-',
        'ABEKMHOPCTYXIJSABEZHIKMNOPTYX'
    ) AS mark
    FROM vehicles
), ranked AS (
    SELECT tenant, vehicle_id, mark, status,
        row_number() OVER (PARTITION BY tenant, mark, status ORDER BY registered_at, vehicle_id) AS place
    FROM marked
)
UPDATE vehicles v SET plate_mark = r.mark FROM ranked r
WHERE (v.tenant, v.vehicle_id) = (r.tenant, r.vehicle_id) AND (r.place = 1 OR r.status <> 'active');

CREATE UNIQUE INDEX vehicles_plate_mark ON vehicles (tenant, plate_mark) WHERE status = 'active';
