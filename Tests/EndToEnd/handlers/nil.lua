-- Answers nothing: all goes on.
return function(req) end
