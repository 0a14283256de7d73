-- All actors of auth-ms are of the platform itself: who signs up, logs in or refreshes has no tenant yet, and they check it
-- themselves. What earlier releases have left was carried over as that of tenants.
UPDATE states SET tenant = '';
UPDATE timers SET tenant = '';
UPDATE nexus.dead_letters SET tenant = '' WHERE service = 'auth-ms';
