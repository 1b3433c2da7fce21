// Asks before a [data-confirm="Question?"] button or form is sent. Words of the two answers:
// data-confirm-yes, data-confirm-no. Without this script the server's own safeguards decide.
const ask = (words, yes, no) => new Promise((answer) => {
  const dialog = document.createElement("dialog");
  if (!dialog.showModal) { setTimeout(() => answer(confirm(words))); return; } // an older browser's own question, after the event it interrupts
  dialog.innerHTML = '<form method="dialog" class="dialog" data-many><p class="big"></p><div class="row row--end"><button class="btn btn--line" value="no"></button><button class="btn btn--main" value="yes"></button></div></form>';
  dialog.querySelector("p").textContent = words;
  const [noButton, yesButton] = dialog.querySelectorAll("button");
  noButton.textContent = no;
  yesButton.textContent = yes;
  dialog.setAttribute("aria-label", words);
  dialog.addEventListener("close", () => { dialog.remove(); answer(dialog.returnValue === "yes"); });
  document.body.append(dialog);
  dialog.showModal();
  noButton.focus();
});
document.addEventListener("submit", async (event) => {
  const { target: form, submitter } = event;
  const asker = submitter?.dataset.confirm ? submitter : form;
  if (!asker.dataset.confirm || form.dataset.agreed) return;
  event.preventDefault();
  event.stopImmediatePropagation();
  const page = document.documentElement.dataset;
  const agreed = await ask(asker.dataset.confirm, asker.dataset.confirmYes || page.yes, asker.dataset.confirmNo || page.no);
  if (!agreed) { submitter?.focus(); return; }
  form.dataset.agreed = "yes";
  form.requestSubmit(submitter);
  delete form.dataset.agreed;
}, true);
