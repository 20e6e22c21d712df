-- Who is asking: over a Unix socket the kernel tells the process and its user, and nobody can lie about it.
--
--   curl --unix-socket /tmp/dogger.sock http://d/
return function(req)
  local peer = req.peer
  if peer.address then return "somebody at " .. peer.address .. "\n" end
  return ("process %d of user %d, group %d\n"):format(peer.pid, peer.uid, peer.gid)
end
