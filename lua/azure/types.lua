---@meta azure.core
--- What the C core offers, for editors, `help` and the pages of `make docs`.
-- This file is never run: `azure.core` is compiled. Scripts meet operations, credentials and the loop; the rest of
-- `azure.core` serves the modules above it, and its names may change in a minor version.

---@class azure.core
---@field libcurl string "libcurl/7.88.1 OpenSSL/3.0.17"
---@field error_metatable table of all errors; azure.errors fills it in
local core = {}

--- The event loop of this Lua state: a descriptor and a deadline for a host to watch, and a clock that tests may move.
---@class azure.Loop
local Loop = {}
Loop.__name = "azure.loop"

---@class azure.LoopStats
---@field ops integer operations that have not ended
---@field fds integer descriptors being watched
---@field timers integer
---@field transfers integer HTTP transfers and child processes in flight
---@field blocks integer blocks of memory that the core holds
---@field poller string "epoll" or "poll"

--- The loop's clock. It only goes forward.
---@return number seconds since some moment in the past
function Loop:now() end

--- The time of day, moved along with the clock.
---@return number seconds since 1970
function Loop:wall() end

--- Moves the clock: what is due by then happens in the next steps. For tests.
---@param seconds number
function Loop:advance(seconds) end

--- Lets waiting take no time: a loop with no transfer in flight jumps to its next timer. For tests.
---@param on boolean? absent: only tells
---@return boolean before
function Loop:auto_advance(on) end

--- One turn: waits for something to happen, then runs what became ready.
---@param max_seconds number? how long to wait; default 0
---@param slice number? seconds of Lua in one go, what is left is for the next step; default: no limit
---@return integer count of callbacks and tasks that ran
function Loop:step(max_seconds, slice) end

--- The descriptor that is readable when `step(0)` has something to do.
---@return integer? fd
---@return azure.Error? err code "NoPollDescriptor" with the poll backend
function Loop:pollfd() end

--- What to watch the descriptor for, in the words of cqueues: "r".
---@return string events
function Loop:events() end

--- Seconds until `step(0)` is due even if the descriptor stays quiet.
---@return number? seconds nil: no timer is set
function Loop:timeout() end

--- Whether no operation is under way.
---@return boolean idle
function Loop:idle() end

--- Sets a function that is called when there is something new for a host to
--- watch, after an operation was begun outside of a step.
---@param fn function? absent: none
function Loop:on_wake(fn) end

--- How much is under way, for finding leaks.
---@return azure.LoopStats stats
function Loop:stats() end

--- How a wait outside of tasks goes on, for adapters of host loops: `fn` gives
--- a function that suspends and one that wakes, or one that does a turn of the
--- host; nothing for running this loop in place.
---@param fn (fun(yieldable: boolean, in_task: boolean): function?, any)? absent: in place
function Loop:on_wait(fn) end

--- Makes the descriptor readable after a while too, for hosts that watch nothing but a descriptor.
---@param seconds number? from now; absent: no more
---@return boolean ok false: the poll backend has no descriptor
function Loop:alarm(seconds) end

--- Something that was begun and can be waited for: a call, a long-running
--- operation, a task, a pause. It ends once: done, failed or cancelled. Leaving
--- the scope of `local op <close>` cancels it.
---@class azure.Op
local Op = {}
Op.__name = "azure.op"

---@class azure.OpStatus
---@field state string "pending", "done", "failed" or "cancelled"
---@field operation string what it is: "call", "operation", "task", ...
---@field status string? a long-running operation's own word
---@field polls integer? how often it was asked for
---@field percent number?
---@field next_poll_in number? seconds

---@class azure.WaitOptions
---@field timeout number? seconds
---@field on_progress (fun(status: azure.OpStatus))? told of each change
---@field shield boolean? wait in a cancelled task too: for what it must do before it ends

--- Waits for the end. On the main thread that runs the loop; in a task only the
--- task stands still. A timeout ends the waiting, not the operation.
---@param opts number|azure.WaitOptions|nil a number is the timeout
---@return any ... the results, or nil
---@return azure.Error? err
function Op:wait(opts) end

--- Whether it has ended.
---@return boolean done
function Op:done() end

--- How it stands.
---@return azure.OpStatus status
function Op:status() end

--- Stops it, or our part of it: what Azure has begun goes on there. A task is
--- told to end: the wait in which it stands, or its next one, returns nil and an
--- error of kind "cancelled", and what it waited for is cancelled too.
---@param for_good boolean? of a task: so do all of its later waits; one that takes no notice of it is ended
---@return azure.Op op itself
function Op:cancel(for_good) end

--- Stops it as `cancel` does; it may be called again. Leaving the scope of `local op <close>` does the same.
function Op:close() end

--- A text with which `client:resume` takes it up again, in any process. It has no
--- credentials, but the signed URL of the operation: treat it as confidential.
--- From before the service answered, or of a POST whose result was there at once, it gives an error: NotResumable.
---@return string? token
---@return azure.Error? err code "NotResumable": only long-running operations have one
function Op:resume_token() end

--- Sets what `wait` makes of the results: it returns what `fn(result)` or `fn(nil, err)` gives. Once per operation.
---@param fn function
---@return azure.Op op itself
function Op:map(fn) end

--- A way to sign in, as the functions of `azure.identity` make them. Its
--- `tostring` is its name, never a secret. Closing forgets cached tokens.
---@class azure.Credential
local Credential = {}
Credential.__name = "azure.credential"

---@class azure.Token
---@field token string
---@field expires_on integer seconds since 1970

---@class azure.TokenOptions
---@field tenant_id string? another tenant than the credential's own
---@field claims string? a decoded claims challenge (JSON)
---@field timeout number? seconds

--- A token, out of the cache while it is good for long enough.
---@param scope string "https://management.azure.com/.default"
---@param opts azure.TokenOptions?
---@return azure.Token? token
---@return azure.Error? err
function Credential:token(scope, opts) end

--- The same as an operation.
---@param scope string
---@param opts azure.TokenOptions?
---@return azure.Op op
function Credential:token_op(scope, opts) end

--- Forgets the tokens and ends what is under way.
function Credential:close() end

--- Header fields of an answer by name; the case of names does not matter. A
--- field that came several times is joined by ", ".
---@class azure.Headers
local Headers = {}
Headers.__name = "azure.headers"

---@class azure.Response
---@field status integer
---@field headers azure.Headers|table<string, string>
---@field body string
---@field http_version string "1.0", "1.1" or "2"
---@field request_id string? of ARM's answers
---@field correlation_id string?
---@field client_request_id string?
---@field attempts integer?

--- Plain HTTP: no token, no retries, any server.
---@class azure.Http
local Http = {}
Http.__name = "azure.http"

---@class azure.HttpOptions
---@field ca_file string? PEM bundle
---@field ca_path string? folder of hashed certificates
---@field proxy string?
---@field no_proxy string?
---@field max_connections integer? default 32
---@field max_response_bytes integer?
---@field connect_timeout number? seconds
---@field http1_only boolean?

--- Begins a request.
---@param request { method: string?, url: string, headers: table?, body: string?, timeout: number? } default 100 seconds
---@return azure.Op op gives an azure.Response
function Http:send(request) end

--- How many connection handles there are, and how many are at work.
---@return integer handles
---@return integer running
function Http:handles() end

--- Ends everything under way.
function Http:close() end

--- The ARM client under `azure.client`: tokens, retries, pacing, polling.
---@class azure.core.Client
local CoreClient = {}
CoreClient.__name = "azure.core.client"

---@class azure.core.Call
---@field method string
---@field url string absolute
---@field headers table?
---@field body string?
---@field timeout number? seconds with all retries
---@field max_retries integer?
---@field safe_to_repeat boolean? a POST that may be retried
---@field any_status boolean? answers of 400 and more are results too
---@field any_redirect boolean? so are a 304 and redirects that are not followed
---@field anonymous boolean? without a token
---@field gives string? instead of a response: "document" or "page", see azure.answer
---@field once boolean? what it gives is asked for once, and freed then

--- Begins a call.
---@param request azure.core.Call
---@return azure.Op op gives an azure.Response, or what `gives` says
function CoreClient:send(request) end

--- Sends a GET and gives its document; see azure.answer.
---@param url string absolute
---@param gives "document"|"page"|nil default "document"
---@return azure.Op op
function CoreClient:get(url, gives) end

--- Begins an operation and gives its document; see azure.answer.
---@param method string
---@param url string absolute
---@param body string?
---@return azure.Op op
function CoreClient:write(method, url, body) end

--- Begins a long-running operation; further fields: final_state_via, lro_timeout.
---@param request azure.core.Call
---@return azure.Op op gives the last azure.Response, or an empty table
function CoreClient:begin(request) end

--- Takes up an operation again.
---@param token string
---@param opts { timeout: number? }?
---@return azure.Op? op
---@return azure.Error? err
function CoreClient:resume(token, opts) end

--- Hands what was logged so far to `on_log`, which otherwise gets it in the next step.
function CoreClient:flush_log() end

--- Ends everything under way.
function CoreClient:close() end

--- A terminal in raw mode, for as long as this is open: keys come one by one and unseen.
---@class azure.Terminal
local Terminal = {}
Terminal.__name = "azure.terminal"

--- What Ctrl-Z does elsewhere: stops this process group until `fg`.
---@param foreground azure.Foreground? given back for so long
function Terminal:suspend(foreground) end

--- Puts the terminal back as it was.
function Terminal:close() end

--- The foreground of a terminal, taken for a process group of our own: Ctrl-C reaches nobody else while this is open.
---@class azure.Foreground
local Foreground = {}
Foreground.__name = "azure.foreground"

--- Gives it back.
function Foreground:close() end

--- The loop of this Lua state, made at first use.
---@return azure.Loop loop
function core.loop() end

--- A pause.
---@param seconds number
---@return azure.Op op gives true
function core.sleep(seconds) end

--- A function as a task; it begins in the next turn of the loop.
---@param fn function
---@param ... any its arguments
---@return azure.Op op gives what the function returns, raises what it raises
function core.task(fn, ...) end

--- Who gets the errors of tasks that ended in one, and that nobody can wait for
--- any more. Without, they are reported on standard error.
---@param fn (fun(err: any, traceback: string))? absent: nobody
function core.on_lost(fn) end

--- Reads from a descriptor as soon as there is something. One read at a time.
---@param fd integer
---@param max integer? bytes; default 16384
---@return azure.Op op gives the bytes, nothing at the end of the input
function core.read_fd(fd, max) end

--- Plain HTTP.
---@param opts azure.HttpOptions?
---@return azure.Http? http
---@return azure.Error? err
function core.http(opts) end

--- The ARM client. Options: endpoint, scope, credential, user_agent, max_retries, retry_delay,
--- retry_max_delay, timeout, poll_interval, log_level, on_log, throttle, auto_register, subscription_id; http's.
---@param opts table
---@return azure.core.Client? client
---@return azure.Error? err
function core.client(opts) end

--- A credential of a kind: "client_secret", "managed_identity", ...; see azure.identity.
---@param kind string
---@param opts table
---@return azure.Credential? credential
---@return azure.Error? err
function core.credential(kind, opts) end

--- A random UUID.
---@return string
function core.uuid() end

--- Random bytes of the system's generator.
---@param count integer 1 to 4096
---@return string bytes
function core.random(count) end

--- The SHA-256 digest.
---@param data string
---@return string hex
function core.sha256(data) end

--- The HMAC with SHA-256.
---@param key string
---@param data string
---@return string hex
function core.hmac_sha256(key, data) end

--- base64url without padding.
---@param data string
---@return string
function core.base64url(data) end

--- The absolute URL of a reference (RFC 3986, 5), whose inner spaces become %20.
---@param base string
---@param reference string
---@return string? url nil when either is none
function core.resolve_url(base, reference) end

--- A URL fit for logs: the values of its query are taken out.
---@param url string
---@return string
function core.redact_url(url) end

--- Decodes JSON; see azure.json.
---@param text string
---@param null any stands for null
---@param array_mt table metatable of arrays
---@return any value
---@return string? reason
---@return integer? position
function core.json_decode(text, null, array_mt) end

--- What answers of the client are decoded with; see json_decode.
---@param null any
---@param array_mt table
function core.json_marks(null, array_mt) end

--- Encodes JSON; see azure.json.
---@param value any
---@param null any stands for null
---@param array_mt table metatable of arrays
---@param empty_array any `[]` wherever it stands; nil: there is no such value
---@return string? text
---@return string? reason
function core.json_encode(value, null, array_mt, empty_array) end

--- Percent-encodes everything but RFC 3986's unreserved characters.
---@param text string
---@return string
function core.escape(text) end

--- Reads the path of a request in one pass; see azure.url.
---@param path string
---@return string path fit for a URL, without a fragment
---@return string? kind provider and type in lower case
---@return string? provider
---@return boolean has_query
---@return boolean has_version
function core.scan_path(path) end

--- The URL of a path that needs no more than its endpoint and its api-version.
---@param endpoint string
---@param path any
---@param versions table<string, string>
---@return string? url nil: see azure.url
function core.plain_url(endpoint, path, versions) end

--- The width of the terminal that a file is.
---@param file file*
---@return integer? columns nil: it is none
function core.terminal_width(file) end

--- Puts a terminal into raw mode.
---@param file file*
---@return azure.Terminal? raw nil: it is no terminal
function core.terminal_raw(file) end

--- Takes the foreground of a terminal from the process group that has it and us, such as a make's.
---@param file file*
---@return azure.Foreground? foreground nil: it is no terminal, or ours alone already
function core.terminal_foreground(file) end

--- Columns that a text takes on a terminal: two for a wide character, none for one that combines with others.
---@param text string UTF-8
---@return integer columns
function core.text_columns(text) end

--- Remembers how Ctrl-C is handled now. The function that it gives puts that
--- back, which `lua` itself does only between its own lines.
---@return fun(): boolean rearm true: there was a Ctrl-C
function core.interrupts() end

--- For C modules on the same loop: see csrc/host_api.h.
---@return lightuserdata
function core.host_api() end

--- The same: the loop itself.
---@return lightuserdata
function core.loop_pointer() end

return core
