// A pressed button says that it is being sent and does not send twice, nor does another of its form:
// a second tap must not take back the first. The form stays as it is, the button as wide as it was, so
// that no other moves under the finger; it comes back after eight seconds, or when the reader returns to
// the page. Words: data-busy on the button or the form. Focus goes to an error summary, and a menu closes
// when one clicks elsewhere.
// What the browser itself finds missing it says in our words, for its own may be in another language.
const BACK_AFTER_MS = 8000;
const idle = (button) => {
  if (!button?.dataset.label) return;
  button.innerHTML = button.dataset.label;
  button.style.minWidth = "";
  delete button.dataset.label;
  button.classList.remove("is-busy");
  button.removeAttribute("aria-disabled");
};
const busy = (button, words) => {
  button.dataset.label = button.innerHTML;
  button.style.minWidth = `${button.offsetWidth}px`;
  if (words) button.textContent = words;
  button.classList.add("is-busy");
  button.setAttribute("aria-disabled", "true");
  setTimeout(idle, BACK_AFTER_MS, button);
};
addEventListener("submit", (event) => { // on the window: other scripts have had their say by now
  const { target: form, submitter: button } = event;
  if (event.defaultPrevented || form.method === "get" || form.dataset.many !== undefined || !button) return;
  if ([...form.elements].some((one) => one.classList.contains("is-busy"))) event.preventDefault();
  else busy(button, button.dataset.busy || form.dataset.busy || document.documentElement.dataset.busy);
});
addEventListener("pageshow", (event) => { if (event.persisted) document.querySelectorAll(".is-busy").forEach(idle); });
const words = document.documentElement.dataset;
const isChosen = (field) => field.tagName === "SELECT" || ["radio", "checkbox", "file"].includes(field.type);
document.addEventListener("invalid", ({ target: field }) => {
  field.setCustomValidity(!field.validity.valueMissing ? words.wrong : isChosen(field) ? words.choose : words.fill);
}, true);
const asIfUntouched = (field) => field?.setCustomValidity?.("");
for (const kind of ["input", "change"]) document.addEventListener(kind, ({ target }) => [...target.form?.elements ?? []].forEach(asIfUntouched));
document.addEventListener("click", ({ target }) => [...target.closest("button")?.form?.elements ?? []].forEach(asIfUntouched), true);
document.querySelector("[data-errors]")?.focus();
document.addEventListener("click", (event) => {
  document.querySelectorAll("[data-menu][open]").forEach((menu) => { if (!menu.contains(event.target)) menu.open = false; });
});
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  document.querySelectorAll("[data-menu][open]").forEach((menu) => { menu.open = false; menu.querySelector("summary").focus(); });
});
