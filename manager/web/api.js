// SPDX-License-Identifier: Apache-2.0
// Requests to the manager, and who we are there. Every change carries the session's token against forged requests.

const kTimeoutMs = 8000;
const kSlowMs = 60000; // orders are on the disk before they are answered, passwords take their time

/** What the server refused, in its words; `status` and `type` for whoever decides by them. */
export class ApiError extends Error {
  constructor(status, type, message) {
    super(message);
    this.status = status;
    this.type = type;
  }
}

const kNobody = { user: null, role: null, csrf: null, may_read: true, may_change: false, users: false };

export class Api {
  session = kNobody;
  #onSession;
  #onRefused;

  /** `onSession(session)` is called when it changed, `onRefused()` when something needs a login that there is not. */
  constructor({ onSession, onRefused }) {
    this.#onSession = onSession;
    this.#onRefused = onRefused;
  }

  /** The `data` of an answer; undefined where nothing came back. Errors: ApiError. */
  async get(path) {
    return this.#data(await this.#fetch(path, { cache: "no-store" }, kTimeoutMs));
  }

  async text(path) {
    const response = await this.#fetch(path, { cache: "no-store" }, kTimeoutMs);
    const text = await response.text();
    if (!response.ok) throw new ApiError(response.status, "", text.trim());
    return text;
  }

  async change(method, path, body) {
    const headers = { "Content-Type": "application/json" };
    if (this.session.csrf) headers["X-Piman-Csrf"] = this.session.csrf;
    return this.#data(await this.#fetch(path, { method, headers, body: body === undefined ? undefined : JSON.stringify(body) }, kSlowMs));
  }

  /** Asks who we are. A manager without sessions knows nobody. */
  async findSession() {
    try {
      this.#take(await this.get("api/v1/session"));
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      this.#take(kNobody);
    }
  }

  async login(credentials) {
    this.#take(await this.change("POST", "api/v1/session", credentials));
  }

  async logout() {
    this.#take(await this.change("DELETE", "api/v1/session"));
  }

  #take(session) {
    this.session = session;
    this.#onSession(session);
  }

  async #fetch(path, options, timeoutMs) {
    return fetch(path, { ...options, credentials: "same-origin", signal: AbortSignal.timeout(timeoutMs) });
  }

  async #data(response) {
    let answer = null;
    try {
      answer = await response.json();
    } catch {
      // An answer for people, of a proxy or of the server's own.
    }
    if (response.ok && answer?.status === "success") return answer.data;
    if (response.status === 401 && !response.url.endsWith("/session")) this.#onRefused();
    throw new ApiError(response.status, answer?.errorType ?? "", answer?.error ?? `the server answered ${response.status}`);
  }
}
