-- What an address is compared by follows IDNA 2008 and Unicode, which matters for these few only; they are gone through now and then.
CREATE INDEX accounts_beyond_ascii ON accounts (user_id) WHERE email ~ '[^\x01-\x7f]';
