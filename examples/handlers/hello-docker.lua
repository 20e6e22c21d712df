-- What the docker client says to an answer that is not JSON: "invalid character 'h' looking for beginning of value".
return function(req)
  return "hello, docker\n"
end
