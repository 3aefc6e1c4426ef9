---@meta azure.private_link.types
--- What the functions of `azure.private_link` give, for editors, `help` and the
-- pages of `make docs`. This file is never run.

--- A link, as SignalR (or one of its replicas) has it.
---@class azure.private_link.Link
---@field id string
---@field name string
---@field owner string "signalr", or the name of the replica
---@field target string? id of the upstream
---@field group string?
---@field message string the request message, with our reference
---@field status string "Pending", "Approved", "Rejected", "Disconnected" or "Timeout"
---@field provisioning_state string
---@field missing boolean? it is not there (any more)

--- A connection on the upstream, and what speaks for it.
---@class azure.private_link.Connection
---@field id string
---@field name string
---@field status string "Pending", "Approved", "Rejected" or "Disconnected"
---@field description string
---@field private_endpoint string? id of the endpoint at its other end
---@field evidence string what it was bound by: "reference", "name", "baseline" or "explicit"
---@field because string[] what speaks for it, in sentences
---@field approved_now boolean? by this run; of a report

--- What an error of kind "ambiguous" has in `candidates`.
---@class azure.private_link.Candidate
---@field id string
---@field name string
---@field status string
---@field description string
---@field groups string[]?
---@field private_endpoint string?
---@field evidence string? what would have been enough
---@field ["for"] string[] what speaks for it
---@field against string[] what speaks against it

---@class azure.private_link.Finding
---@field code string "SignalRNotFound", "PublicAccessEnabled", ...
---@field severity string "error", "warning" or "info"
---@field message string
---@field hint string? what to do
---@field target string? id

---@class azure.private_link.Warning
---@field code string
---@field message string
---@field hint string?

---@class azure.private_link.PlannedCall
---@field who string "creator", "approver" or "another team"
---@field method string
---@field path string
---@field body table?
---@field note string why

--- `tostring(plan)` is for people.
---@class azure.private_link.Plan
---@field ok boolean no finding is an error
---@field name string
---@field findings azure.private_link.Finding[]
---@field calls azure.private_link.PlannedCall[] what establish would call, in order; none: it is established
---@field signalr string?
---@field upstream string?
---@field group string?

---@class azure.private_link.RequestId
---@field method string
---@field path string
---@field request_id string
---@field correlation_id string?

--- `tostring(report)` is for people.
---@class azure.private_link.Report
---@field state string "established", or "awaiting-approval" after `approve = false`
---@field changed boolean whether this run changed anything
---@field signalr string
---@field upstream string
---@field link azure.private_link.Link
---@field links azure.private_link.Link[] also those of replicas
---@field connection azure.private_link.Connection? the first of `connections`
---@field connections azure.private_link.Connection[]
---@field reference string? what proves that a connection is ours
---@field evidence string? of the connection
---@field who string who approved, in words
---@field timings table<string, number> seconds from the beginning to the end of each step
---@field request_ids azure.private_link.RequestId[] of writes, for Microsoft's support
---@field warnings azure.private_link.Warning[]
---@field handoff azure.private_link.Handoff? after `approve = false`

--- Plain data without secrets, for the team that approves.
---@class azure.private_link.Handoff
---@field version integer 1
---@field kind string "azure-signalr.handoff"
---@field signalr string
---@field upstream string
---@field link string id
---@field name string
---@field group string
---@field connections string[] ids
---@field connection string? the first of them
---@field reference string?
---@field message string the request message
---@field match string what binds the connections

---@class azure.private_link.Approval
---@field state string "approved"
---@field changed boolean
---@field connections azure.private_link.Connection[]
---@field connection azure.private_link.Connection the first of them
---@field reference string?
---@field upstream string
---@field evidence string
---@field request_ids azure.private_link.RequestId[]
---@field warnings azure.private_link.Warning[]

---@class azure.private_link.Status
---@field signalr string
---@field name string
---@field sku string?
---@field provisioning_state string
---@field links azure.private_link.StatusLink[]

---@class azure.private_link.StatusLink
---@field id string
---@field name string
---@field owner string "signalr", or the name of the replica
---@field upstream string?
---@field group string?
---@field status string
---@field provisioning_state string
---@field message string
---@field functional boolean Approved and Succeeded
---@field connections azure.private_link.StatusConnection[] of its group, on the upstream
---@field error string? why these could not be read

---@class azure.private_link.StatusConnection
---@field id string
---@field name string
---@field status string
---@field owner string "ours", "maybe" or "other"
---@field private_endpoint string?
---@field description string
---@field because string[] what speaks for it

--- `tostring(verification)` is for people.
---@class azure.private_link.Verification
---@field ok boolean
---@field name string
---@field verdict string? "private", "public" or "not yet seen"; nil without `probe`
---@field checks azure.private_link.Check[]
---@field link azure.private_link.Link?
---@field connection table?
---@field connections table[] all that are approved
---@field doors azure.private_link.Doors
---@field probe azure.private_link.Proof?
---@field warnings azure.private_link.Warning[]

---@class azure.private_link.Check
---@field name string "link", "connection", "replica ..."
---@field ok boolean
---@field message string

--- What else may come in.
---@class azure.private_link.Doors
---@field public_network_access string? "Enabled", "Disabled" or "not set"
---@field restrictions { name: string?, action: string?, address: string?, priority: integer? }[]?
---@field error string? why it could not be read

---@class azure.private_link.Proof
---@field verdict string "private", "public" or "not yet seen"
---@field evidence table[] the calls that say so: at, ip, private, range, hub, event, signature
---@field ignored integer calls that prove nothing

--- `tostring(report)` is for people.
---@class azure.private_link.Removal
---@field name string
---@field link string id
---@field changed boolean false: it was not there
---@field confirmed boolean nothing of the link is left to be seen
---@field orphans azure.private_link.Orphan[] what it left on the upstream, and is or may be the link's
---@field others azure.private_link.Orphan[] what has its name and another reference
---@field timings table<string, number>
---@field request_ids azure.private_link.RequestId[]

---@class azure.private_link.Orphan
---@field id string
---@field name string
---@field status string
---@field why string
