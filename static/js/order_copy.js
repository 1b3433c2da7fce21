// A [data-copy=TEXT] button puts TEXT on the clipboard and says so. Without this script it is not there.
document.querySelectorAll("[data-copy]").forEach((button) => {
  if (!navigator.clipboard) return;
  button.hidden = false;
  const words = button.querySelector("span");
  const plain = words.textContent;
  button.addEventListener("click", async () => {
    try { await navigator.clipboard.writeText(button.dataset.copy); } catch { return; }
    words.textContent = button.dataset.copyDone;
    setTimeout(() => { words.textContent = plain; }, 2500);
  });
});
