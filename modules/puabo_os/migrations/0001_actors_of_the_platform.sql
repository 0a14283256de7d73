-- Orders of operators are of the platform itself. What earlier releases have left was carried over as that of tenants.
UPDATE nexus.dead_letters SET tenant = '' WHERE service = 'puabo-os';
