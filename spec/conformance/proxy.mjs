// A recording proxy: one listening port per scenario, so that scenarios can
// run side by side and every request has exactly one owner.
import http from "node:http";

const MAX_HEADERS = 128 * 1024;
const HOP_BY_HOP = new Set(["connection", "keep-alive", "transfer-encoding",
  "content-length", "proxy-connection"]);

const readAll = (stream) => new Promise((resolve, reject) => {
  const parts = [];
  stream.on("data", (part) => parts.push(part));
  stream.on("end", () => resolve(Buffer.concat(parts)));
  stream.on("error", reject);
});

// AutoRest's server counts tries in cookies; an ARM client has no cookie jar.
class CookieJar {
  #cookies = new Map();

  store(lines) {
    for (const line of lines ?? []) {
      const [pair] = line.split(";");
      const at = pair.indexOf("=");
      const name = pair.slice(0, at);
      const gone = /expires=Thu, 01 Jan 1970/i.test(line);
      if (gone) this.#cookies.delete(name);
      else this.#cookies.set(name, pair.slice(at + 1));
    }
  }

  header() {
    return [...this.#cookies].map(([name, value]) => `${name}=${value}`).join("; ");
  }
}

function replyHeaders(reply, rewrite, dropCookies) {
  const list = [];
  for (let i = 0; i < reply.rawHeaders.length; i += 2) {
    const name = reply.rawHeaders[i];
    const lower = name.toLowerCase();
    if (HOP_BY_HOP.has(lower) || (dropCookies && lower === "set-cookie")) continue;
    list.push(name, rewrite(reply.rawHeaders[i + 1]));
  }
  return list;
}

export class Lane {
  constructor(upstream, { cookies = false } = {}) {
    this.upstream = upstream;
    this.jar = cookies ? new CookieJar() : null;
    this.records = [];
    this.agent = new http.Agent({ keepAlive: true });
  }

  async open() {
    const options = { maxHeaderSize: MAX_HEADERS, keepAliveTimeout: 60000 };
    this.server = http.createServer(options, (q, s) => this.#serve(q, s));
    await new Promise((done) => this.server.listen(0, "127.0.0.1", done));
    const { port } = this.server.address();
    this.url = `http://localhost:${port}`;
    const theirs = new RegExp(
      `http://(?:localhost|127\\.0\\.0\\.1):${this.upstream}(?!\\d)`, "g");
    this.rewrite = (text) => text.replace(theirs, this.url);
    return this;
  }

  close() {
    this.agent.destroy();
    this.server.closeAllConnections();
    this.server.close();
  }

  async #serve(request, answer) {
    const record = { at: Date.now(), method: request.method, target: request.url,
      headers: request.headers };
    this.records.push(record);
    const body = await readAll(request);
    record.bytes = body;
    record.body = body.toString();
    try {
      await this.#forward(request, body, record, answer);
    } catch (error) {
      record.status = 502;
      answer.writeHead(502).end(String(error));
    }
  }

  #ask(request, body) {
    const headers = { ...request.headers };
    const cookies = this.jar?.header();
    if (cookies) headers.cookie = cookies;
    return new Promise((resolve, reject) => {
      http.request({ host: "127.0.0.1", port: this.upstream, agent: this.agent,
        method: request.method, path: request.url, headers,
        maxHeaderSize: MAX_HEADERS }, resolve).on("error", reject).end(body);
    });
  }

  async #forward(request, body, record, answer) {
    const reply = await this.#ask(request, body);
    this.jar?.store(reply.headers["set-cookie"]);
    let bytes = await readAll(reply);
    const isText = /json|xml|text/.test(reply.headers["content-type"] ?? "");
    if (isText && !reply.headers["content-encoding"]) {
      bytes = Buffer.from(this.rewrite(bytes.toString()));
    }
    const raw = replyHeaders(reply, this.rewrite, this.jar !== null);
    const empty = request.method === "HEAD" || [204, 304].includes(reply.statusCode);
    if (!empty) raw.push("Content-Length", String(bytes.length));
    record.status = reply.statusCode;
    record.replyHeaders = Object.fromEntries(Object.entries(reply.headers)
      .map(([name, value]) => [name, this.rewrite(String(value))]));
    record.replySize = bytes.length;
    record.replyBody = empty ? "" : bytes.toString();
    record.answeredAt = Date.now();
    answer.writeHead(reply.statusCode, reply.statusMessage, raw);
    answer.end(empty ? undefined : bytes);
  }
}
