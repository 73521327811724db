// SPDX-License-Identifier: Apache-2.0
// Keeps asking the server for the fleet. An unchanged fleet costs an empty 304; a server that does not answer is asked
// less and less often; a page that nobody sees does not ask at all.

const kIntervalMs = 3000;
const kTimeoutMs = 6000;
const kLongestPauseMs = 15000;
const kHistoryPoints = 60;

/**
 * Handlers: fleet(data, hasHistory) for new data, alive() for every good answer, lost({attempts, retryAt, reason}) for
 * every bad one.
 */
export class FleetClient {
  #handlers;
  #etag = null;
  #failures = 0;
  #timer = 0;
  #asking = false;
  #wantsHistory = true;
  #started = null;

  constructor(handlers) {
    this.#handlers = handlers;
    document.addEventListener("visibilitychange", () => {
      if (!document.hidden) this.ask();
    });
    window.addEventListener("online", () => this.ask());
  }

  /** The next answer shall hold the charts' points again: the page has missed some. */
  wantHistory() {
    this.#wantsHistory = true;
    this.#etag = null;
  }

  async ask() {
    if (this.#asking) return;
    clearTimeout(this.#timer);
    this.#asking = true;
    try {
      await this.#askOnce();
      this.#failures = 0;
      this.#handlers.alive();
    } catch (error) {
      this.#failures += 1;
      this.#etag = null;
      this.#wantsHistory = true;
      this.#handlers.lost({ attempts: this.#failures, retryAt: Date.now() + this.#pauseMs(), reason: error.message });
    } finally {
      this.#asking = false;
    }
    if (!document.hidden) this.#timer = setTimeout(() => this.ask(), this.#pauseMs());
  }

  async #askOnce() {
    const hasHistory = this.#wantsHistory;
    const headers = this.#etag ? { "If-None-Match": this.#etag } : {};
    const response = await fetch(hasHistory ? `api/v1/nodes?history=${kHistoryPoints}` : "api/v1/nodes", {
      headers,
      cache: "no-store",
      signal: AbortSignal.timeout(kTimeoutMs),
    });
    if (response.status === 304) return;
    if (!response.ok) throw new Error(`the server answered ${response.status}`);
    const { data } = await response.json();
    this.#wantsHistory = false;
    // Another URL has another ETag: an answer with history does not vouch for the one without.
    this.#etag = hasHistory ? null : response.headers.get("ETag");
    if (this.#started !== null && this.#started !== data.started && !hasHistory) this.wantHistory();
    this.#started = data.started;
    this.#handlers.fleet(data, hasHistory);
  }

  #pauseMs() {
    return this.#failures === 0 ? kIntervalMs : Math.min(kLongestPauseMs, 1000 * 2 ** this.#failures);
  }
}
