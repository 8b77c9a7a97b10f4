-- Writes to a key and publishes a message, with the commands of `publish.lua`: a server on which this script
-- succeeds accepts frames.
--
-- KEYS[1]  the key, a hash
-- ARGV[1]  the name of the pub/sub channel
-- ARGV[2]  the message

-- First, because a server without memory only refuses the first write of a script.
redis.call('HSET', KEYS[1], 'message', ARGV[2])
redis.call('PEXPIRE', KEYS[1], 60000)
redis.call('PUBLISH', ARGV[1], ARGV[2])
redis.call('DEL', KEYS[1])
