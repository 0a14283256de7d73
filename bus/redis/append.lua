-- Append bodies to one stream, all or none.
-- KEYS[1] stream; KEYS[2] another one that grows by what comes of it, or none.
-- ARGV[1] refuse when one of them has this many entries (0: never); ARGV[2] expiry in milliseconds (0: never);
-- ARGV[3] "there": the stream must exist; ARGV[4..] bodies.
local limit, expiry = tonumber(ARGV[1]), tonumber(ARGV[2])
if limit > 0 then
  for _, key in ipairs(KEYS) do
    if redis.call('XLEN', key) >= limit then
      return 0
    end
  end
end
for i = 4, #ARGV do
  if expiry > 0 then
    redis.call('XADD', KEYS[1], 'MAXLEN', '~', 10000, '*', 'e', ARGV[i])
  elseif ARGV[3] == 'there' then
    if not redis.call('XADD', KEYS[1], 'NOMKSTREAM', '*', 'e', ARGV[i]) then
      return -1
    end
  else
    redis.call('XADD', KEYS[1], '*', 'e', ARGV[i])
  end
end
if expiry > 0 then
  redis.call('PEXPIRE', KEYS[1], expiry)
end
return #ARGV - 3
