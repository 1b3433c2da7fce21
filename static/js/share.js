// A [data-share=ADDRESS] button passes the address on: the phone's own share sheet, or a copy of the link.
// Without this script the address stands beside it in plain letters.
document.querySelectorAll("[data-share]").forEach((button) => {
  if (!navigator.share && !navigator.clipboard) return;
  button.hidden = false;
  button.addEventListener("click", async () => {
    const { share: url, shareTitle: title, shareDone: done } = button.dataset;
    try {
      if (navigator.share) { await navigator.share({ title, url }); return; }
      await navigator.clipboard.writeText(url);
      button.querySelector("span").textContent = done;
    } catch { /* closed without sharing */ }
  });
});
