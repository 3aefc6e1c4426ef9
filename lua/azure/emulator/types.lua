---@meta azure.emulator.server
--- The emulator's HTTP server in C, for editors, `help` and the pages of
-- `make docs`. This file is never run. Scripts have no need of it: it is what
-- `azure.emulator` stands on.

--- The emulator's HTTP server, of the C module `azure.emulator.server`.
---@class azure.emulator.Server
local Server = {}
Server.__name = "azure.emulator.server"

---@class azure.emulator.RawRequest
---@field id integer
---@field method string
---@field path string with its query
---@field headers string[][] pairs of name and value, as they came
---@field body string
---@field remote string the caller's address

--- The next request that waits for its answer.
---@return azure.emulator.RawRequest? request
function Server:next() end

--- Answers a request.
---@param id integer
---@param status integer
---@param headers string[][] pairs of name and value
---@param body string?
---@param delay number? seconds to wait before
---@return boolean ok
---@return string? why
function Server:respond(id, status, headers, body, delay) end

--- Answers with the first bytes of the body under the whole body's length, then closes.
---@param id integer
---@param status integer
---@param headers string[][]
---@param body string
---@param bytes integer
---@param delay number?
---@return boolean ok
---@return string? why
function Server:truncate(id, status, headers, body, bytes, delay) end

--- Closes the connection without an answer.
---@param id integer
---@param delay number?
---@return boolean ok
---@return string? why
function Server:drop(id, delay) end

--- Resets the connection.
---@param id integer
---@param delay number?
---@return boolean ok
---@return string? why
function Server:reset(id, delay) end

--- The port that it listens on.
---@return integer port
function Server:port() end

--- How many connections are open.
---@return integer count
function Server:connections() end

--- Stops listening and closes all connections.
function Server:close() end

---@class azure.emulator.ServerOptions
---@field address string? default "127.0.0.1"
---@field port integer? default 0: any free one
---@field cert string? PEM; with `key`: TLS
---@field key string? PEM
---@field max_body_bytes integer?
---@field select boolean? select(2) instead of epoll

--- What `require "azure.emulator.server"` gives.
---@class azure.emulator.ServerModule
local server = {}

--- Starts a server. `handler(server)` is called while requests wait.
---@param opts azure.emulator.ServerOptions
---@param handler fun(server: azure.emulator.Server)
---@return azure.emulator.Server? server
---@return string? why
function server.open(opts, handler) end

--- A certificate for loopback and the CA that vouches for it, fresh each time.
---@return { ca: string, cert: string, key: string } pems
function server.certificate() end

--- The digests that name a certificate in assertions.
---@param pem string
---@return string? sha1 bytes
---@return string? sha256 bytes
function server.certificate_digests(pem) end

--- Whether a certificate's key made a signature.
---@param pem string
---@param algorithm string "RS256" or "PS256"
---@param data string
---@param signature string bytes
---@return boolean
function server.certificate_verifies(pem, algorithm, data, signature) end

--- Writes a file that only its owner can read, from its first byte on.
---@param path string
---@param text string
---@return boolean? ok
---@return string? why
function server.write_secret(path, text) end

--- Whether the program at the other end of standard input has gone.
---@return boolean
function server.input_closed() end

return server
