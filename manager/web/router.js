// SPDX-License-Identifier: Apache-2.0
// Which view is shown: it stands in the address behind the #, so that it can be kept and sent to somebody. Pure.

export const kViews = [
  { id: "fleet", title: "Fleet" },
  { id: "netboot", title: "Netboot" },
  { id: "alerts", title: "Alerts" },
  { id: "events", title: "Events" },
  { id: "targets", title: "Targets" },
  { id: "about", title: "About" },
];

const kDefaultRoute = { view: "fleet", name: null };

/** "#/node/pi7" -> {view: "node", name: "pi7"}; what is no route is the fleet. */
export function routeOf(hash) {
  const [, view, ...rest] = hash.replace(/^#/, "").split("/");
  if (view === "node" && rest.length > 0 && rest[0] !== "") return { view, name: decoded(rest.join("/")) };
  return kViews.some((each) => each.id === view) ? { view, name: null } : kDefaultRoute;
}

export function hashOf(view, name = null) {
  return name === null ? `#/${view}` : `#/${view}/${encodeURIComponent(name)}`;
}

function decoded(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
