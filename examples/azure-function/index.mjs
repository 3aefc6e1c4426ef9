// The probe as an Azure Function (programming model v4). Deploy the folder with
// `func azure functionapp publish <app>`, set AzureSignalRConnectionString (the
// primary and, on a line of its own, the secondary one), and point SignalR's
// upstream template at https://<app>.azurewebsites.net/api/probe?code=<key>.
// What it saw is in memory: keep one instance while you verify.
import { app } from "@azure/functions";
import { createProbe, keysOf } from "./probe.mjs";

const handle = createProbe({ keys: keysOf(process.env.AzureSignalRConnectionString) });

app.http("probe", {
  route: "probe",
  methods: ["GET", "POST"],
  authLevel: "function",
  handler: async (request) => {
    const answer = handle(request.method, (name) => request.headers.get(name) ?? undefined);
    return answer.body ? { status: answer.status, jsonBody: answer.body } : { status: answer.status };
  },
});
