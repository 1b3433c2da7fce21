// A pressed button says that it is being sent and does not send twice. The form stays as it is; the
// button comes back after eight seconds, or when the reader returns to the page. Words: data-busy on
// the button or the form. Focus goes to an error summary, and a menu closes when one clicks elsewhere.
const BACK_AFTER_MS = 8000;
const idle = (button) => {
  if (!button?.dataset.label) return;
  button.innerHTML = button.dataset.label;
  delete button.dataset.label;
  button.classList.remove("is-busy");
  button.removeAttribute("aria-disabled");
};
const busy = (button, words) => {
  button.dataset.label = button.innerHTML;
  if (words) button.textContent = words;
  button.classList.add("is-busy");
  button.setAttribute("aria-disabled", "true");
  setTimeout(idle, BACK_AFTER_MS, button);
};
addEventListener("submit", (event) => { // on the window: other scripts have had their say by now
  const { target: form, submitter: button } = event;
  if (event.defaultPrevented || form.method === "get" || form.dataset.many !== undefined || !button) return;
  if (button.dataset.label) event.preventDefault();
  else busy(button, button.dataset.busy || form.dataset.busy || document.documentElement.dataset.busy);
});
addEventListener("pageshow", (event) => { if (event.persisted) document.querySelectorAll(".is-busy").forEach(idle); });
document.querySelector("[data-errors]")?.focus();
document.addEventListener("click", (event) => {
  document.querySelectorAll("[data-menu][open]").forEach((menu) => { if (!menu.contains(event.target)) menu.open = false; });
});
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  document.querySelectorAll("[data-menu][open]").forEach((menu) => { menu.open = false; menu.querySelector("summary").focus(); });
});
