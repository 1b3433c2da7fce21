// Asks [data-order-state=URL] now and then while the order's page is looked at; when its version is no longer
// data-version, the page is loaded anew. Without this script one reloads by hand.
const PERIOD_MS = 15000;
const mark = document.querySelector("[data-order-state]");
const look = async () => {
  if (document.hidden) return;
  try {
    const answer = await fetch(mark.dataset.orderState, { headers: { Accept: "application/json" }, signal: AbortSignal.timeout(10000) });
    if (answer.ok && (await answer.json()).version !== mark.dataset.version && !document.querySelector("dialog[open]")) location.reload();
  } catch { /* no network now: the next round asks again */ }
};
if (mark) {
  setInterval(look, PERIOD_MS + Math.random() * 5000);
  document.addEventListener("visibilitychange", look);
  document.addEventListener("countdown:over", () => setTimeout(look, 20000));
}
