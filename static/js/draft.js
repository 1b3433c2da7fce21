// Keeps what is typed in a form[data-draft=KEY] on this device, restores it after a closed page and says
// when it was kept, in the form's [data-draft-says] (words: data-kept, data-restored with %s for the clock).
// The server clears it: a page with [data-draft-done=KEY] appears only after the form was accepted.
const WEEK_MS = 7 * 24 * 3600 * 1000;
const PRIVATE = "[type=file],[type=password],[type=hidden],[autocomplete=one-time-code],[data-draft-skip]";
const store = (key) => `draft:${key}`;
const clockOf = (at) => new Date(at).toLocaleTimeString("vi-VN", { hour: "2-digit", minute: "2-digit" });
const fieldsOf = (form) => [...form.elements].filter((field) => field.name && !field.matches(PRIVATE));
const isTicked = (field) => field.type === "checkbox" || field.type === "radio";
const drawnOf = (field) => isTicked(field) ? field.defaultChecked : field.options ? [...field.options].find((option) => option.defaultSelected)?.value : field.defaultValue;
const stateOf = (field) => isTicked(field) ? field.checked : field.value;
// What was not touched is not brought back over newer words; a page with errors draws what was typed before
const isTouched = (field) => drawnOf(field) !== stateOf(field) || field.dataset.touched === "1" || field.form.querySelector("[aria-invalid=true]");
const valuesOf = (form) => fieldsOf(form).filter(isTouched).map((field) => [field.name, isTicked(field) ? field.value : null, stateOf(field)]);
const marksOf = (form) => { try { return JSON.parse(form.elements.as_shown.value); } catch { return {}; } };
// The marks of what is brought back are those of the page it was typed on, so the server sees what is newer (core/row_forms.py)
const bringMarks = (form, names, marks) => {
  const shown = form.elements.as_shown;
  if (!shown || !marks) return;
  const old = Object.entries(marks).filter(([name]) => names.some((typed) => typed === name || typed.startsWith(`${name}_`)));
  shown.value = JSON.stringify({ ...marksOf(form), ...Object.fromEntries(old) });
};
const say = (form, words, at) => {
  const box = form.querySelector("[data-draft-says]");
  if (!box) return;
  box.textContent = box.dataset[words].replace("%s", clockOf(at));
  box.hidden = false;
};
const keep = (form) => {
  try {
    localStorage.setItem(store(form.dataset.draft), JSON.stringify({ at: Date.now(), values: valuesOf(form), marks: marksOf(form) }));
    say(form, "kept", Date.now());
  } catch { /* storage full or forbidden: we do not claim to have kept anything */ }
};
const restore = (form) => {
  let kept = null;
  try { kept = JSON.parse(localStorage.getItem(store(form.dataset.draft))); } catch { return; }
  if (!kept || Date.now() - kept.at > WEEK_MS || form.querySelector("[aria-invalid=true]")) return;
  const changed = kept.values.filter(([name, option, value]) => fieldsOf(form).some((field) => {
    if (field.name !== name || (option !== null && field.value !== option)) return false;
    field.dataset.touched = "1";
    const differs = isTicked(field) ? field.checked !== value : field.value !== value;
    if (differs && isTicked(field)) field.checked = value;
    if (differs && !isTicked(field)) field.value = value;
    if (differs) field.dispatchEvent(new Event("change", { bubbles: true }));
    return differs;
  }));
  if (!changed.length) return;
  bringMarks(form, changed.map(([name]) => name), kept.marks);
  say(form, "restored", kept.at);
};
// `done:KEY` tells js/send_photos.js that the photos went with the form.
document.querySelectorAll("[data-draft-done]").forEach((mark) => {
  try { localStorage.removeItem(store(mark.dataset.draftDone)); localStorage.setItem(`done:${mark.dataset.draftDone}`, Date.now()); } catch { /* nothing was kept */ }
});
document.querySelectorAll("form[data-draft]").forEach((form) => {
  restore(form);
  let timer;
  form.addEventListener("input", () => { clearTimeout(timer); timer = setTimeout(keep, 400, form); });
  addEventListener("pagehide", () => { if (timer) keep(form); });
  // js/autosave.js: the server has it, so the copy goes
  form.addEventListener("draft:confirmed", () => { clearTimeout(timer); timer = 0; try { localStorage.removeItem(store(form.dataset.draft)); } catch { /* nothing was kept */ } });
});
