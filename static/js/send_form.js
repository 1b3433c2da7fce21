// Sends each form that has a number of its own (idempotency_key) and stays with it: a network that is gone leaves
// one on this page, which says so and sends the same again, and never on the browser's own error page. A form
// that was taken is answered with the next page's address (header X-Tell-Where, core/middleware.py). After any
// other answer the browser sends the form again without script and shows what comes; this is safe, for a
// refused form has not used up its number.
// Words: data-held, data-weak, data-now of <html>.
const TIMEOUT_MS = 20000;
const FILES_TIMEOUT_MS = 90000;
const PAUSES_S = [3, 5, 10, 20];
const words = document.documentElement.dataset;
const sending = new Set();
const waiting = new Map(); // what is to be done for a form when the network is back

const isOurs = (form) => form.getAttribute("method") === "post" && form.elements.idempotency_key && !form.target;
const addressOf = (form, button) => new URL((button && button.getAttribute("formaction")) || form.getAttribute("action") || "", location);
const contentOf = (form, button) => {
  const content = new FormData(form);
  if (button && button.name) content.append(button.name, button.value);
  return form.enctype === "multipart/form-data" ? content : new URLSearchParams(content);
};
const noticeOf = (form) => {
  const known = form.querySelector("[data-held-says]");
  if (known) return known;
  const made = document.createElement("div");
  made.className = "notice notice--wait held";
  made.dataset.heldSays = "";
  made.setAttribute("role", "status");
  const text = document.createElement("p");
  const now = document.createElement("button");
  now.type = "button";
  now.className = "btn btn--line btn--small";
  now.textContent = words.now;
  now.addEventListener("click", () => { const go = waiting.get(form); if (go) go(); });
  made.append(text, now);
  (form.querySelector(".action-bar") || form).prepend(made);
  return made;
};
const say = (form, text) => {
  const notice = noticeOf(form);
  notice.hidden = !text;
  notice.querySelector("p").textContent = text;
  if (text) notice.scrollIntoView({ block: "nearest" });
};
const plainly = (form, button) => {
  const field = Object.assign(document.createElement("input"), { type: "hidden", name: (button && button.name) || "", value: (button && button.value) || "" });
  form.setAttribute("action", addressOf(form, button));
  if (field.name) form.append(field);
  HTMLFormElement.prototype.submit.call(form);
  field.remove();
};
const leave = (page) => {
  const next = new URL(page, location);
  const isHere = next.pathname + next.search === location.pathname + location.search;
  location.assign(next);
  if (isHere && next.hash) location.reload(); // another place on the page alone loads nothing
};
const later = (form, again, failures) => {
  const seconds = PAUSES_S[Math.min(failures, PAUSES_S.length - 1)];
  say(form, navigator.onLine ? words.weak.replace("%s", seconds) : words.held);
  const timer = setTimeout(() => waiting.get(form)(), seconds * 1000);
  waiting.set(form, () => { clearTimeout(timer); waiting.delete(form); again(failures + 1); });
};
const send = async (form, button, body, failures = 0) => {
  if (sending.has(form)) return;
  sending.add(form);
  const again = (count) => send(form, button, body, count);
  let going;
  try {
    const signal = AbortSignal.timeout(body instanceof FormData ? FILES_TIMEOUT_MS : TIMEOUT_MS);
    going = fetch(addressOf(form, button), { method: "POST", body, headers: { "X-Tell-Where": "yes", Accept: "text/html" }, signal });
  } catch { plainly(form, button); return; } // this browser lacks something; the plain way needs nothing
  try {
    const answer = await going;
    if (answer.headers.has("Retry-After")) later(form, again, failures);
    else if (answer.ok && answer.headers.has("X-Tells-Where")) { leave((await answer.json()).page); return; }
    else { plainly(form, button); return; }
  } catch { later(form, again, failures); }
  sending.delete(form);
};
addEventListener("submit", (event) => { // on the window: other scripts have had their say by now
  const { target: form, submitter: button } = event;
  if (event.defaultPrevented || !isOurs(form)) return;
  event.preventDefault();
  const go = waiting.get(form);
  if (go) go(); else send(form, button, contentOf(form, button));
});
addEventListener("online", () => [...waiting.values()].forEach((go) => go()));
addEventListener("beforeunload", (event) => { if (waiting.size) { event.preventDefault(); event.returnValue = ""; } });
addEventListener("pageshow", (event) => { if (event.persisted) { sending.clear(); document.querySelectorAll("[data-held-says]").forEach((notice) => notice.remove()); } });
