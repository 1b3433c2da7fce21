// An order that arrived whose page could not be opened any more: js/order_send.js noted its address on this device
// before leaving, the order's own page (js/order_state.js) forgets it, and [data-order-kept] leads there meanwhile.
const DAY_MS = 24 * 3600 * 1000;
const box = document.querySelector("[data-order-kept]");
try {
  const kept = JSON.parse(localStorage.getItem("order:sent"));
  if (kept && Date.now() - kept.at < DAY_MS) {
    box.querySelector("b").textContent = kept.code;
    box.querySelector("a").href = kept.page;
    box.hidden = false;
  }
} catch { /* nothing can be kept here */ }
