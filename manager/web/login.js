// SPDX-License-Identifier: Apache-2.0
// Who is logged in, and the dialog that asks for it: by name and password, or by the server's token.

import { setText } from "./dom.js";

const byId = (id) => document.getElementById(id);

export class Login {
  #api;
  #dialog = byId("login");
  #form = this.#dialog.querySelector("form");
  #problem = byId("login-problem");
  #button = byId("session");
  #onLogin;

  constructor(api, onLogin) {
    this.#api = api;
    this.#onLogin = onLogin;
    this.#button.addEventListener("click", () => (this.#api.session.role ? this.#logout() : this.ask("")));
    byId("login-cancel").addEventListener("click", () => this.#dialog.close());
    this.#form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#send();
    });
  }

  /** Opens the dialog, unless it is open. `why` says what for. */
  ask(why) {
    setText(byId("login-why"), why);
    if (this.#dialog.open) return;
    setText(this.#problem, "");
    const hasUsers = this.#api.session.users;
    for (const field of this.#form.querySelectorAll(".login-user")) field.hidden = !hasUsers;
    byId("login-token-row").open = !hasUsers;
    this.#dialog.showModal();
    (hasUsers ? byId("login-name") : byId("login-token")).focus();
  }

  showSession(session) {
    this.#button.hidden = session.role === null && session.may_change;
    setText(this.#button, session.role ? `Log out ${session.user ?? session.role}` : "Log in");
  }

  async #send() {
    const submit = byId("login-submit");
    const token = byId("login-token").value.trim();
    const credentials = token ? { token } : { user: byId("login-name").value.trim(), password: byId("login-password").value };
    submit.disabled = true;
    setText(this.#problem, "");
    try {
      await this.#api.login(credentials);
      this.#form.reset();
      this.#dialog.close();
      this.#onLogin();
    } catch (error) {
      setText(this.#problem, error.message);
    }
    submit.disabled = false;
  }

  async #logout() {
    try {
      await this.#api.logout();
    } catch {
      await this.#api.findSession();
    }
    this.#onLogin();
  }
}
