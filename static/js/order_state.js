// Asks [data-order-state=URL] now and then while the order's page is looked at; when its version is no longer
// data-version, the page is loaded anew. Without this script one reloads by hand. Hands the server's clock on
// to the countdown ("clock:told"), and asks at once when that is in doubt.
const PERIOD_MS = 15000;
const OVER_MS = [1000, 3000]; // after a countdown; spread, for many run out together
const mark = document.querySelector("[data-order-state]");
const look = async () => {
  if (document.hidden) return;
  try {
    const answer = await fetch(mark.dataset.orderState, { headers: { Accept: "application/json" }, signal: AbortSignal.timeout(10000) });
    if (!answer.ok) return;
    const state = await answer.json();
    document.dispatchEvent(new CustomEvent("clock:told", { detail: state.now }));
    if (state.version !== mark.dataset.version && !document.querySelector("dialog[open]")) location.reload();
  } catch { /* no network now: the next round asks again */ }
};
if (mark) {
  try { if ((JSON.parse(localStorage.getItem("order:sent")) || {}).page === location.pathname) localStorage.removeItem("order:sent"); } catch { /* nothing was kept */ }
  setInterval(look, PERIOD_MS + Math.random() * 5000);
  document.addEventListener("visibilitychange", look);
  document.addEventListener("clock:unsure", look);
  addEventListener("online", look);
  document.addEventListener("countdown:over", () => setTimeout(look, OVER_MS[0] + Math.random() * (OVER_MS[1] - OVER_MS[0])));
}
