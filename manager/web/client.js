// SPDX-License-Identifier: Apache-2.0
// Keeps the page's fleet fresh: by the server's live stream, and where that can't be had (too many browsers, a proxy that
// holds it back) by asking again and again. A server that does not answer is asked less and less often; a page that nobody
// sees does neither.

const kIntervalMs = 3000;
const kTimeoutMs = 8000;
const kLongestPauseMs = 15000;
const kSilenceMs = 20000; // the stream says something every five seconds at least
const kStreamPauseMs = 30000; // before a stream that was refused is tried again

/** Handlers: all(data), change(data), alive(), lost({attempts, retryAt, reason}), mode("stream" | "poll"). */
export class FleetClient {
  #handlers;
  #stream = null;
  #lastId = null;
  #noStreamBefore = 0;
  #heard = 0;
  #etag = null;
  #failures = 0;
  #timer = 0;
  #asking = false;
  #stopped = false;

  constructor(handlers) {
    this.#handlers = handlers;
    document.addEventListener("visibilitychange", () => {
      if (document.hidden) this.#close();
      else this.ask();
    });
    window.addEventListener("online", () => this.ask());
    setInterval(() => this.#checkSilence(), 5000);
  }

  /** Nothing is asked until the next ask(): a login is needed. */
  stop() {
    this.#stopped = true;
    clearTimeout(this.#timer);
    this.#close();
  }

  /** Begins, or begins at once what would begin later. */
  ask() {
    this.#stopped = false;
    if (this.#stream) return;
    if (Date.now() >= this.#noStreamBefore) this.#open();
    else this.#poll();
  }

  #open() {
    clearTimeout(this.#timer);
    const stream = new EventSource(this.#lastId ? `api/v1/live?since=${encodeURIComponent(this.#lastId)}` : "api/v1/live");
    this.#stream = stream;
    let hasOpened = false;
    this.#heard = Date.now();
    const take = (handler) => (event) => {
      if (this.#stream !== stream) return;
      this.#heard = Date.now();
      if (event.lastEventId) this.#lastId = event.lastEventId;
      handler(JSON.parse(event.data));
      this.#good("stream");
    };
    stream.addEventListener("open", () => {
      hasOpened = true;
    });
    stream.addEventListener("fleet", take((data) => this.#handlers.all(data)));
    stream.addEventListener("change", take((data) => this.#handlers.change(data)));
    stream.addEventListener("error", () => {
      if (this.#stream !== stream) return;
      this.#close();
      // A refused stream stays refused for a while; one that broke is tried again as soon as the server answers.
      this.#noStreamBefore = Date.now() + (hasOpened ? 1000 : kStreamPauseMs);
      if (!document.hidden) this.#poll();
    });
  }

  #close() {
    this.#stream?.close();
    this.#stream = null;
  }

  #checkSilence() {
    if (!this.#stream || document.hidden || Date.now() - this.#heard < kSilenceMs) return;
    this.#close();
    this.#noStreamBefore = Date.now() + kStreamPauseMs;
    this.#poll();
  }

  async #poll() {
    if (this.#asking || this.#stopped) return;
    clearTimeout(this.#timer);
    this.#asking = true;
    try {
      await this.#askOnce();
      if (this.#failures > 0) this.#noStreamBefore = 0; // it is back
      this.#good("poll");
    } catch (error) {
      this.#failures += 1;
      this.#etag = null;
      this.#handlers.lost({ attempts: this.#failures, retryAt: Date.now() + this.#pauseMs(), reason: error.message });
    } finally {
      this.#asking = false;
    }
    if (document.hidden || this.#stopped) return;
    this.#timer = setTimeout(() => (this.#failures > 0 ? this.#poll() : this.ask()), this.#pauseMs());
  }

  async #askOnce() {
    const headers = this.#etag ? { "If-None-Match": this.#etag } : {};
    const response = await fetch("api/v1/nodes", { headers, cache: "no-store", signal: AbortSignal.timeout(kTimeoutMs) });
    if (response.status === 304) return;
    if (!response.ok) throw new Error(`the server answered ${response.status}`);
    const { data } = await response.json();
    this.#etag = response.headers.get("ETag");
    this.#handlers.all(data);
  }

  #good(mode) {
    this.#failures = 0;
    this.#handlers.alive(mode);
  }

  #pauseMs() {
    if (this.#failures > 0) return Math.min(kLongestPauseMs, 1000 * 2 ** this.#failures);
    return Math.max(200, Math.min(kIntervalMs, this.#noStreamBefore - Date.now()));
  }
}
