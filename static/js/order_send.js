// Sends a [data-order-form] and stands by it: when the network fails or the server is busy, the same order
// with the same key is sent again after a pause, and the page says so. A refusal that brings a notice is shown
// here; any other is drawn by the browser itself: the form is then sent once more in the plain way, which is
// safe, for a refusal kept no key.
// The page for busy moments (core/busy.py) holds such a form too; data-order-waits says after how many
// seconds it is sent by itself.
const TIMEOUT_MS = 15000;
const PAUSES_S = [2, 4, 8, 15];
const form = document.querySelector("[data-order-form]");
const box = form?.querySelector("[data-order-says]");
const button = form?.querySelector(".action-bar button:not([data-order-again])");
let isSending = false;
let failures = 0;
let timer;
let ticking;

const say = (words) => {
  box.querySelector("[data-order-words]").textContent = words;
  box.hidden = false;
};
const busy = (isBusy) => {
  if (button.dataset.plain === undefined) button.dataset.plain = button.textContent;
  button.textContent = isBusy ? form.dataset.wordsSending : button.dataset.plain;
  button.classList.toggle("is-busy", isBusy);
  button.setAttribute("aria-disabled", String(isBusy));
};
const wait = (words, seconds) => {
  clearTimeout(timer);
  clearInterval(ticking);
  let left = seconds;
  say(words.replace("%s", left));
  ticking = setInterval(() => { left = Math.max(1, left - 1); say(words.replace("%s", left)); }, 1000);
  timer = setTimeout(send, seconds * 1000);
};
const pause = () => {
  const seconds = PAUSES_S[Math.min(failures, PAUSES_S.length - 1)];
  failures += 1;
  return seconds + Math.floor(Math.random() * 2);
};
// True when the answer brought its own notice: nothing else of the page changes then but the numbers asked for.
const showRefusal = async (answer) => {
  if (!form.querySelector("[data-line]") || !answer.headers.get("Content-Type")?.startsWith("application/json")) return false;
  const { notice, quantities } = await answer.json();
  if (!notice) return false;
  document.querySelectorAll("[data-errors]").forEach((old) => old.remove());
  form.insertAdjacentHTML("beforebegin", notice);
  for (const [offer, quantity] of Object.entries(quantities)) {
    const input = form.elements[`quantity_${offer}`];
    if (!quantity) {
      input.dataset.max = 0;
      input.closest("[data-line]").querySelector("[data-left]")?.remove(); // what it said is no longer so
    }
    input.value = quantity;
    input.dispatchEvent(new Event("input", { bubbles: true }));
  }
  if (!Object.values(quantities).some(Number)) form.querySelector("details")?.setAttribute("open", ""); // the other goods
  box.hidden = true;
  failures = 0;
  busy(false);
  document.querySelector("[data-errors]").focus();
  return true;
};
// Noted before leaving: when the order's page cannot be opened, js/order_kept.js leads to it
const arrived = ({ page, code }) => {
  try { localStorage.setItem("order:sent", JSON.stringify({ page, code, at: Date.now() })); } catch { /* nothing can be kept here */ }
  if (form.dataset.wordsArrived && code) say(form.dataset.wordsArrived.replace("%s", code));
  location.assign(page);
};
const send = async () => {
  clearTimeout(timer);
  clearInterval(ticking);
  if (isSending) return;
  isSending = true;
  busy(true);
  let going;
  try {
    going = fetch(form.action, {
      method: "POST",
      headers: { Accept: "application/json" },
      body: new URLSearchParams(new FormData(form)),
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
  } catch { form.submit(); return; } // not the network: this browser lacks something, and the plain way needs nothing
  try {
    const answer = await going;
    if (answer.status === 201) { arrived(await answer.json()); return; }
    if (answer.redirected && answer.ok) { location.assign(answer.url); return; }
    if (answer.headers.has("Retry-After")) {
      const isAway = answer.headers.get("X-Busy") === "database_away";
      wait((isAway && form.dataset.wordsAway) || form.dataset.wordsBusy, Math.max(Number(answer.headers.get("Retry-After")) || 1, pause()));
    } else if (answer.status >= 500) {
      wait(form.dataset.wordsLost, pause());
    } else if (!await showRefusal(answer)) {
      form.submit();
      return;
    }
  } catch {
    const seconds = pause();
    if (navigator.onLine) wait(form.dataset.wordsLost, seconds);
    else { say(form.dataset.wordsOffline); timer = setTimeout(send, 30000); }
  }
  isSending = false;
};
if (button) {
  form.addEventListener("submit", (event) => {
    if (event.submitter && event.submitter !== button) return; // another button of the form asks something else
    event.preventDefault();
    send();
  });
  form.querySelector("[data-order-again]").addEventListener("click", send);
  addEventListener("online", () => { if (!box.hidden) send(); });
  addEventListener("pageshow", (event) => { if (event.persisted) { isSending = false; box.hidden = true; busy(false); } });
  if (form.dataset.orderWaits) {
    form.querySelector("[data-order-by-hand]").hidden = true;
    wait(form.dataset.wordsBusy, Number(form.dataset.orderWaits));
  }
}
